/* SPDX-License-Identifier: Apache-2.0 */

#include "notify/message.h"

#include "change.h"

/* ---- templates ---- */

struct filled {
        char *text;
        size_t len, size;
};

static bool add(struct filled *to, const char *text, size_t len)
{
        if (to->len + len + 1 > to->size) {
                size_t size = (to->len + len + 1) * 2;
                char *grown = realloc(to->text, size);

                if (!grown)
                        return false;
                to->text = grown;
                to->size = size;
        }
        memcpy(to->text + to->len, text, len);
        to->len += len;
        to->text[to->len] = 0;
        return true;
}

/* "{{ name }}" at the beginning of text: its length, and the name. 0: it is none. */
static size_t placeholder(const char *text, char name[65])
{
        const char *end = strstr(text, "}}"), *from = text + 2;
        size_t len;

        if (strncmp(text, "{{", 2) != 0 || !end)
                return 0;
        from += strspn(from, " ");
        len = strspn(from, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
        if (len == 0 || len > 64 || from + len + strspn(from + len, " ") != end)
                return 0;
        memcpy(name, from, len);
        name[len] = 0;
        return (size_t)(end + 2 - text);
}

static bool add_value(struct filled *to, const json_t *value)
{
        _free_ char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        const char *s = json_is_string(value) ? json_string_value(value) : text;

        return s && add(to, s, strlen(s));
}

char *message_fill(const char *text, const json_t *values, char missing[65])
{
        struct filled filled = { NULL, 0, 0 };
        bool fine = add(&filled, "", 0);

        missing[0] = 0;
        while (fine && *text) {
                char name[65];
                size_t n = placeholder(text, name), plain = n ? 0 : 1 + strcspn(text + 1, "{");
                const json_t *value = n ? json_object_get(values, name) : NULL;

                if (n && !value) {
                        memcpy(missing, name, sizeof name);
                        fine = false;
                } else {
                        fine = n ? add_value(&filled, value) : add(&filled, text, plain);
                }
                text += n ? n : plain;
        }
        if (fine)
                return filled.text;
        free(filled.text);
        return NULL;
}

bool message_bends_lines(const char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        return true;
        return false;
}

/* ---- composing ---- */

static void message_done(struct message *message)
{
        free(message->subject);
        free(message->text);
}

/* The row of a list in the configuration; new, NULL: there is none of that name. */
static json_t *named(struct kn_ctx *ctx, const char *list, const char *name)
{
        _json_ json_t *rows = json_loads(kn_config_str(ctx, list, "[]"), 0, NULL);
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
                if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
                        return json_incref(row);
        return NULL;
}

static const char *address_of(struct kn_ctx *ctx, const char *to)
{
        char path[40];

        for (unsigned i = 0;; i++) {
                const char *name;

                snprintf(path, sizeof path, "targets.%u.name", i);
                name = kn_config_str(ctx, path, NULL);
                if (!name)
                        return to;
                snprintf(path, sizeof path, "targets.%u.to", i);
                if (strcmp(name, to) == 0)
                        return kn_config_str(ctx, path, to);
        }
}

static int fill_part(struct kn_ctx *ctx, const char *part, const json_t *template,
                     const json_t *values, char **ret)
{
        const char *text = kn_arg_str(ctx, part, NULL);
        char missing[65] = "";

        if (!text)
                text = json_string_value(json_object_get(template, part));
        if (!text)
                text = "";
        *ret = values ? message_fill(text, values, missing) : strdup(text);
        if (*ret)
                return KN_OK;
        return *missing ? kn_fail(ctx, KN_EARG, "%s says {{%s}}, and values has no %s", part, missing,
                                  missing) : KN_ENOMEM;
}

/* A template's braces are always filled in, a text's only where values are given. */
static json_t *values_of(struct kn_ctx *ctx, const json_t *template)
{
        const char *given = kn_arg_str(ctx, "values", NULL);

        return given || template ? json_loads(given ? given : "{}", 0, NULL) : NULL;
}

static int compose_text(struct kn_ctx *ctx, struct message *message)
{
        const char *name = kn_arg_str(ctx, "template", NULL);
        _json_ json_t *template = name ? named(ctx, "templates", name) : NULL, *values = NULL;
        int r;

        if (name && !template)
                return kn_fail(ctx, KN_ENOENT, "there is no template %s in the instance's "
                               "configuration: target.list shows those there are", name);
        values = values_of(ctx, template);
        r = fill_part(ctx, "subject", template, values, &message->subject);
        if (r == 0)
                r = fill_part(ctx, "text", template, values, &message->text);
        if (r < 0)
                return r;
        if (!*message->subject && !*message->text)
                return kn_fail(ctx, KN_EARG, "the message has neither a subject nor a text");
        if (message_bends_lines(message->subject))
                return kn_fail(ctx, KN_EARG, "the subject would be more than one line: take line "
                               "breaks and control characters out of it");
        return KN_OK;
}

/* The execution's id, so that a second attempt carries the first one's. */
static void name_message(struct kn_ctx *ctx, struct message *message)
{
        const char *id = kn_str(ctx, KN_CALL, "id", "");
        size_t n = 0;

        for (; *id && n < sizeof message->id - 1; id++)
                if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *id))
                        message->id[n++] = *id;
        message->id[n] = 0;
}

