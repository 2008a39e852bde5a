/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Values in one spelling. ldns parses what a person wrote and prints what it understood, for every
 * system alike, so that a set compares equal wherever it lies and whoever wrote it.
 *
 * TXT has one rule of its own: text without any quote is one string. Zone files would read
 * v=spf1 -all as two strings, which their readers join to v=spf1-all; nobody means that.
 */

#include "dns/dns.h"

#include <ldns/ldns.h>

#define STRING_MAX 255          /* of one character-string in TXT */

static void free_rr(ldns_rr **rr)
{
        ldns_rr_free(*rr);
}

static void free_rdf(ldns_rdf **rdf)
{
        ldns_rdf_deep_free(*rdf);
}

char *dns_value_of(ldns_rr *rr)
{
        _free_ char *line = NULL;
        char *p;

        ldns_rr2canonical(rr);
        line = ldns_rr2str_fmt(ldns_output_format_nocomments, rr);
        p = line;
        for (int tabs = 0; p && tabs < 4; tabs++) {
                p = strchr(p, '\t');
                p = p ? p + 1 : NULL;
        }
        return p ? strndup(p, strcspn(p, "\n")) : NULL;
}

/* Text without quotes as zone-file strings of at most 255 bytes. */
static char *quote_text(const char *text)
{
        size_t len = strlen(text), n = 0;
        char *ret = malloc(len * 2 + len / STRING_MAX * 3 + 4), *p = ret;

        if (!ret)
                return NULL;
        *p++ = '"';
        for (const char *s = text; *s; s++, n++) {
                if (n == STRING_MAX) {
                        memcpy(p, "\" \"", 3);
                        p += 3;
                        n = 0;
                }
                if (*s == '\\')
                        *p++ = '\\';
                *p++ = *s;
        }
        memcpy(p, "\"", 2);
        return ret;
}

/* What ldns would read past without a word; NULL: nothing. */
static const char *text_fault(const char *text)
{
        bool quoted = false;

        for (; *text; text++) {
                if (*text == '\\' && text[1])
                        text++;
                else if (*text == '"')
                        quoted = !quoted;
                else if (*text == ';' && !quoted)
                        return "a ';' outside quotes, which begins a comment";
                else if ((*text == '(' || *text == ')') && !quoted)
                        return "a parenthesis outside quotes";
        }
        return quoted ? "a quote that is not closed" : NULL;
}

static bool is_bare_text(const struct dns_key *key, const char *text)
{
        return strcmp(key->type, "TXT") == 0 && !strchr(text, '"');
}

static int check_text(struct kn_ctx *ctx, const struct dns_key *key, const char *text)
{
        const char *fault = is_bare_text(key, text) ? NULL : text_fault(text);

        for (const char *s = text; *s; s++)
                if ((unsigned char)*s < 0x20 || *s == 0x7f)
                        return kn_fail(ctx, KN_EARG, "value of %s %s holds a control character; in "
                                       "TXT write it as \\DDD, in decimal, inside quotes",
                                       key->owner, key->type);
        if (fault)
                return kn_fail(ctx, KN_EARG, "value '%.100s' of %s %s holds %s: leave it away, or "
                               "put the text in quotes", text, key->owner, key->type, fault);
        return KN_OK;
}

/*
 * How many numbers a value begins with. ldns cuts those to their width that are too large, without
 * a word.
 */
static const struct {
        const char *type;
        int n;
} numbers[] = {
        { "CAA", 1 }, { "DS", 3 }, { "HTTPS", 1 }, { "MX", 1 }, { "NAPTR", 2 }, { "SRV", 3 },
        { "SSHFP", 2 }, { "SVCB", 1 }, { "TLSA", 3 }, { "URI", 2 },
};

static bool numbers_kept(const char *type, const char *text, const char *canonical)
{
        int n = 0;

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
                if (strcmp(type, numbers[i].type) == 0)
                        n = numbers[i].n;
        while (n-- > 0) {
                char *text_end, *canonical_end;

                text += strspn(text, " ");
                if (*text < '0' || *text > '9')
                        return true;            /* a mnemonic, which ldns knows or refuses */
                if (strtoull(text, &text_end, 10) != strtoull(canonical, &canonical_end, 10))
                        return false;
                text = text_end;
                canonical = canonical_end;
        }
        return true;
}

