/* SPDX-License-Identifier: Apache-2.0 */

#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

char *inspect_say(const char *fmt, ...)
{
        char *message;
        va_list args;

        va_start(args, fmt);
        if (vasprintf(&message, fmt, args) < 0)
                message = NULL;
        va_end(args);
        return message;
}

int inspect_add(json_t *list, const char *type, const char *spec_path, const char *schema_path,
                char *message)
{
        _free_ char *mine = message;
        json_t *entry = message ? json_pack("{s:s, s:s, s:s?, s:s?}", "type", type, "message",
                                            message, "spec_path", spec_path, "schema_path",
                                            schema_path) : NULL;

        return entry && json_array_append_new(list, entry) == 0 ? 0 : -ENOMEM;
}

struct placed {
        json_t *entry;
        size_t order;
};

static int by_path(const void *a, const void *b)
{
        const struct placed *x = a, *y = b;
        int order = strcmp(json_text_of(x->entry, "schema_path", ""),
                           json_text_of(y->entry, "schema_path", ""));

        if (order == 0)
                order = strcmp(json_text_of(x->entry, "spec_path", ""),
                               json_text_of(y->entry, "spec_path", ""));
        return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

static int inspect_sort(json_t *list)
{
        size_t n = json_array_size(list), i;
        _free_ struct placed *placed = calloc(n + 1, sizeof *placed);
        json_t *entry;

        if (!placed)
                return -ENOMEM;
        json_array_foreach(list, i, entry)
                placed[i] = (struct placed){ json_incref(entry), i };
        qsort(placed, n, sizeof *placed, by_path);
        for (i = 0; i < n; i++)
                json_array_set_new(list, i, placed[i].entry);
        return 0;
}

json_t *inspect_tasks(const json_t *definition)
{
        json_t *tasks = json_object(), *task;
        const char *name;

        json_object_foreach(json_object_get(definition, "tasks"), name, task) {
                const json_t *with = json_object_get(task, "with");
                json_t *mine = json_is_object(task) ? json_deep_copy(task) : json_object();

                if (json_is_string(with))
                        json_object_set_new(mine, "with", json_pack("{s:O}", "items", with));
                if (!mine || json_object_set_new(tasks, name, mine)) {
                        json_decref(tasks);
                        return NULL;
                }
        }
        return tasks;
}

static int append(json_t *list, json_t *part, int r)
{
        if (r == 0)
                r = inspect_sort(part);
        if (r == 0 && json_array_extend(list, part))
                r = -ENOMEM;
        json_decref(part);
        return r;
}

static int structure(const json_t *definition, const json_t *tasks, json_t *list)
{
        json_t *syntax = json_array(), *semantics = json_array();
        int r = append(list, syntax, inspect_syntax(definition, syntax));

        return append(list, semantics, r ? r : inspect_semantics(tasks, semantics));
}

json_t *inspect_structure(const json_t *definition)
{
        _json_ json_t *tasks = inspect_tasks(definition), *list = json_array();
        int r = tasks && list ? 0 : -ENOMEM;

        if (r == 0)
                r = json_object_get(definition, "chain") ? inspect_chain(definition, NULL, list) :
                        structure(definition, tasks, list);
        return r ? NULL : TAKE(list);
}

static int everything(const json_t *definition, const json_t *names,
                      const struct workflow_catalog *catalog, json_t *list)
{
        _json_ json_t *tasks = inspect_tasks(definition);
        json_t *part;
        int r = tasks ? structure(definition, tasks, list) : -ENOMEM;

        part = json_array();
        r = append(list, part, r ? r : inspect_expressions(definition, tasks, part));
        part = json_array();
        r = append(list, part, r ? r : inspect_context(definition, tasks, names, part));
        part = json_array();
        r = append(list, part, r || !catalog ? r : inspect_content(tasks, catalog, part));
        part = json_array();
        return append(list, part, r ? r : inspect_warnings(tasks, part));
}

json_t *workflow_inspect(const json_t *definition, const json_t *names,
                         const struct workflow_catalog *catalog)
{
        _json_ json_t *list = json_array();
        int r = json_object_get(definition, "chain") ? inspect_chain(definition, catalog, list) :
                everything(definition, names, catalog, list);

        return r ? NULL : TAKE(list);
}

bool workflow_is_refused(const json_t *inspection)
{
        const json_t *entry;
        size_t i;

        json_array_foreach(inspection, i, entry)
                if (strcmp(json_text_of(entry, "type", ""), "warning"))
                        return true;
        return false;
}
