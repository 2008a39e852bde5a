/* SPDX-License-Identifier: Apache-2.0 */

/* What HAProxy's two tables say of a server, in the words of the contract. */

#include "lb/edit.h"
#include "lb/haproxy/haproxy.h"

/* srv_admin_state: why a server is out. Bit 2 (0x04) only remembers the configuration. */
enum { ADMIN_MAINT = 0x01 | 0x02 | 0x20 | 0x40, ADMIN_DRAIN = 0x08 | 0x10 };
enum { CHECK_CONFIGURED_AND_ENABLED = 0x02 | 0x04 };            /* srv_check_state */

int view_read(struct kn_ctx *ctx, const char *pool, struct view *ret)
{
        struct view view = { NULL, NULL };
        int r = runtime_states(ctx, pool, &view.states);

        if (r == 0)
                r = runtime_stats(ctx, pool, &view.stats);
        if (r < 0)
                view_free(&view);
        else
                *ret = view;
        return r;
}

void view_free(struct view *view)
{
        json_decref(view->states);
        json_decref(view->stats);
        view->states = view->stats = NULL;
}

static const json_t *find(const json_t *rows, const char *pool_column, const char *server_column,
                          const char *pool, const char *server)
{
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
                if (strcmp(row_text(row, pool_column), pool) == 0 &&
                    strcmp(row_text(row, server_column), server) == 0)
                        return row;
        return NULL;
}

const json_t *view_stat(const struct view *view, const char *pool, const char *server)
{
        return find(view->stats, "pxname", "svname", pool, server);
}

static const char *state_word(json_int_t admin)
{
        return admin & ADMIN_MAINT ? "maint" : admin & ADMIN_DRAIN ? "drain" : "ready";
}

static void address_of(const json_t *state, char *ret, size_t size)
{
        const char *host = row_text(state, "srv_addr");
        bool is_v6 = strchr(host, ':') != NULL;

        snprintf(ret, size, "%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
                 row_text(state, "srv_port"));
}

json_t *server_value(const json_t *state)
{
        char address[300];
        json_int_t check;

        if (!state)
                return NULL;
        address_of(state, address, sizeof address);
        check = row_int(state, "srv_check_state") & CHECK_CONFIGURED_AND_ENABLED;
        return lb_value(address, check == CHECK_CONFIGURED_AND_ENABLED,
                        state_word(row_int(state, "srv_admin_state")),
                        row_int(state, "srv_uweight"));
}

static bool begins(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* In maintenance, and without checks, nobody knows. */
enum health server_health(const json_t *stat)
{
        const char *status = row_text(stat, "status");

        if (begins(status, "UP") || begins(status, "DRAIN") || begins(status, "NOLB"))
                return HEALTH_UP;
        return begins(status, "DOWN") ? HEALTH_DOWN : HEALTH_UNKNOWN;
}

bool server_serves(const json_t *stat)
{
        const char *status = row_text(stat, "status");

        return (begins(status, "UP") || begins(status, "no check")) && row_int(stat, "weight") > 0;
}

bool server_is_plain(const json_t *state, const json_t *stat)
{
        return row_int(state, "srv_use_ssl") == 0 && row_int(state, "srv_agent_state") == 0 &&
               strcmp(row_text(state, "srv_fqdn"), "-") == 0 &&
               strcmp(row_text(state, "srvrecord"), "-") == 0 &&
               !*row_text(stat, "cookie") && !*row_text(stat, "tracked");
}

unsigned view_serving(const struct view *view, const char *pool, const char *but)
{
        unsigned n = 0;
        json_t *row;
        size_t i;

        json_array_foreach(view->stats, i, row)
                n += strcmp(row_text(row, "pxname"), pool) == 0 && row_int(row, "type") == 2 &&
                     (!but || strcmp(row_text(row, "svname"), but) != 0) && server_serves(row);
        return n;
}
