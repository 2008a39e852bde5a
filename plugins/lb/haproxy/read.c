/* SPDX-License-Identifier: Apache-2.0 */

/* The actions that only read. */

#include "lb/edit.h"
#include "lb/haproxy/haproxy.h"

static const char *health_word(enum health health)
{
        static const char *const words[] = { "unknown", "up", "down" };

        return words[health];
}

static int add_server(json_t *servers, const struct view *view, const json_t *state)
{
        const char *pool = row_text(state, "be_name"), *server = row_text(state, "srv_name");
        const json_t *stat = view_stat(view, pool, server);
        json_t *row = server_value(state);

        if (!row)
                return KN_ENOMEM;
        json_object_set_new(row, "pool", json_string(pool));
        json_object_set_new(row, "server", json_string(server));
        json_object_set_new(row, "health", json_string(health_word(server_health(stat))));
        json_object_set_new(row, "status", json_string(row_text(stat, "status")));
        json_object_set_new(row, "sessions", json_integer(row_int(stat, "scur")));
        return json_array_append_new(servers, row) < 0 ? KN_ENOMEM : KN_OK;
}

int server_list(struct kn_ctx *ctx)
{
        _json_ json_t *servers = json_array();
        _cleanup_(view_free) struct view view = { NULL, NULL };
        int r = view_read(ctx, kn_arg_str(ctx, "pool", NULL), &view);
        json_t *state;
        size_t i;

        json_array_foreach(view.states, i, state)
                if (r == 0)
                        r = add_server(servers, &view, state);
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "servers", servers));
}

static json_int_t count_servers(const json_t *stats, const char *pool)
{
        json_int_t n = 0;
        json_t *row;
        size_t i;

        json_array_foreach(stats, i, row)
                n += row_int(row, "type") == 2 && strcmp(row_text(row, "pxname"), pool) == 0;
        return n;
}

static json_t *pool_summary(const struct view *view, const char *pool, const json_t *row)
{
        return json_pack("{s:s, s:s, s:I, s:I}", "pool", pool, "status", row_text(row, "status"),
                         "servers", count_servers(view->stats, pool),
                         "serving", (json_int_t)view_serving(view, pool, NULL));
}

int pool_list(struct kn_ctx *ctx)
{
        _json_ json_t *pools = json_array();
        _cleanup_(view_free) struct view view = { NULL, NULL };
        int r = runtime_stats(ctx, NULL, &view.stats);
        json_t *row;
        size_t i;

        json_array_foreach(view.stats, i, row) {
                const char *pool = row_text(row, "pxname");

                if (row_int(row, "type") == 1)
                        json_array_append_new(pools, pool_summary(&view, pool, row));
        }
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "pools", pools));
}

/* The contract's names for HAProxy's columns. */
static void put_counters(json_t *to, const json_t *row)
{
        static const char *const names[][2] = {
                { "sessions", "scur" }, { "sessions_total", "stot" }, { "queued", "qcur" },
                { "bytes_in", "bin" }, { "bytes_out", "bout" }, { "connect_errors", "econ" },
                { "response_errors", "eresp" }, { "answers_2xx", "hrsp_2xx" },
                { "answers_4xx", "hrsp_4xx" }, { "answers_5xx", "hrsp_5xx" },
        };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                json_object_set_new(to, names[i][0], json_integer(row_int(row, names[i][1])));
}

static json_t *server_counters(const json_t *stats)
{
        json_t *servers = json_array(), *row;
        size_t i;

        json_array_foreach(stats, i, row) {
                json_t *entry;

                if (row_int(row, "type") != 2)
                        continue;
                entry = json_pack("{s:s, s:s}", "server", row_text(row, "svname"), "status",
                                  row_text(row, "status"));
                put_counters(entry, row);
                json_array_append_new(servers, entry);
        }
        return servers;
}

int pool_stats(struct kn_ctx *ctx)
{
        const char *pool = kn_arg_str(ctx, "pool", "");
        _cleanup_(view_free) struct view view = { NULL, NULL };
        const json_t *row;
        json_t *result;
        int r = runtime_stats(ctx, pool, &view.stats);

        if (r < 0)
                return r;
        row = view_stat(&view, pool, "BACKEND");
        if (!row)
                return kn_fail(ctx, KN_ENOENT, "HAProxy has no pool (backend) %s: pool.list shows "
                               "those there are", pool);
        result = pool_summary(&view, pool, row);
        json_object_set_new(result, "by_server", server_counters(view.stats));
        if (result)
                put_counters(result, row);
        return change_give(ctx, result);
}
