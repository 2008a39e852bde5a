/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Links to executions, as lines of the description: Redmine's issues link to each other only. A
 * line is "Execution: " and the link, alone; what people write around it stays as it is.
 */

#include "redmine.h"

#define MARK "Execution: "

/* Does the line name an execution, and which? */
static bool execution_of(const char *prefix, const char *line, size_t len, const char **ret,
                         size_t *ret_len)
{
        size_t mark = strlen(MARK), n = strlen(prefix);

        while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
                len--;
        if (len <= mark + n || strncmp(line, MARK, mark) != 0 ||
            strncmp(line + mark, prefix, n) != 0 || memchr(line, ' ', len) != line + mark - 1 ||
            memchr(line + mark, ' ', len - mark))
                return false;
        *ret = line + mark + n;
        *ret_len = len - mark - n;
        return true;
}

json_t *executions_in(struct kn_ctx *ctx, const char *description)
{
        const char *prefix = link_prefix(ctx), *id;
        json_t *ret = json_array();
        size_t len, id_len;

        for (const char *line = description; *line; line += len + (line[len] == '\n')) {
                len = strcspn(line, "\n");
                if (execution_of(prefix, line, len, &id, &id_len))
                        json_array_append_new(ret, json_stringn(id, id_len));
        }
        return ret;
}

/* execution NULL: without any. */
char *description_without(struct kn_ctx *ctx, const char *description, const char *execution)
{
        const char *prefix = link_prefix(ctx), *id;
        char *ret = malloc(strlen(description) + 1), *to = ret;
        size_t len, id_len;
        bool cut = false;

        for (const char *line = description; ret && *line; line += len + (line[len] == '\n')) {
                len = strcspn(line, "\n");
                if (execution_of(prefix, line, len, &id, &id_len) &&
                    (!execution || (strlen(execution) == id_len &&
                                    strncmp(id, execution, id_len) == 0))) {
                        cut = true;
                        continue;
                }
                for (size_t i = 0; i < len + (line[len] == '\n'); i++)
                        if (line[i] != '\r')
                                *to++ = line[i];
        }
        while (cut && to > ret && to[-1] == '\n')
                to--;
        if (ret)
                *to = 0;
        return ret;
}

char *description_with(struct kn_ctx *ctx, const char *description, const char *execution)
{
        _free_ char *clean = description_without(ctx, description, execution);
        _free_ char *link = link_to(ctx, execution);
        _json_ json_t *others = clean ? executions_in(ctx, clean) : NULL;
        size_t size = clean && link ? strlen(clean) + strlen(link) + 32 : 0, len;
        char *ret = size ? malloc(size) : NULL;

        if (!ret)
                return NULL;
        len = strlen(clean);
        while (len > 0 && clean[len - 1] == '\n')
                len--;
        snprintf(ret, size, "%.*s%s%s%s", (int)len, clean,
                 !len ? "" : json_array_size(others) > 0 ? "\n" : "\n\n", MARK, link);
        return ret;
}
