/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/version.h"

#include <ctype.h>
#include <string.h>

struct version {
        int64_t parts[3];               /* major, minor, patch */
        const char *pre;                /* to the + or the end; NULL: a release */
        size_t pre_len;
};

static bool read_part(const char **s, int64_t *ret)
{
        const char *from = *s;

        for (*ret = 0; isdigit((unsigned char)**s) && *s - from < 18; (*s)++)
                *ret = *ret * 10 + (**s - '0');
        return *s > from && !(*from == '0' && *s - from > 1);
}

static bool are_identifiers(const char *s, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '.')
                        return false;
        return len > 0;
}

static bool read_version(const char *s, struct version *ret)
{
        *ret = (struct version){ .pre = NULL };
        for (int i = 0; i < 3; i++) {
                if ((i && *s++ != '.') || !read_part(&s, &ret->parts[i]))
                        return false;
        }
        if (*s == '-') {
                ret->pre = ++s;
                ret->pre_len = strcspn(s, "+");
                s += ret->pre_len;
                if (!are_identifiers(ret->pre, ret->pre_len))
                        return false;
        }
        return !*s || (*s == '+' && are_identifiers(s + 1, strlen(s + 1)));
}

static bool parse(struct run *run, const json_t *value, struct version *ret)
{
        if (!json_is_string(value))
                return run_raise(run, "TypeError", "a version is text");
        return read_version(json_string_value(value), ret) ||
                run_raise(run, "ValueError", "%s is not valid SemVer string",
                          json_string_value(value));
}

static int sign(int64_t a, int64_t b)
{
        return a < b ? -1 : a > b;
}

/* One identifier between dots: numbers by value, and before words. */
static int compare_identifier(const char *a, size_t la, const char *b, size_t lb)
{
        bool na = strspn(a, "0123456789") >= la, nb = strspn(b, "0123456789") >= lb;
        int order;

        if (na != nb)
                return na ? -1 : 1;
        if (na && la != lb)
                return la < lb ? -1 : 1;
        order = memcmp(a, b, la < lb ? la : lb);
        return order ? (order < 0 ? -1 : 1) : sign((int64_t)la, (int64_t)lb);
}

static size_t identifier(const char *s, const char *end)
{
        const char *dot = memchr(s, '.', (size_t)(end - s));

        return (size_t)((dot ? dot : end) - s);
}

static int compare_pre(const struct version *x, const struct version *y)
{
        const char *a = x->pre, *b = y->pre, *a_end = a + x->pre_len, *b_end = b + y->pre_len;

        while (a <= a_end && b <= b_end) {
                size_t la = identifier(a, a_end), lb = identifier(b, b_end);
                int order = compare_identifier(a, la, b, lb);

                if (order)
                        return order;
                a += la + 1;
                b += lb + 1;
        }
        return (a <= a_end) - (b <= b_end);
}

static int compare(const struct version *a, const struct version *b)
{
        for (int i = 0; i < 3; i++)
                if (a->parts[i] != b->parts[i])
                        return sign(a->parts[i], b->parts[i]);
        if (!a->pre || !b->pre)
                return (b->pre != NULL) - (a->pre != NULL);
        return compare_pre(a, b);
}

/* -2: the run failed. */
static int compare_args(struct call *call)
{
        struct version a, b;

        return parse(call->run, call->args[0], &a) && parse(call->run, call->args[1], &b)
                ? compare(&a, &b) : -2;
}

json_t *version_compare(struct call *call)
{
        int order = compare_args(call);

        return order == -2 ? NULL : run_int(call->run, order);
}

static json_t *is(struct call *call, int wanted)
{
        int order = compare_args(call);

        return order == -2 ? NULL : run_bool(order == wanted);
}

json_t *version_more_than(struct call *call)
{
        return is(call, 1);
}

json_t *version_less_than(struct call *call)
{
        return is(call, -1);
}

json_t *version_equal(struct call *call)
{
        return is(call, 0);
}

static const struct {
        const char *operator;
        bool less, equal, more;
} operators[] = {
        { ">=", false, true, true }, { "<=", true, true, false }, { "==", false, true, false },
        { "!=", true, false, true }, { ">", false, false, true }, { "<", true, false, false },
        { "", false, true, false },
};

json_t *version_match(struct call *call)
{
        const char *pattern = call_text(call, 1);
        struct version a, b;
        size_t i = 0;
        int order;

        if (!pattern)
                return run_raise(call->run, "TypeError", "a match expression is text");
        while (strncmp(pattern, operators[i].operator, strlen(operators[i].operator)) != 0)
                i++;
        if (!parse(call->run, call->args[0], &a))
                return NULL;
        if (!read_version(pattern + strlen(operators[i].operator), &b))
                return run_raise(call->run, "ValueError", "match_expr parameter should be in format "
                                 "<op><ver>, where <op> is one of ['<', '>', '==', '<=', '>=', "
                                 "'!=']. You provided: '%s'", pattern);
        order = compare(&a, &b);
        return run_bool(order < 0 ? operators[i].less : order ? operators[i].more
                        : operators[i].equal);
}

static json_t *show(struct run *run, const int64_t parts[3], int n)
{
        _text_ struct text text = TEXT_INIT;

        for (int i = 0; i < n; i++)
                text_addf(&text, "%s%lld", i ? "." : "", (long long)parts[i]);
        return run_take(run, &text);
}

static json_t *bump(struct call *call, int part)
{
        struct version a;

        if (!parse(call->run, call->args[0], &a))
                return NULL;
        a.parts[part]++;
        for (int i = part + 1; i < 3; i++)
                a.parts[i] = 0;
        return show(call->run, a.parts, 3);
}

json_t *version_bump_major(struct call *call)
{
        return bump(call, 0);
}

json_t *version_bump_minor(struct call *call)
{
        return bump(call, 1);
}

json_t *version_bump_patch(struct call *call)
{
        return bump(call, 2);
}

json_t *version_strip_patch(struct call *call)
{
        struct version a;

        return parse(call->run, call->args[0], &a) ? show(call->run, a.parts, 2) : NULL;
}
