/* SPDX-License-Identifier: Apache-2.0 */

#include "lb/haproxy/runtime.h"

#include <errno.h>
#include <sys/socket.h>

#define CONNECT_MS      5000
#define ANSWER_MS       10000
#define ANSWER_MAX      (32u << 20)
#define COMMAND_MAX     600

static void cleanup_fd(const int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static const char *where(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "socket", "");
}

/* ---- one exchange ---- */

static int wait_ready(struct kn_ctx *ctx, int fd, int events)
{
        int r = kn_wait(ctx, fd, events, ANSWER_MS);

        if (r == 0)
                return kn_fail(ctx, KN_ETIMEOUT, "HAProxy at %s did not answer within %d s",
                               where(ctx), ANSWER_MS / 1000);
        return r < 0 ? r : KN_OK;
}

static int fail_closed(struct kn_ctx *ctx, int error)
{
        return kn_fail(ctx, KN_ETEMP, "HAProxy at %s closed the connection: %s", where(ctx),
                       strerror(error));
}

static int send_line(struct kn_ctx *ctx, int fd, const char *line)
{
        size_t len = strlen(line);

        while (len > 0) {
                ssize_t n = send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r = KN_OK;

                if (n > 0) {
                        line += n;
                        len -= (size_t)n;
                } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
                        return fail_closed(ctx, errno);
                } else {
                        r = wait_ready(ctx, fd, KN_WRITE);
                }
                if (r < 0)
                        return r;
        }
        return KN_OK;
}

struct answer {
        char *text;
        size_t len, size;
};

static int grow(struct kn_ctx *ctx, struct answer *answer)
{
        size_t size = answer->size ? answer->size * 2 : 16384;
        char *text;

        if (size > ANSWER_MAX)
                return kn_fail(ctx, KN_EREMOTE, "HAProxy at %s answers more than %u MiB: is that "
                               "its runtime API?", where(ctx), ANSWER_MAX >> 20);
        text = realloc(answer->text, size);
        if (!text)
                return KN_ENOMEM;
        answer->text = text;
        answer->size = size;
        return KN_OK;
}

static int receive_all(struct kn_ctx *ctx, int fd, struct answer *answer)
{
        for (;;) {
                ssize_t n;
                int r = answer->len + 1 >= answer->size ? grow(ctx, answer) : KN_OK;

                if (r == 0)
                        r = wait_ready(ctx, fd, KN_READ);
                if (r < 0)
                        return r;
                n = recv(fd, answer->text + answer->len, answer->size - answer->len - 1,
                         MSG_DONTWAIT);
                if (n == 0)
                        return KN_OK;
                if (n > 0)
                        answer->len += (size_t)n;
                else if (errno != EAGAIN && errno != EINTR)
                        return fail_closed(ctx, errno);
        }
}

static int exchange(struct kn_ctx *ctx, const char *command, char **ret)
{
        struct answer answer = { NULL, 0, 0 };
        _cleanup_(cleanup_fd) int fd = kn_dial(ctx, where(ctx), CONNECT_MS);
        char *start;
        int r = fd < 0 ? fd : send_line(ctx, fd, command);

        if (r == 0)
                r = receive_all(ctx, fd, &answer);
        if (r < 0) {
                free(answer.text);
                return r;
        }
        while (answer.len > 0 && strchr(" \n", answer.text[answer.len - 1]))
                answer.len--;
        answer.text[answer.len] = 0;
        start = answer.text + strspn(answer.text, "\n");
        memmove(answer.text, start, strlen(start) + 1);
        *ret = answer.text;
        return KN_OK;
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

static int parse_table(struct kn_ctx *ctx, char *text, char separator, json_t **ret)
{
        _json_ json_t *rows = json_array(), *columns = NULL;
        char *rest = text, *line;

        while ((line = strsep(&rest, "\n"))) {
                if (strncmp(line, "# ", 2) == 0 && !columns)
                        columns = fields_of(line + 2, separator);
                else if (columns && *line && add_row(rows, columns, line, separator) < 0)
                        return KN_ENOMEM;
        }
        if (!columns)
                return fail_message(ctx, separator == ',' ? "show stat" : "show servers state",
                                    text);
        *ret = json_incref(rows);
        return KN_OK;
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
