/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The doors that need the hub, for every call into a plugin: an execution's, an undo's, a check's.
 */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

enum store_status call_status(int code)
{
        switch (code) {
        case KN_ETIMEOUT:
        case HOST_EHUNG:
                return STORE_TIMEOUT;
        case KN_ECANCELED:
                return STORE_CANCELED;
        default:
                return code < 0 ? STORE_FAILED : STORE_SUCCEEDED;
        }
}

static void door_done(void *arg, int code, const char *sentence, json_t *result)
{
        struct call *call = arg;

        call->done(call, code, sentence, result);
}

static void door_log(void *arg, int level, const char *text)
{
        static const enum log_level levels[] = { LOG_DEBUG_, LOG_INFO_, LOG_NOTICE_, LOG_WARNING_,
                                                 LOG_ERROR_ };
        struct call *call = arg;
        char id[ID_TEXT_SIZE] = "";

        if (call->r)
                id_text(&call->r->claim.id, id);
        log_write(levels[level < 0 || level > 4 ? 1 : level],
                  LOG_FIELDS("plugin", call->instance->plugin->name, "instance",
                             call->instance->name, "execution", *id ? id : NULL),
                  "plugin says: %s", text);
}

static void door_stream(void *arg, uint32_t kind, const void *data, size_t len)
{
        struct call *call = arg;

        if (call->r)
                running_output(call->r,
                               kind == KN_OUTPUT   ? "stdout"
                               : kind == KN_ERROUT ? "stderr"
                                                   : "progress",
                               data, len);
}

/* ---- secrets: { secret = "name" } from the key-value store, { file = "…" } from a file ---- */

static int take_value(void *arg, const struct store_key *key)
{
        *(char **)arg = strdup(key->value);
        return 0;
}

static int stored_secret(struct hub *hub, const char *name, char **ret)
{
        _free_ char *sealed = NULL;

        if (store_get_key(hub->o.store, "system", "", name, take_value, &sealed, NULL) != 0 ||
            !sealed)
                return KN_ENOENT;
        if (seal_unseal(hub->o.seal, name, sealed, ret, NULL) == 0)
                return KN_OK;
        *ret = TAKE(sealed);
        return KN_OK;
}

static int file_secret(const char *path, char **ret)
{
        _cleanup_(cleanup_file) FILE *file = fopen(path, "re");
        char text[8192];
        size_t n;

        if (!file)
                return KN_ENOENT;
        n = fread(text, 1, sizeof text - 1, file);
        while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                n--;
        text[n] = '\0';
        *ret = strdup(text);
        return *ret ? KN_OK : KN_ENOMEM;
}

int call_secret(struct hub *hub, const struct catalog_instance *instance, const char *path,
                char **ret)
{
        const json_t *reference = json_at(instance->config, path);
        const char *name = json_text_of(reference, "secret", NULL),
                   *file = json_text_of(reference, "file", NULL);
        int r = name ? stored_secret(hub, name, ret) : file ? file_secret(file, ret) : KN_ENOENT;

        if (r == KN_OK)
                log_mask(*ret);
        return r;
}

static int door_secret(void *arg, const char *path, char **ret)
{
        struct call *call = arg;

        return call_secret(call->hub, call->instance, path, ret);
}

/* ---- what a plugin keeps ---- */

struct kept {
        char *value;
        uint64_t seq;
};

static int take_kept(void *arg, const struct store_key *key)
{
        struct kept *kept = arg;

        kept->value = strdup(key->value);
        kept->seq = key->seq;
        return 0;
}

static int door_store_get(void *arg, const char *path, char **ret_json, uint64_t *ret_seq)
{
        struct call *call = arg;
        struct kept kept = { NULL, 0 };

        if (store_get_key(call->hub->o.store, "plugin", call->instance->name, path, take_kept,
                          &kept, NULL) != 0 ||
            !kept.value)
                return KN_ENOENT;
        *ret_json = kept.value;
        *ret_seq = kept.seq;
        return KN_OK;
}

static int door_store_put(void *arg, const char *path, const char *json, uint64_t seq)
{
        struct call *call = arg;
        struct store_txn *txn = store_txn_new();
        struct store_key key = {
                .scope = "plugin", .owner = call->instance->name, .name = path, .value = json
        };
        enum store_outcome outcome;

        if (!txn)
                return KN_ENOMEM;
        store_txn_key(txn, &key, seq);
        outcome = store_commit_wait(call->hub->o.store, txn, NULL, NULL);
        return outcome == STORE_DONE ? KN_OK : outcome == STORE_CONFLICT ? KN_ECONFLICT : KN_ETEMP;
}

static int door_emit(void *arg, const struct host_event *event)
{
        (void)arg;
        (void)event;
        return KN_EUNSUPPORTED;         /* only sensors emit; they have doors of their own */
}

static int door_change(void *arg, const struct kn_change *change)
{
        struct call *call = arg;

        return call->r ? change_announce(call->r, call->instance, change) : KN_EDENIED;
}

static int door_changed(void *arg, int ticket, int outcome, const char *observed)
{
        struct call *call = arg;

        return call->r ? change_close(call->r, ticket, outcome, observed) : KN_EARG;
}

static void door_again(void *arg, int64_t ms)
{
        (void)arg;
        (void)ms;
}

const struct host_doors plugin_doors = {
        .done = door_done, .log = door_log, .stream = door_stream, .secret = door_secret,
        .store_get = door_store_get, .store_put = door_store_put, .emit = door_emit,
        .change = door_change, .changed = door_changed, .again = door_again,
};
