/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tasks.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAP_MIN_MS 50
#define NAP_MAX_MS 1000
#define DEPTH_MAX 17

bool tasks_has(const json_t *execution)
{
        const char *runner = json_text_of(json_object_get(execution, "action"), "runner_type", "");

        return text_equal(runner, "orquesta") || text_equal(runner, "action-chain");
}

static int read_tasks(struct cli *cli, const char *id, json_t **ret, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/executions/{}/children", id);

        return path ? client_get(cli, path, "depth=-1&exclude_attributes=result,parameters", ret,
                                 fault) : -ENOMEM;
}

/* "deploy", or "deploy[3]" for the fourth item; what no workflow ran has its action's name. */
static char *name_of(const json_t *task)
{
        const json_t *orquesta = json_object_get(json_object_get(task, "context"), "orquesta");
        const char *name = json_text_of(orquesta, "task_name",
                                        json_text_of(json_object_get(task, "action"), "ref", "?"));
        char *made = NULL;
        int r;

        if (json_is_integer(json_object_get(orquesta, "item_id")))
                r = asprintf(&made, "%s[%lld]", name,
                             (long long)json_int_of(orquesta, "item_id", 0));
        else
                r = asprintf(&made, "%s", name);
        return r < 0 ? NULL : made;
}

static void print_text(FILE *to, const char *text)
{
        out_text(to, text, strlen(text));
}

/* ---- the tree ---- */

struct tree {
        struct cli *cli;
        const json_t *tasks;
        int width;
};

/* Call fn for all below that parent, deepest first child by child. */
static void walk(struct tree *tree, const char *parent, int depth,
                 void (*fn)(struct tree *tree, const json_t *task, int depth))
{
        const json_t *task;
        size_t i;

        json_array_foreach(tree->tasks, i, task) {
                if (depth > DEPTH_MAX || !text_equal(json_text_of(task, "parent", ""), parent))
                        continue;
                fn(tree, task, depth);
                if (tasks_has(task))
                        walk(tree, json_text_of(task, "id", ""), depth + 1, fn);
        }
}

static void measure(struct tree *tree, const json_t *task, int depth)
{
        _free_ char *name = name_of(task);
        int width = 2 * depth + (name ? (int)strlen(name) : 0);

        if (width > tree->width)
                tree->width = width;
}

static void print_one(struct tree *tree, const json_t *task, int depth)
{
        const char *status = json_text_of(task, "status", "?");
        const json_t *seconds = json_object_get(task, "elapsed_seconds");
        _free_ char *name = name_of(task);
        FILE *to = tree->cli->out;
        char spent[32] = "-";

        if (json_is_number(seconds))
                snprintf(spent, sizeof spent, "%.3f", json_number_value(seconds));
        fprintf(to, "%*s", 2 * depth, "");
        print_text(to, name ? name : "?");
        fprintf(to, "%*s  %s%-10s%s %9s  ",
                tree->width - 2 * depth - (name ? (int)strlen(name) : 1), "",
                out_color(tree->cli->has_color, out_status_color(status)), status,
                out_color(tree->cli->has_color, OUT_PLAIN), spent);
        print_text(to, json_text_of(json_object_get(task, "action"), "ref", ""));
        fprintf(to, "  %s\n", json_text_of(task, "id", ""));
}

int tasks_print(struct cli *cli, const char *id, struct fault *fault)
{
        _json_ json_t *tasks = NULL;
        struct tree tree = { .cli = cli, .width = 4 };
        int r = read_tasks(cli, id, &tasks, fault);

        if (r)
                return r;
        tree.tasks = tasks;
        walk(&tree, id, 0, measure);
        if (json_array_size(tasks))
                fprintf(cli->out, "%sTASK%*s  %-10s %9s  ACTION  ID%s\n",
                        out_color(cli->has_color, OUT_FAINT), tree.width - 4, "", "STATUS",
                        "SECONDS", out_color(cli->has_color, OUT_PLAIN));
        walk(&tree, id, 0, print_one);
        return 0;
}

/* ---- as they begin and end ---- */

static void say_task(struct cli *cli, FILE *to, const json_t *task)
{
        const char *status = json_text_of(task, "status", "?"), *id = json_text_of(task, "id", "");
        const json_t *seconds = json_object_get(task, "elapsed_seconds");
        bool has_color = to == cli->err ? cli->has_err_color : cli->has_color;
        _free_ char *name = name_of(task);

        fprintf(to, "%s%-10s%s ", out_color(has_color, out_status_color(status)), status,
                out_color(has_color, OUT_PLAIN));
        print_text(to, name ? name : "?");
        if (json_is_number(seconds))
                fprintf(to, " in %.3g s", json_number_value(seconds));
        fprintf(to, "  %s\n", id);
        if (text_equal(status, "pending"))
                fprintf(to, "  it asks a person: kaname inquiry get %s\n", id);
        if (text_equal(status, "held"))
                fprintf(to, "  a person lets it start: kaname held release %s\n", id);
        fflush(to);
}

/* What changed since the last look; seen: id → status. */
static void say_changes(struct cli *cli, FILE *to, const json_t *tasks, json_t *seen)
{
        const json_t *task;
        size_t i;

        json_array_foreach(tasks, i, task) {
                const char *id = json_text_of(task, "id", ""),
                           *status = json_text_of(task, "status", "");

                if (text_equal(json_text_of(seen, id, ""), status))
                        continue;
                json_set_text(seen, id, status);
                say_task(cli, to, task);
        }
}

int tasks_follow(struct cli *cli, const char *id, FILE *to, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/executions/{}", id);
        _json_ json_t *seen = json_object();
        int64_t nap_ms = NAP_MIN_MS;
        bool is_over = false;
        int r = path && seen ? 0 : -ENOMEM;

        while (!r) {
                _json_ json_t *workflow = NULL, *tasks = NULL;
                size_t known = json_object_size(seen);

                /* Its end first: what it ran is complete then. */
                r = client_get(cli, path, "exclude_attributes=result", &workflow, fault);
                if (!r)
                        r = read_tasks(cli, id, &tasks, fault);
                if (r)
                        break;
                is_over = !json_is_null(json_object_get(workflow, "end_timestamp"));
                if (to)
                        say_changes(cli, to, tasks, seen);
                if (is_over)
                        break;
                nap_ms = json_object_size(seen) > known ? NAP_MIN_MS : nap_ms * 2;
                r = client_sleep(cli, nap_ms < NAP_MAX_MS ? nap_ms : NAP_MAX_MS);
        }
        return r;
}
