/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of operators. Their meaning is what Python does with the values that JSON gives it: 1
 * and 1.0 and true are equal, "1" is none of them, text is ordered by code points, and comparing
 * unlike types is an error that a person should hear of, not a mismatch. Ignoring case, wildcards
 * and regular expressions are all one mechanism, a regex made from the pattern.
 */
#include "flow/matcher.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/regex.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct operator {
        const char *name;
        int (*judge)(const struct matcher *m, const json_t *value, struct fault *fault);
        int (*prepare)(struct matcher *m, struct fault *fault);
        unsigned regex;                 /* flags of the regex that prepare makes */
        int sign;                       /* of an order: -1 less, 1 greater; of others: -1 negates */
};

struct matcher {
        const struct operator *operator;
        json_t *pattern;
        struct regex *regex;
        double seconds;
};

static const char *kind_of(const json_t *value)
{
        return !value || json_is_null(value) ? "nothing" : json_is_object(value) ? "an object"
                : json_is_array(value) ? "a list" : json_is_string(value) ? "text"
                : json_is_number(value) ? "a number" : "true or false";
}

static int unlike(const struct matcher *m, const json_t *value, struct fault *fault)
{
        fault_set(fault, 422, "rule.types", "%s cannot compare %s with %s", m->operator->name,
                  kind_of(value), kind_of(m->pattern));
        if (json_is_number(value) && json_is_string(m->pattern))
                fault_try(fault, "write the pattern without quotes, if it is a number");
        else if (!value || json_is_null(value))
                fault_try(fault, "add a criterion of type exists on the same key");
        return VERDICT_FAULT;
}

static int needs(const struct matcher *m, const char *what, struct fault *fault)
{
        return fault_set(fault, 422, "rule.pattern", "the pattern of %s must be %s, not %s",
                         m->operator->name, what, kind_of(m->pattern));
}

static int prepare_text(struct matcher *m, struct fault *fault)
{
        return json_is_string(m->pattern) ? 0 : needs(m, "text", fault);
}

static int prepare_regex(struct matcher *m, struct fault *fault)
{
        int r = prepare_text(m, fault);

        return r ? r : regex_compile(json_string_value(m->pattern), m->operator->regex, &m->regex,
                                     fault);
}

/* After [: the ] that ends the set, or NULL; the first character of a set may be ] itself. */
static const char *end_of_set(const char *s)
{
        return *s ? strchr(s + (*s == '!') + (s[*s == '!'] == ']'), ']') : NULL;
}

/* fnmatch's set as a regex's: ! negates, and nothing else is special inside. */
static const char *add_set(const char *s, const char *end, struct text *text)
{
        text_add(text, *s == '!' ? "[^" : "[");
        for (s += *s == '!'; s < end; s++) {
                if (strchr("\\[]^&~|", *s))
                        text_add(text, "\\");
                text_add_bytes(text, s, 1);
        }
        text_add(text, "]");
        return end + 1;
}

static void add_wildcard(const char *s, struct text *text)
{
        while (*s) {
                char c = *s++;

                if (c == '[' && end_of_set(s)) {
                        s = add_set(s, end_of_set(s), text);
                } else if (c == '*') {
                        text_add(text, ".*");
                } else if (c == '?') {
                        text_add(text, ".");
                } else {
                        if (strchr("\\^$.[]|()+{}", c))
                                text_add(text, "\\");
                        text_add_bytes(text, &c, 1);
                }
        }
}

static int prepare_wildcard(struct matcher *m, struct fault *fault)
{
        _text_ struct text text = TEXT_INIT;
        int r = prepare_text(m, fault);

        if (r)
                return r;
        text_add(&text, "");
        add_wildcard(json_string_value(m->pattern), &text);
        return text.failed ? -ENOMEM : regex_compile(text.s, m->operator->regex, &m->regex, fault);
}

static int prepare_container(struct matcher *m, struct fault *fault)
{
        return json_is_string(m->pattern) || json_is_array(m->pattern) || json_is_object(m->pattern)
                ? 0 : needs(m, "a list or text", fault);
}

static int prepare_seconds(struct matcher *m, struct fault *fault)
{
        const char *s = json_string_value(m->pattern);
        char *end;

        if (json_is_number(m->pattern)) {
                m->seconds = json_number_value(m->pattern);
                return 0;
        }
        m->seconds = s ? strtod(s, &end) : 0;
        return s && end > s && !*end ? 0 : needs(m, "a number of seconds", fault);
}

static int judge_same(const struct matcher *m, const json_t *value, struct fault *fault)
{
        (void)fault;
        if (!value || !m->pattern)
                return (!value || json_is_null(value)) &&
                        (!m->pattern || json_is_null(m->pattern));
        return json_same(value, m->pattern, JSON_SAME_PYTHON);
}

