/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/letters.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

size_t letter_size(const char *s)
{
        unsigned char c = (unsigned char)*s;

        return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t letters_count(const char *s, size_t len)
{
        size_t n = 0;

        for (size_t i = 0; i < len; i++)
                n += ((unsigned char)s[i] & 0xc0) != 0x80;
        return n;
}

size_t letters_at(const char *s, size_t len, size_t i)
{
        size_t at = 0;

        while (i-- && at < len)
                at += letter_size(s + at);
        return at < len ? at : len;
}

uint32_t letter_code(const char *s)
{
        size_t size = letter_size(s);
        uint32_t code = (unsigned char)*s;

        if (size == 1)
                return code;
        code &= 0x7fu >> size;
        for (size_t i = 1; i < size; i++)
                code = code << 6 | ((unsigned char)s[i] & 0x3f);
        return code;
}

void letter_add(struct text *text, uint32_t code)
{
        char s[4];
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
                letter_add(text, 0xfffd);
                return;
        }
        for (size_t i = size; i-- > 1; code >>= 6)
                s[i] = (char)(0x80 | (code & 0x3f));
        s[0] = (char)(size == 1 ? code : (0xf00u >> size & 0xff) | code);
        text_add_bytes(text, s, size);
}

bool letter_is_space(const char *s)
{
        uint32_t c = letter_code(s);

        return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
                c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
                c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool is_ascii(const char *s, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)s[i] >= 0x80)
                        return false;
        return true;
}

static bool goes_up(enum letters_case which, bool starts_word, bool is_first, bool is_lower)
{
        switch (which) {
        case LETTERS_UPPER:
                return true;
        case LETTERS_LOWER:
                return false;
        case LETTERS_CAPITAL:
                return is_first;
        case LETTERS_TITLE:
                return starts_word;
        case LETTERS_SWAP:
                return is_lower;
        }
        return false;
}

/* ASCII needs no locale, which takes long to load. */
static void ascii_case(const char *s, size_t len, enum letters_case which, struct text *text)
{
        bool starts_word = true;

        text_add_bytes(text, s, len);
        for (size_t i = 0; !text->failed && i < len; i++) {
                char c = s[i], *to = &text->s[text->len - len + i];
                bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';

                if (goes_up(which, starts_word, i == 0, lower))
                        *to = (char)(lower ? c - 'a' + 'A' : c);
                else
                        *to = (char)(upper ? c - 'A' + 'a' : c);
                starts_word = !lower && !upper;
        }
}

void letters_case(const char *s, size_t len, enum letters_case which, struct text *text)
{
        bool starts_word = true;
        locale_t locale;

        if (is_ascii(s, len)) {
                ascii_case(s, len, which, text);
                return;
        }
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        if (!locale)
                text->failed = true;
        for (size_t i = 0; locale && i < len; i += letter_size(s + i)) {
                wint_t c = (wint_t)letter_code(s + i);
                bool up = goes_up(which, starts_word, i == 0, iswlower_l(c, locale));

                if (c == 0xdf && up)
                        text_add(text, which == LETTERS_UPPER || which == LETTERS_SWAP ? "SS"
                                 : "Ss");
                else
                        letter_add(text, up ? towupper_l(c, locale) : towlower_l(c, locale));
                starts_word = !iswalpha_l(c, locale);
        }
        if (locale)
                freelocale(locale);
        if (!text->s)
                text_add(text, "");
}

bool letters_are(const char *s, size_t len, const char *class_name)
{
        locale_t locale = newlocale(LC_CTYPE_MASK, is_ascii(s, len) ? "C" : "C.UTF-8", (locale_t)0);
        wctype_t class = locale ? wctype_l(class_name, locale) : 0;
        bool all = locale && len > 0;

        for (size_t i = 0; all && i < len; i += letter_size(s + i))
                all = iswctype_l((wint_t)letter_code(s + i), class, locale);
        if (locale)
                freelocale(locale);
        return all;
}
