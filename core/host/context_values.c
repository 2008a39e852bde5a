/* SPDX-License-Identifier: Apache-2.0 */

/*
 * get() and put(): values between JSON and struct kn_value. What get() hands out points into the
 * call's own JSON or into the arena, so it lives as long as the callback; put() copies.
 */

#include "host/context.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* ---- get ---- */

static int value_of_text(struct context *context, char *dump, struct kn_value *ret)
{
        const char *kept = arena_adopt(&context->arena, dump);

        if (!kept)
                return KN_ENOMEM;
        *ret = (struct kn_value){ .kind = KN_JSONTEXT, .s = kept, .len = strlen(kept) };
        return KN_OK;
}

static int value_of(struct context *context, const json_t *json, struct kn_value *ret)
{
        if (!json)
                return KN_ENOENT;
        switch (json_typeof(json)) {
        case JSON_NULL:
                *ret = (struct kn_value){ .kind = KN_NULL };
                return KN_OK;
        case JSON_TRUE:
        case JSON_FALSE:
                *ret = (struct kn_value){ .kind = KN_BOOL,
                                          .i = json_is_true(json),
                                          .r = json_is_true(json) };
                return KN_OK;
        case JSON_INTEGER:
                *ret = (struct kn_value){ .kind = KN_INT, .i = json_integer_value(json),
                                          .r = (double)json_integer_value(json) };
                return KN_OK;
        case JSON_REAL:
                *ret = (struct kn_value){ .kind = KN_REAL, .r = json_real_value(json) };
                return KN_OK;
        case JSON_STRING:
                *ret = (struct kn_value){ .kind = KN_STR, .s = json_string_value(json),
                                          .len = json_string_length(json) };
                return KN_OK;
        default:
                return value_of_text(context, json_compact(json), ret);
        }
}

static int get_int(int64_t i, struct kn_value *ret)
{
        *ret = (struct kn_value){ .kind = KN_INT, .i = i, .r = (double)i };
        return KN_OK;
}

static int get_call(struct context *context, const char *path, struct kn_value *ret)
{
        const struct context_call *call = &context->call;
        const char *text = NULL;

        if (strcmp(path, "attempt") == 0)
                return get_int(call->attempt, ret);
        if (strcmp(path, "deadline_ms") == 0 && context->cancel->deadline_mono_ms)
                return get_int(cancel_left_ms(context->cancel, -1), ret);
        if (strcmp(path, "id") == 0)
                text = call->id;
        else if (strcmp(path, "mode") == 0)
                text = call->mode;
        else if (strcmp(path, "instance") == 0)
                text = call->instance;
        else if (strcmp(path, "action") == 0)
                text = call->action;
        if (!text)
                return KN_ENOENT;
        *ret = (struct kn_value){ .kind = KN_STR, .s = text, .len = strlen(text) };
        return KN_OK;
}

static int get_secret(struct context *context, const char *path, struct kn_value *ret)
{
        const char *kept;
        char *secret = NULL;
        int r;

        if (!context->doors->secret)
                return KN_EUNSUPPORTED;
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->doors->secret(context->arg, path, &secret);
        context_leave(context);
        if (r < 0)
                return r;
        log_mask(secret);
        kept = arena_adopt(&context->arena, secret);
        if (!kept)
                return KN_ENOMEM;
        *ret = (struct kn_value){ .kind = KN_STR, .s = kept, .len = strlen(kept) };
        return KN_OK;
}

/*
 * Revisions hide in the map's pointers: they count commits and never come near the half of a word.
 */
static int remember(struct context *context, const char *path, uint64_t seq)
{
        return map_put(&context->seen, path, (void *)(uintptr_t)(seq + 1), NULL) < 0 ? KN_ENOMEM
                                                                                     : KN_OK;
}

static int value_of_stored(struct context *context, const char *dump, struct kn_value *ret)
{
        _json_ json_t *json = NULL;
        const char *kept;

        if (json_parse(dump, strlen(dump), &context_limits, &json, NULL) != 0)
                return KN_EINTERNAL;
        if (!json_is_string(json))
                return value_of(context, json, ret);
        kept = arena_bytes(&context->arena, json_string_value(json), json_string_length(json));
        if (!kept)
                return KN_ENOMEM;
        *ret = (struct kn_value){ .kind = KN_STR, .s = kept, .len = json_string_length(json) };
        return KN_OK;
}

