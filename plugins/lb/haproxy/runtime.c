/* SPDX-License-Identifier: Apache-2.0 */

#include "lb/haproxy/runtime.h"

#include "exchange.h"
#include "json.h"

#define COMMAND_MAX     600

static const char *where(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "socket", "");
}

/* ---- one exchange ---- */

static int exchange(struct kn_ctx *ctx, const char *command, char **ret)
{
        return exchange_ask(ctx, "HAProxy", where(ctx), command, ret);
}

static int command_of(struct kn_ctx *ctx, char command[COMMAND_MAX], const char *fmt, va_list ap)
{
        int n = vsnprintf(command, COMMAND_MAX - 1, fmt, ap);

        if (n < 0 || n >= COMMAND_MAX - 1)
                return kn_fail(ctx, KN_EARG, "a name is too long for HAProxy's runtime API");
        memcpy(command + n, "\n", 2);
        return KN_OK;
}

int runtime_ask(struct kn_ctx *ctx, char **ret, const char *fmt, ...)
{
        char command[COMMAND_MAX];
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = command_of(ctx, command, fmt, ap);
        va_end(ap);
        return r < 0 ? r : exchange(ctx, command, ret);
}

/* ---- messages ---- */

struct message {
        const char *text;               /* how it begins */
        int code;
        const char *advice;
};

static const struct message messages[] = {
        { "No such server", KN_ENOENT, "server.list shows those there are" },
        { "No such backend", KN_ENOENT, "pool.list shows those there are" },
        { "No such proxy", KN_ENOENT, "pool.list shows those there are" },
        { "Can't find backend", KN_ENOENT, "pool.list shows those there are" },
        { "Permission denied", KN_EAUTH, "the socket needs 'level admin' in haproxy.cfg" },
        { "Already exists a server", KN_ECONFLICT, "somebody else added it meanwhile" },
        { "Backend is using a static", KN_EUNSUPPORTED, "weights can be set with roundrobin, "
          "leastconn and the like" },
        { "Backend must use a dynamic", KN_EUNSUPPORTED, "servers can be added with roundrobin, "
          "leastconn and the like" },
        { "Server still has connections", KN_ETEMP, "drain it first, and try again when its "
          "sessions have ended" },
        { "Only servers in maintenance", KN_ECONFLICT, "somebody else made it ready meanwhile" },
        { "This server cannot be removed", KN_EUNSUPPORTED, "the configuration refers to it: "
          "change haproxy.cfg" },
        { "Unknown command", KN_EUNSUPPORTED, "HAProxy 2.6 or newer is needed" },
};

static int fail_message(struct kn_ctx *ctx, const char *command, const char *answer)
{
        for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
                if (strncmp(answer, messages[i].text, strlen(messages[i].text)) == 0)
                        return kn_fail(ctx, messages[i].code, "HAProxy at %s: %.*s (%s): %s",
                                       where(ctx), (int)strcspn(answer, "\n"), answer, command,
                                       messages[i].advice);
        return kn_fail(ctx, KN_EREMOTE, "HAProxy at %s answered to '%s': %.*s", where(ctx), command,
                       (int)strcspn(answer, "\n"), answer);
}

int runtime_do(struct kn_ctx *ctx, const char *success, const char *fmt, ...)
{
        char command[COMMAND_MAX];
        _free_ char *answer = NULL;
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = command_of(ctx, command, fmt, ap);
        va_end(ap);
        if (r == 0)
                r = exchange(ctx, command, &answer);
        if (r < 0)
                return r;
        if (!*answer || (success && strcmp(answer, success) == 0))
                return KN_OK;
        command[strlen(command) - 1] = 0;
        return fail_message(ctx, command, answer);
}

/* ---- tables: a header line that begins with "# ", then rows ---- */

/* Cut the next field off; CSV fields may stand in quotes, with "" for a quote inside. */
static char *next_field(char **rest, char separator)
{
        char *field = *rest, *to = field, *p = field;

        if (!field)
                return NULL;
        if (separator == ',' && *p == '"') {
                for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
                        if (*p == '"')
                                p++;
                        *to++ = *p;
                }
                p += *p == '"';
        } else {
                for (; *p && *p != separator; p++)
                        to++;
        }
        *rest = *p ? p + 1 : NULL;
        *to = 0;
        return field;
}

static json_t *fields_of(char *line, char separator)
{
        json_t *fields = json_array();
        char *field;

        while ((field = next_field(&line, separator)))
                json_array_append_new(fields, json_string(field));
        return fields;
}

static int add_row(json_t *rows, const json_t *columns, char *line, char separator)
{
        _json_ json_t *fields = fields_of(line, separator);
        json_t *row = json_object();

        for (size_t i = 0; i < json_array_size(columns) && i < json_array_size(fields); i++)
                json_object_set(row, json_string_value(json_array_get(columns, i)),
                                json_array_get(fields, i));
        return json_array_append_new(rows, row) < 0 ? KN_ENOMEM : KN_OK;
}

/* What does not have them is another version's, or was mangled on the way: nothing is read into it. */
static const char *const state_columns[] = { "be_name", "srv_name", "srv_addr", "srv_admin_state",
                                             "srv_uweight", "srv_check_state", "srv_port", NULL };
static const char *const stat_columns[] = { "pxname", "svname", "scur", "status", "weight", "type",
                                            NULL };

static int check_columns(struct kn_ctx *ctx, const json_t *columns, const char *const *wanted)
{
        for (; *wanted; wanted++)
                if (!json_has_text(columns, *wanted))
                        return kn_fail(ctx, KN_EREMOTE, "HAProxy at %s answers with a table that "
                                       "lacks the column %s: is it HAProxy 2.6 or newer?",
                                       where(ctx), *wanted);
        return KN_OK;
}

static int parse_table(struct kn_ctx *ctx, char *text, char separator, json_t **ret)
{
        _json_ json_t *rows = json_array(), *columns = NULL;
        char *rest = text, *line;
        int r;

        while ((line = strsep(&rest, "\n"))) {
                if (strncmp(line, "# ", 2) == 0 && !columns)
                        columns = fields_of(line + 2, separator);
                else if (columns && *line && add_row(rows, columns, line, separator) < 0)
                        return KN_ENOMEM;
        }
        if (!columns)
                return fail_message(ctx, separator == ',' ? "show stat" : "show servers state",
                                    text);
        r = check_columns(ctx, columns, separator == ',' ? stat_columns : state_columns);
        if (r == 0)
                *ret = json_incref(rows);
        return r;
}

int runtime_states(struct kn_ctx *ctx, const char *pool, json_t **ret)
{
        _free_ char *text = NULL;
        int r = pool ? runtime_ask(ctx, &text, "show servers state %s", pool)
                     : runtime_ask(ctx, &text, "show servers state");

        return r < 0 ? r : parse_table(ctx, text, ' ', ret);
}

/* 6: the rows of backends (2) and servers (4), not of frontends. */
int runtime_stats(struct kn_ctx *ctx, const char *pool, json_t **ret)
{
        _free_ char *text = NULL;
        int r = pool ? runtime_ask(ctx, &text, "show stat %s 6 -1", pool)
                     : runtime_ask(ctx, &text, "show stat -1 6 -1");

        return r < 0 ? r : parse_table(ctx, text, ',', ret);
}

const char *row_text(const json_t *row, const char *column)
{
        const char *text = json_string_value(json_object_get(row, column));

        return text ? text : "";
}

json_int_t row_int(const json_t *row, const char *column)
{
        return strtoll(row_text(row, column), NULL, 10);
}
