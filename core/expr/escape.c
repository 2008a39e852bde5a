/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/escape.h"

#include "expr/letters.h"

#include <ctype.h>
#include <string.h>

static const char simple[] = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";

static int digit_of(char c)
{
        return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c)
                ? tolower((unsigned char)c) - 'a' + 10 : 99;
}

/* Up to max digits of a base; how many there were. */
static size_t read_code(const char *s, const char *end, size_t max, int base, uint32_t *ret)
{
        size_t n = 0;

        for (*ret = 0; n < max && s + n < end && digit_of(s[n]) < base; n++)
                *ret = *ret * (uint32_t)base + (uint32_t)digit_of(s[n]);
        return n;
}

/* What stands behind the backslash at s; the bytes that it took, 0 where it means nothing. */
static size_t decode(const char *s, const char *end, struct text *text)
{
        size_t digits = *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0, n;
        uint32_t code;

        for (const char *p = simple; *p; p += 2)
                if (*p == *s) {
                        text_add_bytes(text, p + 1, 1);
                        return 1;
                }
        if (*s == '\n')
                return 1;
        if (digits) {
                n = read_code(s + 1, end, digits, 16, &code);
                if (n < digits || !code)
                        return 0;
                letter_add(text, code);
                return n + 1;
        }
        n = read_code(s, end, 3, 8, &code);
        if (n && code)
                letter_add(text, code);
        return code ? n : 0;
}

void escape_decode(const char *s, size_t len, struct text *text)
{
        const char *end = s + len;

        text_add(text, "");
        while (s < end) {
                const char *slash = memchr(s, '\\', (size_t)(end - s));
                size_t took;

                if (!slash)
                        slash = end;
                text_add_bytes(text, s, (size_t)(slash - s));
                s = slash;
                if (s == end)
                        break;
                took = s + 1 < end ? decode(s + 1, end, text) : 0;
                if (!took)
                        text_add(text, "\\");
                s += took + 1;
        }
}