static int judge_regex(const struct matcher *m, const json_t *value, struct fault *fault)
{
        int r;

        if (!json_is_string(value))
                return unlike(m, value, fault);
        r = regex_match(m->regex, json_string_value(value), json_string_length(value));
        if (r != -ELOOP)
                return r;
        fault_set(fault, 422, "rule.limit", "%s gave up on the pattern \"%.200s\": it takes more "
                  "steps on this value than the limit", m->operator->name,
                  json_string_value(m->pattern));
        return VERDICT_FAULT;
}

/* Is inner in outer, as Python's "in" says? -1 where it cannot be asked. */
static int is_in(const json_t *inner, const json_t *outer)
{
        if (json_is_array(outer)) {
                for (size_t i = 0; i < json_array_size(outer); i++)
                        if (json_same(inner, json_array_get(outer, i), JSON_SAME_PYTHON))
                                return 1;
                return 0;
        }
        if (json_is_object(outer)) {
                if (json_is_array(inner) || json_is_object(inner))
                        return -1;      /* which is no key of anything */
                return json_is_string(inner) && json_object_get(outer, json_string_value(inner));
        }
        if (!json_is_string(outer) || !json_is_string(inner))
                return -1;
        return memmem(json_string_value(outer), json_string_length(outer), json_string_value(inner),
                      json_string_length(inner)) != NULL;
}

static int judge_contains(const struct matcher *m, const json_t *value, struct fault *fault)
{
        int r = value ? is_in(m->pattern, value) : -1;

        return r < 0 ? unlike(m, value, fault) : r;
}

static int judge_inside(const struct matcher *m, const json_t *value, struct fault *fault)
{
        _json_ json_t *none = value ? NULL : json_null();
        int r = is_in(value ? value : none, m->pattern);

        return r < 0 ? unlike(m, value, fault) : r;
}

static int judge_starts(const struct matcher *m, const json_t *value, struct fault *fault)
{
        size_t n = json_string_length(m->pattern);

        if (!json_is_string(value))
                return unlike(m, value, fault);
        return json_string_length(value) >= n &&
                memcmp(json_string_value(value), json_string_value(m->pattern), n) == 0;
}

static int judge_ends(const struct matcher *m, const json_t *value, struct fault *fault)
{
        size_t n = json_string_length(m->pattern), len = json_string_length(value);

        if (!json_is_string(value))
                return unlike(m, value, fault);
        return len >= n &&
                memcmp(json_string_value(value) + len - n, json_string_value(m->pattern), n) == 0;
}

static bool is_number(const json_t *value)
{
        return json_is_number(value) || json_is_boolean(value);
}

static int compare_texts(const json_t *a, const json_t *b)
{
        size_t n = json_string_length(a), m = json_string_length(b);
        int order = memcmp(json_string_value(a), json_string_value(b), n < m ? n : m);

        return order ? order : n < m ? -1 : n > m;
}

/* false where Python would raise: unlike types, or types without an order. */
static bool compare(const json_t *a, const json_t *b, int *ret)
{
        if (is_number(a) && is_number(b)) {
                *ret = json_compare_numbers(a, b);
                return true;
        }
        if (json_is_string(a) && json_is_string(b)) {
                *ret = compare_texts(a, b);
                return true;
        }
        if (!json_is_array(a) || !json_is_array(b))
                return false;
        for (size_t i = 0; i < json_array_size(a) && i < json_array_size(b); i++)
                if (!json_same(json_array_get(a, i), json_array_get(b, i), JSON_SAME_PYTHON))
                        return compare(json_array_get(a, i), json_array_get(b, i), ret);
        *ret = (json_array_size(a) > json_array_size(b)) -
               (json_array_size(a) < json_array_size(b));
        return true;
}

static int judge_order(const struct matcher *m, const json_t *value, struct fault *fault)
{
        int order;

        if (!value || !compare(value, m->pattern, &order))
                return unlike(m, value, fault);
        return m->operator->sign < 0 ? order < 0 : order > 0;
}

static int judge_age(const struct matcher *m, const json_t *value, struct fault *fault)
{
        int64_t then_ms;
        double age;

        if (!json_is_string(value) || clock_parse(json_string_value(value), &then_ms) < 0) {
                fault_set(fault, 422, "rule.types", "%s needs a time such as "
                          "2026-01-31T12:00:00Z, not %.80s", m->operator->name,
                          json_is_string(value) ? json_string_value(value) : kind_of(value));
                return VERDICT_FAULT;
        }
        age = (double)(clock_real_ms() - then_ms) / 1000;
        return m->operator->sign < 0 ? age < m->seconds : age > m->seconds;
}

static int judge_exists(const struct matcher *m, const json_t *value, struct fault *fault)
{
        (void)m;
        (void)fault;
        return value && !json_is_null(value);
}

#define WHOLE (REGEX_AT_START | REGEX_TO_END)
#define CASELESS (REGEX_LITERAL | REGEX_CASELESS)

