/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions that change a record set. Each is the same walk: read what is, work out what shall
 * be, announce the change, write it held to what was read, read it back, and record what is there
 * now. The system's word that it did something is never taken for the deed.
 *
 * When the answer to a write is lost, reading back decides: it is there (done), it is as before
 * (the failure stands), or nobody can tell, and the ledger says so: unknown.
 */

#include "dns/dns.h"

struct edit {
        struct dns_key key;
        json_t *before, *after;         /* owned; NULL: no set */
};

static void free_edit(struct edit *edit)
{
        json_decref(edit->before);
        json_decref(edit->after);
}

static json_t *or_null(json_t *set)
{
        return set ? json_incref(set) : json_null();
}

static int answer(struct kn_ctx *ctx, const struct edit *edit, bool changed)
{
        _json_ json_t *result = json_pack("{s:b, s:s, s:s, s:s, s:o, s:o}", "changed", changed,
                                          "zone", edit->key.zone, "name", edit->key.name,
                                          "type", edit->key.type, "before", or_null(edit->before),
                                          "after", or_null(edit->after));
        _free_ char *text = result ? json_dumps(result, JSON_COMPACT) : NULL;

        return text ? kn_return_json(ctx, "", text) : KN_ENOMEM;
}

/* The arguments that put before back: the whole set, or its removal. */
static char *undo_args(const struct edit *edit)
{
        const struct dns_key *key = &edit->key;
        _json_ json_t *args = json_pack("{s:s, s:s, s:s}", "zone", key->zone, "name", key->name,
                                        "type", key->type);

        if (!args || (edit->before && json_object_update(args, edit->before) < 0))
                return NULL;
        return json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
}

static int announce(struct kn_ctx *ctx, const struct edit *edit)
{
        _free_ char *resource = dns_key_resource(&edit->key), *undo = undo_args(edit);
        _free_ char *before = dns_rrset_text(edit->before), *after = dns_rrset_text(edit->after);
        struct kn_change change;

        if (!resource || !undo || (edit->before && !before) || (edit->after && !after))
                return KN_ENOMEM;
        memset(&change, 0, sizeof change);
        change.size = sizeof change;
        change.resource = resource;
        change.before = before;
        change.after = after;
        change.undo_action = edit->before ? "record.set" : "record.remove";
        change.undo_args = undo;
        return kn_change(ctx, &change);
}

static int fail_conflict(struct kn_ctx *ctx, const struct edit *edit, const char *found)
{
        _free_ char *expected = dns_rrset_text(edit->before);

        return kn_fail(ctx, KN_ECONFLICT, "%.80s %s was changed by somebody else meanwhile: "
                       "expected %.120s, found %.120s; nothing was written. Look at it, then run "
                       "this again", edit->key.owner, edit->key.type, expected ? expected : "none",
                       found ? found : "none");
}

static int fail_untrue(struct kn_ctx *ctx, const struct edit *edit, const char *found)
{
        _free_ char *wanted = dns_rrset_text(edit->after);

        return kn_fail(ctx, KN_ECONFLICT, "the server reported success, but %.80s %s is %.120s, "
                       "not %.120s: is there a CNAME or a zone cut at that name, or somebody else "
                       "writing?", edit->key.owner, edit->key.type, found ? found : "absent",
                       wanted ? wanted : "absent");
}

/* After the write said `written`: read back, close the ticket, answer. */
static int settle(struct kn_ctx *ctx, const struct edit *edit, int ticket, int written)
{
        _json_ json_t *observed = NULL;
        _free_ char *text = NULL;
        int r = system_read(ctx, &edit->key, true, &observed);

        if (r < 0) {
                kn_changed(ctx, ticket, KN_EUNKNOWN, NULL);
                return written < 0 ? written : r;
        }
        text = dns_rrset_text(observed);
        if (observed && !text)
                return KN_ENOMEM;
        if (dns_rrset_equal(observed, edit->after) && written != DNS_STALE) {
                if (written < 0)
                        kn_log(ctx, KN_NOTICE, "dns %s %s: the answer was lost, but the change is "
                               "there", edit->key.owner, edit->key.type);
                r = kn_changed(ctx, ticket, KN_OK, text);
                return r < 0 ? r : answer(ctx, edit, true);
        }
        if (written == KN_OK)
                written = fail_untrue(ctx, edit, text);
        else if (written == DNS_STALE)
                written = fail_conflict(ctx, edit, text);
        kn_changed(ctx, ticket, written, text);
        return written;
}

