/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/diff.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/out.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

static const char *arrow(void)
{
        return !strcmp(nl_langinfo(CODESET), "UTF-8") ? "→" : "->";
}

static void print_value(struct cli *cli, const json_t *value)
{
        _free_ char *text = value ? json_compact(value) : strdup("(none)");

        if (text)
                out_text(cli->out, text, strlen(text));
}

static void print_step(struct cli *cli, const char *name, const json_t *before, const json_t *after)
{
        fprintf(cli->out, "    %s%s", name, *name ? ": " : "");
        fputs(out_color(cli->has_color, OUT_BAD), cli->out);
        print_value(cli, before);
        fprintf(cli->out, "%s %s %s", out_color(cli->has_color, OUT_PLAIN), arrow(),
                out_color(cli->has_color, OUT_GOOD));
        print_value(cli, after);
        fprintf(cli->out, "%s\n", out_color(cli->has_color, OUT_PLAIN));
}

static const json_t *present(const json_t *value)
{
        return json_is_null(value) ? NULL : value;
}

/* Of two objects only the members that differ; of anything else both sides. */
static void print_steps(struct cli *cli, const json_t *before, const json_t *after)
{
        const char *key;
        json_t *value;

        if (!json_is_object(before) || !json_is_object(after)) {
                print_step(cli, "", before, after);
                return;
        }
        json_object_foreach((json_t *)before, key, value)
                if (!json_equal(value, json_object_get(after, key)))
                        print_step(cli, key, value, json_object_get(after, key));
        json_object_foreach((json_t *)after, key, value)
                if (!json_object_get(before, key))
                        print_step(cli, key, NULL, value);
}

static void print_head(struct cli *cli, const json_t *change, bool with_origin)
{
        const json_t *before = present(json_object_get(change, "before"));
        const json_t *after = present(json_object_get(change, "after"));
        const char *sign = !before ? "+" : !after ? "-" : "~";
        enum out_color color = !before ? OUT_GOOD : !after ? OUT_BAD : OUT_BUSY;
        const char *state = json_text_of(change, "state", NULL),
                *resource = json_text_of(change, "resource", "?");

        fprintf(cli->out, "%s%s%s ", out_color(cli->has_color, color), sign,
                out_color(cli->has_color, OUT_PLAIN));
        out_text(cli->out, resource, strlen(resource));
        if (state)
                fprintf(cli->out, "  %s%s%s", out_color(cli->has_color, out_status_color(state)),
                        state,
                        out_color(cli->has_color, OUT_PLAIN));
        if (json_text_of(change, "undone_by", NULL))
                fprintf(cli->out, "  undone by %s", json_text_of(change, "undone_by", ""));
        if (with_origin) {
                _free_ char *at = out_cell(json_object_get(change, "at"), COLUMN_TIME);

                fprintf(cli->out, "  %s%s  %s  %s%s", out_color(cli->has_color, OUT_FAINT),
                        at ? at : "",
                        json_text_of(change, "user", ""), json_text_of(change, "execution", ""),
                        out_color(cli->has_color, OUT_PLAIN));
        }
        fputc('\n', cli->out);
}

void diff_print(struct cli *cli, const json_t *changes, bool with_origin)
{
        const json_t *change;
        size_t i;

        json_array_foreach(changes, i, change) {
                print_head(cli, change, with_origin);
                print_steps(cli, present(json_object_get(change, "before")),
                            present(json_object_get(change, "after")));
        }
}

void diff_execution(struct cli *cli, const char *execution)
{
        _json_ json_t *changes = NULL;
        _free_ char *query = NULL;

        if (asprintf(&query, "execution=%s", execution) < 0 ||
            client_get(cli, "/api/v1/changes", query, &changes, NULL))
                return;
        diff_print(cli, changes, false);
}