static int compose(struct kn_ctx *ctx, struct message *message)
{
        message->to = kn_arg_str(ctx, "to", "");
        message->address = address_of(ctx, message->to);
        message->severity = kn_arg_str(ctx, "severity", "info");
        name_message(ctx, message);
        return compose_text(ctx, message);
}

/* ---- sending ---- */

static int answer(struct kn_ctx *ctx, const struct message *message, const struct change *change,
                  const char *said)
{
        json_t *result = json_pack("{s:s, s:s?}", "to", message->to, "id",
                                   said && *message->id ? message->id : NULL);

        if (said && *said)
                json_object_set_new(result, "answer", json_string(said));
        return change_answer(ctx, change, true, result);
}

static int send_once(struct kn_ctx *ctx, const struct message *message,
                     const struct carrier *carrier, const struct change *change, int ticket)
{
        _free_ char *after = change_text(change->after);
        struct delivery delivery = { .is_unknown = false };
        int r = carrier->send(ctx, message, &delivery), closed;

        if (r < 0) {
                kn_changed(ctx, ticket, delivery.is_unknown ? KN_EUNKNOWN : r, NULL);
                return r;
        }
        closed = kn_changed(ctx, ticket, KN_OK, after);
        return closed < 0 ? closed : answer(ctx, message, change, delivery.answer);
}

int message_send(struct kn_ctx *ctx, const struct carrier *carrier)
{
        _cleanup_(message_done) struct message message = { .to = "" };
        _change_ struct change change = { .resource = NULL };
        int r = compose(ctx, &message), ticket;

        if (r == 0 && carrier->accept)
                r = carrier->accept(ctx, &message);
        if (r < 0)
                return r;
        change.resource = change_resource("notify/%s", message.to);
        change.after = json_pack("{s:s, s:s, s:s}", "subject", message.subject, "text", message.text,
                                 "severity", message.severity);
        ticket = change_announce(ctx, &change);
        if (ticket < 0)
                return ticket;
        return ticket == KN_SKIP ? answer(ctx, &message, &change, NULL)
                                 : send_once(ctx, &message, carrier, &change, ticket);
}

int message_targets(struct kn_ctx *ctx, const struct carrier *carrier)
{
        _json_ json_t *targets = json_loads(kn_config_str(ctx, "targets", "[]"), 0, NULL);
        _json_ json_t *templates = json_loads(kn_config_str(ctx, "templates", "[]"), 0, NULL);
        json_t *shown = json_array(), *named_ones = json_array(), *row;
        size_t i;

        json_array_foreach(targets, i, row)
                json_array_append_new(shown, json_pack("{s:O, s:s}", "to", json_object_get(row, "name"),
                        "kind", carrier->kind(json_string_value(json_object_get(row, "to")))));
        json_array_foreach(templates, i, row) {
                const char *subject = json_string_value(json_object_get(row, "subject"));

                json_array_append_new(named_ones, json_pack("{s:O, s:s}", "template",
                                      json_object_get(row, "name"), "subject",
                                      subject ? subject : ""));
        }
        return change_give(ctx, json_pack("{s:o, s:o}", "targets", shown, "templates", named_ones));
}
