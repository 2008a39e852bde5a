/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/numbers.h"

#include "expr/python.h"
#include "expr/value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static const char *trimmed(const json_t *value, char room[80])
{
        const char *s = json_string_value(value);
        size_t len, n = 0;

        while (isspace((unsigned char)*s))
                s++;
        len = strlen(s);
        while (len && isspace((unsigned char)s[len - 1]))
                len--;
        if (len >= 79)
                return NULL;
        for (size_t i = 0; i < len; i++)
                if (s[i] != '_' || !i || s[i - 1] == '_')
                        room[n++] = s[i];
        room[n] = '\0';
        return room;
}

static json_t *no_integer(struct run *run, const json_t *value, int base)
{
        _text_ struct text shown = TEXT_INIT;

        python_show(NULL, value, true, 200, &shown);
        return run_raise(run, "ValueError", "invalid literal for int() with base %d: %s", base,
                         shown.s ? shown.s : "");
}

static json_t *int_of_text(struct run *run, const json_t *value, int base)
{
        char room[80], *after;
        const char *s = trimmed(value, room);
        long long whole;

        if (!s || !*s || strchr(s, 'x') != NULL || strchr(s, 'X') != NULL) {
                if (base != 16 || !s || !*s)
                        return no_integer(run, value, base);
        }
        errno = 0;
        whole = strtoll(s, &after, base);
        if (*after || isspace((unsigned char)*s))
                return no_integer(run, value, base);
        return errno ? run_raise(run, "OverflowError", "the number does not fit into 64 bits")
                : run_int(run, whole);
}

json_t *numbers_int(struct run *run, const json_t *value, int base)
{
        if (run_is_undefined(run, value))
                return run_use_undefined(run, value);
        if (value_is_integer(value))
                return run_int(run, value_integer(value));
        if (json_is_real(value))
                return fabs(json_real_value(value)) < 9.2e18
                        ? run_int(run, (int64_t)json_real_value(value))
                        : run_raise(run, "OverflowError", "the number does not fit into 64 bits");
        if (json_is_string(value))
                return int_of_text(run, value, base);
        return run_raise(run, "TypeError", "int() argument must be a string, a bytes-like object or "
                         "a real number, not '%s'", python_type(&run->natures, value));
}

json_t *numbers_real(struct run *run, const json_t *value)
{
        char room[80], *after;
        const char *s;
        double real;

        if (value_is_number(value))
                return run_real(run, value_real(value));
        if (!json_is_string(value))
                return run_raise(run, "TypeError", "float() argument must be a string or a real "
                                 "number, not '%s'", python_type(&run->natures, value));
        s = trimmed(value, room);
        real = s && *s && !strpbrk(s, "xX") ? strtod(s, &after) : 0;
        if (!s || !*s || strpbrk(s, "xX") || *after)
                return run_raise(run, "ValueError", "could not convert string to float: '%s'",
                                 json_string_value(value));
        return run_real(run, real);
}

json_t *numbers_round(struct run *run, json_t *value, int64_t digits, bool always_real)
{
        char room[400], *after;
        double real, scale;

        if (!value_is_number(value))
                return run_raise(run, "TypeError", "type %s doesn't define __round__ method",
                                 python_type(&run->natures, value));
        if (digits > 300 || digits < -300)
                return value;
        real = value_real(value);
        if (digits >= 0) {
                /* printf rounds the exact value, halves to even, as Python does. */
                snprintf(room, sizeof room, "%.*f", (int)digits, real);
                real = strtod(room, &after);
        } else {
                scale = pow(10, (double)-digits);
                real = nearbyint(real / scale) * scale;
        }
        return value_is_integer(value) && !always_real ? run_int(run, (int64_t)real)
                : run_real(run, real);
}