static int carry_out(struct kn_ctx *ctx, const struct edit *edit)
{
        int ticket;

        if (dns_rrset_equal(edit->before, edit->after))
                return answer(ctx, edit, false);
        ticket = announce(ctx, edit);
        if (ticket < 0)
                return ticket;
        if (ticket == KN_SKIP)
                return answer(ctx, edit, true);
        return settle(ctx, edit, ticket, system_write(ctx, &edit->key, edit->before, edit->after));
}

/* The key, and the set as it is. */
static int begin(struct kn_ctx *ctx, struct edit *edit)
{
        int r = dns_key_read(ctx, &edit->key);

        return r < 0 ? r : system_read(ctx, &edit->key, true, &edit->before);
}

static int64_t ttl_wanted(struct kn_ctx *ctx, const json_t *before)
{
        json_t *present = json_object_get(before, "ttl");

        return kn_arg_int(ctx, "ttl", present ? json_integer_value(present) : DNS_TTL_DEFAULT);
}

int dns_record_set(struct kn_ctx *ctx)
{
        _cleanup_(free_edit) struct edit edit = { .before = NULL };
        _json_ json_t *values = json_loads(kn_arg_str(ctx, "values", "[]"), 0, NULL);
        int r = begin(ctx, &edit);

        if (r < 0)
                return r;
        r = dns_rrset_new(ctx, &edit.key, ttl_wanted(ctx, edit.before), values, &edit.after);
        return r < 0 ? r : carry_out(ctx, &edit);
}

int dns_record_add(struct kn_ctx *ctx)
{
        _cleanup_(free_edit) struct edit edit = { .before = NULL };
        _json_ json_t *values = NULL;
        _free_ char *value = NULL;
        int r = begin(ctx, &edit);

        if (r < 0)
                return r;
        r = dns_value_parse(ctx, &edit.key, kn_arg_str(ctx, "value", ""), &value);
        if (r < 0)
                return r;
        values = edit.before ? json_copy(json_object_get(edit.before, "values")) : json_array();
        if (!values || json_array_append_new(values, json_string(value)) < 0)
                return KN_ENOMEM;
        edit.after = dns_rrset_of(ttl_wanted(ctx, edit.before), json_incref(values));
        return edit.after ? carry_out(ctx, &edit) : KN_ENOMEM;
}

/* before without value; NULL where nothing stays. */
static json_t *without(const json_t *before, const char *value)
{
        json_t *values = json_array(), *other;
        size_t i;

        json_array_foreach(json_object_get(before, "values"), i, other)
                if (strcmp(json_string_value(other), value) != 0)
                        json_array_append(values, other);
        if (json_array_size(values) > 0)
                return dns_rrset_of(json_integer_value(json_object_get(before, "ttl")), values);
        json_decref(values);
        return NULL;
}

int dns_record_remove(struct kn_ctx *ctx)
{
        _cleanup_(free_edit) struct edit edit = { .before = NULL };
        const char *text = kn_arg_str(ctx, "value", NULL);
        _free_ char *value = NULL;
        int r = begin(ctx, &edit);

        if (r < 0)
                return r;
        if (text) {
                r = dns_value_parse(ctx, &edit.key, text, &value);
                if (r < 0)
                        return r;
                edit.after = without(edit.before, value);
        }
        return carry_out(ctx, &edit);
}