/* The line of a zone file. */
static char *line_of(const struct dns_key *key, const char *text)
{
        _free_ char *quoted = NULL;
        size_t size;
        char *ret;

        if (is_bare_text(key, text)) {
                quoted = quote_text(text);
                if (!quoted)
                        return NULL;
                text = quoted;
        }
        size = strlen(key->owner) + strlen(key->type) + strlen(text) + 16;
        ret = malloc(size);
        if (ret)
                snprintf(ret, size, "%s 0 IN %s %s", key->owner, key->type, text);
        return ret;
}

int dns_value_parse(struct kn_ctx *ctx, const struct dns_key *key, const char *text, char **ret)
{
        _cleanup_(free_rdf) ldns_rdf *origin = NULL;
        _cleanup_(free_rr) ldns_rr *rr = NULL;
        _free_ char *line = line_of(key, text), *value = NULL;
        ldns_status st;
        int r = check_text(ctx, key, text);

        if (r < 0)
                return r;
        if (ldns_str2rdf_dname(&origin, key->zone) != LDNS_STATUS_OK || !line)
                return KN_ENOMEM;
        st = ldns_rr_new_frm_str(&rr, line, 0, origin, NULL);
        if (st != LDNS_STATUS_OK)
                return kn_fail(ctx, KN_EARG, "'%.100s' is no value for %s %s: %s", text, key->owner,
                               key->type, ldns_get_errorstr_by_id(st));
        value = dns_value_of(rr);
        if (!value)
                return KN_ENOMEM;
        if (!numbers_kept(key->type, text, value))
                return kn_fail(ctx, KN_EARG, "'%.100s' is no value for %s %s: a number in it is "
                               "too large", text, key->owner, key->type);
        *ret = value;
        value = NULL;
        return KN_OK;
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a),
                      json_string_value(*(json_t *const *)b));
}

/* The values sorted, each once; takes the reference. */
static json_t *sort_values(json_t *values)
{
        size_t n = json_array_size(values);
        const json_t **order = calloc(n + 1, sizeof *order);
        json_t *ret = json_array();

        for (size_t i = 0; order && i < n; i++)
                order[i] = json_array_get(values, i);
        if (order)
                qsort(order, n, sizeof *order, compare_texts);
        for (size_t i = 0; order && ret && i < n; i++)
                if (i == 0 || compare_texts(&order[i - 1], &order[i]) != 0)
                        json_array_append(ret, (json_t *)order[i]);
        if (!order && ret) {
                json_decref(ret);
                ret = NULL;
        }
        free(order);
        json_decref(values);
        return ret;
}

json_t *dns_rrset_of(int64_t ttl, json_t *values)
{
        json_t *sorted = sort_values(values);

        return sorted ? json_pack("{s:I, s:o}", "ttl", (json_int_t)ttl, "values", sorted) : NULL;
}

int dns_rrset_new(struct kn_ctx *ctx, const struct dns_key *key, int64_t ttl, const json_t *values,
                  json_t **ret)
{
        _json_ json_t *parsed = json_array();
        json_t *value;
        size_t i;

        json_array_foreach(values, i, value) {
                _free_ char *text = NULL;
                int r = dns_value_parse(ctx, key, json_string_value(value), &text);

                if (r < 0)
                        return r;
                if (json_array_append_new(parsed, json_string(text)) < 0)
                        return KN_ENOMEM;
        }
        *ret = dns_rrset_of(ttl, json_incref(parsed));
        return *ret ? KN_OK : KN_ENOMEM;
}

bool dns_rrset_equal(const json_t *a, const json_t *b)
{
        return (!a && !b) || (a && b && json_equal(a, b));
}

bool dns_rrset_has(const json_t *set, const char *value)
{
        json_t *other;
        size_t i;

        json_array_foreach(json_object_get(set, "values"), i, other)
                if (strcmp(json_string_value(other), value) == 0)
                        return true;
        return false;
}

char *dns_rrset_text(const json_t *set)
{
        return set ? json_dumps(set, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}
