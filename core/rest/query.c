/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/query.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int query_decode(char *s, bool plus, struct fault *fault)
{
        char *to = s;

        for (const char *from = s; *from; to++) {
                if (*from == '%') {
                        int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);

                        if (low < 0)
                                return fault_set(fault, 400, "query.escape",
                                                 "'%.8s' is not a percent escape", from);
                        *to = (char)(high << 4 | low);
                        from += 3;
                } else {
                        *to = plus && *from == '+' ? ' ' : *from;
                        from++;
                }
                if (!*to)
                        return fault_set(fault, 400, "query.escape", "the URI holds a NUL");
        }
        *to = '\0';
        if (!text_is_utf8(s, (size_t)(to - s)))
                return fault_set(fault, 400, "query.utf8", "the URI or form is not UTF-8");
        return 0;
}

int query_parse(char *text, struct query *ret, struct fault *fault)
{
        char *rest = text, *pair, *value;

        ret->n = 0;
        while (rest && (pair = strsep(&rest, "&"))) {
                if (!*pair)
                        continue;
                if (ret->n == QUERY_MAX)
                        return fault_set(fault, 400, "query.too-many",
                                         "more than %d parameters", QUERY_MAX);
                value = strchr(pair, '=');
                if (value)
                        *value++ = '\0';
                if (query_decode(pair, true, fault) || (value && query_decode(value, true, fault)))
                        return FAULT;
                ret->pairs[ret->n].name = pair;
                ret->pairs[ret->n++].value = value ? value : "";
        }
        return 0;
}

int query_form(char *text, json_t **ret, struct fault *fault)
{
        struct query query;
        json_t *form, *old;
        int r = query_parse(text, &query, fault);

        if (r)
                return r;
        form = json_object();
        for (size_t i = 0; i < query.n; i++) {
                json_t *value = json_string(query.pairs[i].value);

                old = json_object_get(form, query.pairs[i].name);
                if (json_is_array(old))
                        json_array_append_new(old, value);
                else if (old)
                        json_object_set_new(form, query.pairs[i].name,
                                            json_pack("[O,o]", old, value));
                else
                        json_object_set_new(form, query.pairs[i].name, value);
        }
        *ret = form;
        return 0;
}

const char *query_text(const struct query *query, const char *name)
{
        for (size_t i = query->n; i-- > 0;)
                if (strcmp(query->pairs[i].name, name) == 0)
                        return *query->pairs[i].value ? query->pairs[i].value : NULL;
        return NULL;
}

static int invalid(struct fault *fault, const char *name, const char *found, const char *wanted)
{
        return fault_set(fault, 400, "query.invalid", "%s=%.64s: must be %s", name, found, wanted);
}

int query_int(const struct query *query, const char *name, int64_t min, int64_t max, int64_t *ret,
              struct fault *fault)
{
        const char *text = query_text(query, name);

        if (!text || text_to_int(text, min, max, ret))
                return 0;
        invalid(fault, name, text, "a whole number");
        return fault_why(fault, "it lies outside of %lld to %lld, or is no number", (long long)min,
                         (long long)max);
}

int query_bool(const struct query *query, const char *name, bool *ret, struct fault *fault)
{
        const char *text = query_text(query, name);

        if (!text)
                return 0;
        /* StackStorm's client sends Python's spelling. */
        if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
                *ret = true;
        else if (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)
                *ret = false;
        else
                return invalid(fault, name, text, "true or false");
        return 0;
}

int query_time(const struct query *query, const char *name, int64_t *ret_ms, struct fault *fault)
{
        const char *text = query_text(query, name);

        if (!text || clock_parse(text, ret_ms) == 0)
                return 0;
        return invalid(fault, name, text, "a time such as 2026-11-22T06:54:52Z");
}

bool query_list_has(const struct query *query, const char *name, const char *item)
{
        size_t len = strlen(item);

        for (size_t i = 0; i < query->n; i++) {
                if (strcmp(query->pairs[i].name, name) != 0)
                        continue;
                for (const char *s = query->pairs[i].value; *s; s += *s == ',') {
                        size_t n = strcspn(s, ",");

                        if (n == len && strncmp(s, item, n) == 0)
                                return true;
                        s += n;
                }
        }
        return false;
}
