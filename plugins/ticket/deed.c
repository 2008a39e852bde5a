/* SPDX-License-Identifier: Apache-2.0 */

/* The change door with JSON in hand, and what every action needs to answer. */

#include "ticket/ticket.h"

char *canonical(const json_t *json)
{
        return json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
}

const char *text_of(const json_t *object, const char *key, const char *or_else)
{
        const char *s = json_string_value(json_object_get(object, key));

        return s ? s : or_else;
}

int deed_announce(struct kn_ctx *ctx, const struct deed *deed)
{
        _free_ char *before = canonical(deed->before), *after = canonical(deed->after);
        _free_ char *undo = canonical(deed->undo_args);
        struct kn_change change;

        if ((deed->before && !before) || (deed->after && !after) || (deed->undo_args && !undo))
                return KN_ENOMEM;
        memset(&change, 0, sizeof change);
        change.size = sizeof change;
        change.resource = deed->resource;
        change.before = before;
        change.after = after;
        change.undo_action = deed->undo_action;
        change.undo_args = undo;
        return kn_change(ctx, &change);
}

int deed_close(struct kn_ctx *ctx, int ticket, int outcome, const json_t *observed)
{
        _free_ char *text = canonical(observed);

        return kn_changed(ctx, ticket, outcome, text);
}

int give(struct kn_ctx *ctx, json_t *result)
{
        _json_ json_t *owned = result;
        _free_ char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;

        return text ? kn_return_json(ctx, "", text) : KN_ENOMEM;
}

json_t *ticket_lines(const char *text)
{
        json_t *values;

        if (!strchr(text, '\n'))
                return json_string(text);
        values = json_array();
        while (*text) {
                size_t len = strcspn(text, "\n");

                json_array_append_new(values, json_stringn(text, len));
                text += len + (text[len] == '\n');
        }
        return values;
}

void ticket_free(struct ticket *ticket)
{
        json_decref(ticket->json);
        json_decref(ticket->raw);
        ticket->json = ticket->raw = NULL;
}