static int get_store(struct context *context, const char *path, struct kn_value *ret)
{
        _free_ char *dump = NULL;
        uint64_t seq = 0;
        int r;

        if (!context->doors->store_get)
                return KN_EUNSUPPORTED;
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->doors->store_get(context->arg, path, &dump, &seq);
        context_leave(context);
        if (r < 0 && r != KN_ENOENT)
                return r;
        if (remember(context, path, r < 0 ? 0 : seq) < 0)
                return KN_ENOMEM;
        return r < 0 || !dump ? KN_ENOENT : value_of_stored(context, dump, ret);
}

int context_get(struct kn_ctx *ctx, uint32_t where, const char *path, struct kn_value *ret)
{
        struct context *context = (struct context *)(void *)ctx;

        if (!path || !ret || !text_is_utf8(path, strlen(path)))
                return KN_EARG;
        switch (where) {
        case KN_ARG:
                return value_of(context,
                                context->call.args ? json_at(context->call.args, path) : NULL, ret);
        case KN_CONFIG:
                return value_of(context,
                                context->call.config ? json_at(context->call.config, path) : NULL,
                                ret);
        case KN_SECRET:
                return get_secret(context, path, ret);
        case KN_STORE:
                return get_store(context, path, ret);
        case KN_RESULT:
                return value_of(context, context->result ? json_at(context->result, path) : NULL,
                                ret);
        case KN_CALL:
                return get_call(context, path, ret);
        default:
                return KN_EUNSUPPORTED;
        }
}

/* ---- put ---- */

static int json_of(struct context *context, const struct kn_value *value, json_t **ret)
{
        json_t *json = NULL;

        switch (value->kind) {
        case KN_NULL:
                json = json_null();
                break;
        case KN_BOOL:
                json = json_boolean(value->i);
                break;
        case KN_INT:
                json = json_integer(value->i);
                break;
        case KN_REAL:
                json = json_real(value->r);
                break;
        case KN_STR:
                json = value->s ? json_stringn(value->s, value->len) : NULL;
                break;
        case KN_JSONTEXT:
                if (value->s)
                        json_parse(value->s, value->len, &context_limits, &json, NULL);
                break;
        }
        if (!json)
                return context_say(context, KN_EARG, "the plugin put a value of kind %u that is %s",
                                   value->kind,
                                   value->kind == KN_JSONTEXT ? "no JSON"
                                                              : "no UTF-8 text or no number");
        *ret = json;
        return KN_OK;
}

static int put_result(struct context *context, const char *path, json_t *json)
{
        int r;

        if (!*path) {
                json_decref(context->result);
                context->result = json;
                return KN_OK;
        }
        if (!context->result)
                context->result = json_object();
        r = json_put_at(&context->result, path, json);
        if (r < 0)
                return context_say(context, KN_EARG, "the result has no place for the member '%s'",
                                   path);
        return KN_OK;
}

static int put_store(struct context *context, const char *path, const struct kn_value *value,
                     json_t *json)
{
        _free_ char *dump = value->kind == KN_NULL ? NULL : json_compact(json);
        uintptr_t seen = (uintptr_t)map_get(&context->seen, path);
        uint64_t seq = STORE_ANY;
        int r;

        if (!context->doors->store_put)
                return KN_EUNSUPPORTED;
        if (value->kind != KN_NULL && !dump)
                return KN_ENOMEM;
        if (value->flags & KN_CAS)
                seq = seen ? seen - 1 : 0;
        if (!context_enter(context))
                return KN_ECANCELED;
        r = context->doors->store_put(context->arg, path, dump, seq);
        context_leave(context);
        return r;
}

static int put_call(struct context *context, const char *path, const struct kn_value *value)
{
        if (strcmp(path, "again_ms") != 0 || value->kind != KN_INT || value->i < 0)
                return KN_EARG;
        if (!context->doors->again)
                return KN_EUNSUPPORTED;
        if (!context_enter(context))
                return KN_ECANCELED;
        context->doors->again(context->arg, value->i);
        context_leave(context);
        return KN_OK;
}

int context_put(struct kn_ctx *ctx, uint32_t where, const char *path, const struct kn_value *value)
{
        struct context *context = (struct context *)(void *)ctx;
        _json_ json_t *json = NULL;
        int r;

        if (!path || !value || !text_is_utf8(path, strlen(path)))
                return KN_EARG;
        if (where == KN_CALL)
                return put_call(context, path, value);
        if (where != KN_RESULT && where != KN_STORE)
                return KN_EUNSUPPORTED;
        r = json_of(context, value, &json);
        if (r < 0)
                return r;
        return where == KN_RESULT ? put_result(context, path, TAKE(json))
                : put_store(context, path, value, json);
}
