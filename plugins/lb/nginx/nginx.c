/* SPDX-License-Identifier: Apache-2.0 */

/*
 * nginx by include files, test and reload. nginx has no interface of its own for that, and what it
 * takes (writing below /etc, running nginx -t, a signal to root's process) is more than a plugin or
 * the hub should hold. So a helper of one file, kaname-nginx-pools, does it where nginx runs; here is
 * the other end of its socket. Every change is of a whole pool, and names the revision that it was
 * made from: a compare-and-swap, which the helper holds under its lock.
 */

#include "lb/edit.h"
#include "lb/nginx/nginx.h"

static int list_servers(json_t *to, const char *pool, const json_t *servers)
{
        const char *server;
        json_t *row;

        json_object_foreach((json_t *)servers, server, row) {
                json_t *entry = json_copy(json_object_get(row, "value"));
                bool serves = json_is_true(json_object_get(row, "serves"));

                json_object_set_new(entry, "pool", json_string(pool));
                json_object_set_new(entry, "server", json_string(server));
                json_object_set_new(entry, "health", json_string("unknown"));
                json_object_set_new(entry, "status", json_string(serves ? "" : "down"));
                json_object_set(entry, "sessions", json_object_get(row, "sessions"));
                if (json_array_append_new(to, entry) < 0)
                        return KN_ENOMEM;
        }
        return KN_OK;
}

static int server_list(struct kn_ctx *ctx)
{
        _json_ json_t *list = json_array(), *pools = NULL;
        int r = helper_read(ctx, kn_arg_str(ctx, "pool", NULL), &pools);
        const char *name;
        json_t *pool;

        json_object_foreach(pools, name, pool)
                if (r == 0)
                        r = list_servers(list, name, json_object_get(pool, "servers"));
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "servers", list));
}

static int pool_list(struct kn_ctx *ctx)
{
        _json_ json_t *list = json_array(), *pools = NULL;
        int r = helper_read(ctx, NULL, &pools);
        const char *name;
        json_t *pool;

        json_object_foreach(pools, name, pool) {
                json_int_t serving = lb_serving(pool, NULL);
                json_int_t n = (json_int_t)json_object_size(json_object_get(pool, "servers"));

                json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "pool", name,
                                                      "status", serving > 0 ? "UP" : "DOWN",
                                                      "servers", n, "serving", serving));
        }
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "pools", list));
}

static int check(struct kn_ctx *ctx)
{
        _free_ char *answer = NULL;
        char version[64] = "";
        int r = helper_ask(ctx, "version\n", &answer);

        if (r < 0)
                return r;
        if (sscanf(answer, "version %63s", version) != 1)
                return helper_odd(ctx, answer);
        r = kn_return_str(ctx, "version", version);
        return r < 0 ? r : kn_return_bool(ctx, "change", true);
}

static const char config[] = KN_JSON({
        "type" : "object",
        "properties" : {
                "socket" : {
                        "type" : "string",
                        "maxLength" : 300,
                        "pattern" :
                                "^(unix:/.+|tcp:(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[1-9][0-9]*)$",
                        "description" : "Where kaname-nginx-pools listens: unix:/run/kaname-nginx.sock"
                }
        },
        "required" : ["socket"],
        "additionalProperties" : false
});

/* Summaries and schemas stand in the domain's contract. */
static const struct kn_action actions[] = {
        { .name = "server.state", .run = server_set_state, .flags = KN_IDEMPOTENT },
        { .name = "server.weight", .run = server_set_weight, .flags = KN_IDEMPOTENT },
        { .name = "server.add", .run = server_add, .flags = KN_IDEMPOTENT },
        { .name = "server.remove", .run = server_remove, .flags = KN_IDEMPOTENT },
        { .name = "pool.create", .run = pool_create, .flags = KN_IDEMPOTENT },
        { .name = "pool.remove", .run = pool_remove, .flags = KN_IDEMPOTENT },
        { .name = "server.list", .run = server_list, .flags = KN_IDEMPOTENT | KN_READONLY },
        { .name = "pool.list", .run = pool_list, .flags = KN_IDEMPOTENT | KN_READONLY },
};

KN_PLUGIN(.name = "nginx", .version = "1.0", .domain = "lb",
          .summary = "nginx's upstream servers by include files, test and reload",
          .config = config, .check = check, KN_ACTIONS(actions))
