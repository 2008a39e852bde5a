/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct text *text, size_t more)
{
        size_t want = text->len + more + 1, room = text->room ? text->room : 64;
        char *bigger;

        if (want <= text->room)
                return true;
        while (room < want)
                room *= 2;
        bigger = realloc(text->s, room);
        if (!bigger) {
                text->failed = true;
                return false;
        }
        text->s = bigger;
        text->room = room;
        return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t len)
{
        if (!reserve(text, len))
                return;
        if (len)
                memcpy(text->s + text->len, bytes, len);
        text->len += len;
        text->s[text->len] = '\0';
}

void text_add(struct text *text, const char *s)
{
        text_add_bytes(text, s, strlen(s));
}

void text_addf(struct text *text, const char *fmt, ...)
{
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (n < 0 || !reserve(text, (size_t)n))
                return;
        va_start(ap, fmt);
        vsnprintf(text->s + text->len, (size_t)n + 1, fmt, ap);
        va_end(ap);
        text->len += (size_t)n;
}

char *text_take(struct text *text)
{
        char *s = text->failed ? NULL : text->s ? text->s : strdup("");

        if (text->failed)
                free(text->s);
        memset(text, 0, sizeof *text);
        return s;
}

void text_deinit(struct text *text)
{
        free(text->s);
        memset(text, 0, sizeof *text);
}

bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_starts_with(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* One star is remembered at a time, so the cost is at most length times length. */
bool text_matches(const char *s, const char *pattern)
{
        const char *star = NULL, *retry = NULL;

        while (*s) {
                if (*pattern == '*') {
                        star = ++pattern;
                        retry = s;
                } else if (*pattern == '?' || *pattern == *s) {
                        pattern++;
                        s++;
                } else if (star) {
                        pattern = star;
                        s = ++retry;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return !*pattern;
}

static size_t utf8_length(uint8_t lead)
{
        return lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3
                : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

bool text_is_utf8(const char *s, size_t len)
{
        const uint8_t *p = (const uint8_t *)s, *end = p + len;

        while (p < end) {
                size_t n = utf8_length(*p);

                if (!n || (size_t)(end - p) < n)
                        return false;
                if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
                    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
                        return false;
                for (size_t i = 1; i < n; i++)
                        if ((p[i] & 0xc0) != 0x80)
                                return false;
                p += n;
        }
        return true;
}

bool text_is_name(const char *s)
{
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

        return n && n <= 128 && !s[n] && s[0] != '.';
}

bool text_to_int(const char *s, int64_t min, int64_t max, int64_t *ret)
{
        char *end;
        long long n;

        if (!s || (*s != '-' && (*s < '0' || *s > '9')))
                return false;
        errno = 0;
        n = strtoll(s, &end, 10);
        if (errno || end == s || *end || n < min || n > max)
                return false;
        *ret = n;
        return true;
}

/* Levenshtein's distance of short words; long ones are simply far. */
static size_t distance(const char *a, const char *b)
{
        size_t row[65], n = strlen(a), m = strlen(b);

        if (n > 64 || m > 64)
                return 64;
        for (size_t j = 0; j <= m; j++)
                row[j] = j;
        for (size_t i = 1; i <= n; i++) {
                size_t corner = row[0];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        size_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);

                        if (above + 1 < best)
                                best = above + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        corner = above;
                        row[j] = best;
                }
        }
        return row[m];
}

const char *text_nearest(const char *s, const char *const *candidates)
{
        const char *nearest = NULL;
        size_t best = strlen(s) / 3 + 1;

        for (; *candidates; candidates++) {
                size_t d = distance(s, *candidates);

                if (d <= best && (d < best || !nearest)) {
                        best = d;
                        nearest = *candidates;
                }
        }
        return nearest;
}
