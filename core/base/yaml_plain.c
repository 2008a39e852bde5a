/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a plain scalar means in YAML 1.2's core schema. YAML 1.1's yes, no, on, off, 0644 and dates
 * stay what they look like, text or a decimal number. None of the packs that were looked at relies
 * on them, and silent booleans are the best known trap of YAML; where a boolean was meant, the
 * schema of the field tells the author.
 */
#include "base/yaml_plain.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *s, const char *const *words)
{
        for (; *words; words++)
                if (strcmp(s, *words) == 0)
                        return true;
        return false;
}

static bool is_null(const char *s)
{
        return is_one_of(s, (const char *const[]){ "", "~", "null", "Null", "NULL", NULL });
}

static bool is_true(const char *s)
{
        return is_one_of(s, (const char *const[]){ "true", "True", "TRUE", NULL });
}

static bool is_false(const char *s)
{
        return is_one_of(s, (const char *const[]){ "false", "False", "FALSE", NULL });
}

static const char *after_digits(const char *s)
{
        return s + strspn(s, "0123456789");
}

static const char *after_sign(const char *s)
{
        return *s == '-' || *s == '+' ? s + 1 : s;
}

/* 10, 16 or 8 where s is a whole number in the core schema's spelling, else 0. */
static int integer_base(const char *s)
{
        const char *digits = after_sign(s);

        if (*digits && !*after_digits(digits))
                return 10;
        if (strncmp(s, "0x", 2) == 0 && s[2] && !s[2 + strspn(s + 2, "0123456789abcdefABCDEF")])
                return 16;
        if (strncmp(s, "0o", 2) == 0 && s[2] && !s[2 + strspn(s + 2, "01234567")])
                return 8;
        return 0;
}

/* Digits with at most one dot among, before or behind them; the place after them, or NULL. */
static const char *after_mantissa(const char *s)
{
        const char *whole = after_digits(s), *end = whole;

        if (*whole == '.')
                end = after_digits(whole + 1);
        return whole > s || end > whole + 1 ? end : NULL;
}

static bool is_float(const char *s)
{
        const char *end = after_mantissa(after_sign(s)), *exponent;

        if (!end || (*end != 'e' && *end != 'E'))
                return end && !*end;
        exponent = after_sign(end + 1);
        return *exponent && !*after_digits(exponent);
}

static bool is_not_finite(const char *s)
{
        return is_one_of(after_sign(s), (const char *const[]){ ".inf", ".Inf", ".INF", NULL }) ||
                is_one_of(s, (const char *const[]){ ".nan", ".NaN", ".NAN", NULL });
}

static const char *whole_number(const char *s, json_t **ret)
{
        int base = integer_base(s);
        long long n;

        errno = 0;
        n = strtoll(base == 10 ? s : s + 2, NULL, base);
        if (errno)
                return "does not fit into 64 bits";
        *ret = json_integer(n);
        return NULL;
}

static const char *fraction(const char *s, json_t **ret)
{
        double number = is_not_finite(s) ? HUGE_VAL : strtod(s, NULL);

        if (!isfinite(number))
                return "is not a number that JSON can hold";
        *ret = json_real(number);
        return NULL;
}

const char *yaml_plain(const char *s, json_t **ret)
{
        if (is_null(s))
                *ret = json_null();
        else if (is_true(s) || is_false(s))
                *ret = json_boolean(is_true(s));
        else if (integer_base(s))
                return whole_number(s, ret);
        else if (is_float(s) || is_not_finite(s))
                return fraction(s, ret);
        else
                *ret = json_string(s);
        return NULL;
}