static const struct operator operators[] = {
        { "matchwildcard", judge_regex, prepare_wildcard, REGEX_PYTHON | REGEX_DOTALL | WHOLE, 1 },
        { "matchregex", judge_regex, prepare_regex, REGEX_PYTHON | REGEX_DOTALL | REGEX_AT_START,
          1 },
        { "regex", judge_regex, prepare_regex, REGEX_PYTHON, 1 },
        { "iregex", judge_regex, prepare_regex, REGEX_PYTHON | REGEX_CASELESS, 1 },
        { "eq", judge_same, NULL, 0, 1 },
        { "equals", judge_same, NULL, 0, 1 },
        { "neq", judge_same, NULL, 0, -1 },
        { "nequals", judge_same, NULL, 0, -1 },
        { "ieq", judge_regex, prepare_regex, CASELESS | WHOLE, 1 },
        { "iequals", judge_regex, prepare_regex, CASELESS | WHOLE, 1 },
        { "contains", judge_contains, NULL, 0, 1 },
        { "icontains", judge_regex, prepare_regex, CASELESS, 1 },
        { "ncontains", judge_contains, NULL, 0, -1 },
        { "incontains", judge_regex, prepare_regex, CASELESS, -1 },
        { "startswith", judge_starts, prepare_text, 0, 1 },
        { "istartswith", judge_regex, prepare_regex, CASELESS | REGEX_AT_START, 1 },
        { "endswith", judge_ends, prepare_text, 0, 1 },
        { "iendswith", judge_regex, prepare_regex, CASELESS | REGEX_TO_END, 1 },
        { "lt", judge_order, NULL, 0, -1 },
        { "lessthan", judge_order, NULL, 0, -1 },
        { "gt", judge_order, NULL, 0, 1 },
        { "greaterthan", judge_order, NULL, 0, 1 },
        { "td_lt", judge_age, prepare_seconds, 0, -1 },
        { "timediff_lt", judge_age, prepare_seconds, 0, -1 },
        { "td_gt", judge_age, prepare_seconds, 0, 1 },
        { "timediff_gt", judge_age, prepare_seconds, 0, 1 },
        { "exists", judge_exists, NULL, 0, 1 },
        { "nexists", judge_exists, NULL, 0, -1 },
        { "in", judge_inside, prepare_container, 0, 1 },
        { "inside", judge_inside, prepare_container, 0, 1 },
        { "nin", judge_inside, prepare_container, 0, -1 },
        { "ninside", judge_inside, prepare_container, 0, -1 },
        { "search", NULL, NULL, 0, 1 },
};

#define OPERATORS (sizeof operators / sizeof *operators)

static const struct operator *find(const char *name)
{
        for (size_t i = 0; i < OPERATORS; i++)
                if (strcasecmp(operators[i].name, name) == 0)
                        return &operators[i];
        return NULL;
}

const char *operator_find(const char *name)
{
        const struct operator *operator = find(name);

        return operator ? operator->name : NULL;
}

const char *operator_nearest(const char *name)
{
        const char *names[OPERATORS + 1] = { NULL };

        for (size_t i = 0; i < OPERATORS; i++)
                names[i] = operators[i].name;
        return text_nearest(name, names);
}

bool operator_needs_pattern(const char *name)
{
        const struct operator *operator = find(name);

        return operator && operator->judge != judge_exists;
}

bool operator_is_search(const char *name)
{
        const struct operator *operator = find(name);

        return operator && !operator->judge;
}

int matcher_compile(const char *operator, const json_t *pattern, struct matcher **ret,
                    struct fault *fault)
{
        struct matcher *m = calloc(1, sizeof *m);
        int r = 0;

        if (!m)
                return -ENOMEM;
        m->operator = find(operator);
        m->pattern = json_is_null(pattern) ? NULL : json_incref((json_t *)pattern);
        if (m->pattern && m->operator->prepare)
                r = m->operator->prepare(m, fault);
        if (r) {
                matcher_free(m);
                return r;
        }
        *ret = m;
        return 0;
}

struct matcher *matcher_free(struct matcher *matcher)
{
        if (!matcher)
                return NULL;
        json_decref(matcher->pattern);
        regex_free(matcher->regex);
        free(matcher);
        return NULL;
}

/* Only these two ask about nothing; every other operator is false without a pattern. */
static bool takes_null(const struct operator *operator)
{
        return operator->judge == judge_exists ||
                (operator->judge == judge_same && operator->sign < 0);
}

int matcher_judge(const struct matcher *matcher, const json_t *value, struct fault *fault)
{
        const struct operator *operator = matcher->operator;
        bool ordered = operator->judge == judge_order || operator->judge == judge_age;
        int r;

        if (!matcher->pattern && !takes_null(operator))
                return 0;
        r = operator->judge(matcher, value, fault);
        if (r == VERDICT_FAULT || r < 0 || ordered || operator->sign > 0)
                return r;
        return r == VERDICT_YES ? VERDICT_NO : VERDICT_YES;
}

const json_t *matcher_equal_to(const struct matcher *matcher)
{
        return matcher->operator->judge == judge_same && matcher->operator->sign > 0
                ? matcher->pattern : NULL;
}
