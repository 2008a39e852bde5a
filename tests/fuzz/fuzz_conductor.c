/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The first byte chooses a workflow, each other one is something that happens to it, in any order
 * and with any result. What must hold: a task that ended stays so (unless it is retried), a workflow
 * that ended stays so until it is rerun, nothing starts after the end but what cleans up, and a
 * conductor restored from what was written is the same as the one that wrote it.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "workflow/conductor.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const definitions[] = {
        "{\"tasks\": {\"a\": {\"action\": \"x\", \"next\": [{\"publish\": [{\"r\": \"<% result() %>\"}],"
        " \"do\": [\"b\", \"c\"]}]}, \"b\": {\"action\": \"x\", \"next\": [{\"when\": \"<% failed() %>\","
        " \"do\": [\"e\", \"fail\"]}, {\"do\": \"d\"}]}, \"c\": {\"action\": \"x\", \"retry\": {\"count\":"
        " 2}, \"next\": [{\"when\": \"<% succeeded() %>\", \"do\": \"d\"}]}, \"d\": {\"join\": \"all\","
        " \"action\": \"x\", \"input\": {\"r\": \"<% ctx().r %>\"}}, \"e\": {\"action\": \"x\"}},"
        " \"output\": [{\"r\": \"<% ctx().r %>\"}]}",
        "{\"vars\": [{\"xs\": [1, 2, 3]}], \"tasks\": {\"w\": {\"with\": {\"items\": \"<% ctx().xs %>\","
        " \"concurrency\": 2}, \"action\": \"x\", \"input\": {\"i\": \"<% item() %>\"}, \"next\": [{"
        "\"publish\": [{\"xs\": \"<% result() %>\"}], \"do\": \"v\"}]}, \"v\": {\"with\":"
        " \"<% ctx().xs %>\", \"action\": \"x\"}}}",
        "{\"vars\": [{\"n\": 0}], \"tasks\": {\"s\": {\"action\": \"x\", \"next\": [{\"do\": \"l, m\"}]},"
        " \"l\": {\"action\": \"x\", \"next\": [{\"when\": \"<% ctx().n < 3 %>\", \"publish\": [{\"n\":"
        " \"<% ctx().n + 1 %>\"}], \"do\": \"l\"}, {\"do\": \"t\"}]}, \"m\": {\"action\": \"x\", \"next\":"
        " [{\"do\": \"t\"}, {\"when\": \"<% failed() %>\", \"do\": \"retry\"}]}, \"t\": {\"action\":"
        " \"x\", \"next\": [{\"do\": \"u\"}]}, \"u\": {\"join\": 1, \"action\": \"x\"}}}",
        "{\"chain\": [{\"name\": \"a\", \"ref\": \"x\", \"on-success\": \"b\", \"on-failure\": \"a\","
        " \"publish\": {\"p\": \"{{ a }}\"}}, {\"name\": \"b\", \"ref\": \"x\", \"params\": {\"p\":"
        " \"{{ p }}\"}}]}",
};

#define DEFINITIONS (sizeof definitions / sizeof *definitions)

struct game {
        struct workflow *workflow;
        struct conductor *conductor;
        struct conductor_setup setup;
        json_t *records, *before;       /* conductor_tasks() after the last move */
        enum status status;
};

static void must(bool holds)
{
        if (!holds)
                abort();
}

static void same(json_t *a, json_t *b)
{
        must(a == b || json_equal(a, b));
        json_decref(a);
        json_decref(b);
}

/* Restore, compare, and go on with the restored one. */
static void cut(struct game *game)
{
        json_t *delta = conductor_take_delta(game->conductor), *a = NULL, *b = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        struct conductor *live = game->conductor, *restored = NULL;

        json_array_extend(game->records, delta);
        json_decref(delta);
        must(conductor_restore(&game->setup, game->records, &restored, &fault) == 0);
        must(conductor_status(live) == conductor_status(restored));
        same(conductor_tasks(live), conductor_tasks(restored));
        same(conductor_routes(live), conductor_routes(restored));
        same(conductor_errors(live), conductor_errors(restored));
        same(conductor_output(live), conductor_output(restored));
        must(conductor_next_tasks(live, &a, &fault) == 0);
        must(conductor_next_tasks(restored, &b, &fault) == 0);
        same(a, b);
        conductor_free(live);
        game->conductor = restored;
}

static bool is_over(const json_t *task)
{
        return status_is_completed(status_of(json_text_of(task, "status", "")));
}

static bool may_be_retried(const json_t *now)
{
        const char *status = json_text_of(now, "status", "");

        return !strcmp(status, "retrying");
}

static void check(struct game *game, bool reran)
{
        json_t *tasks = conductor_tasks(game->conductor), *task;
        enum status status = conductor_status(game->conductor);
        size_t i;

        must(json_array_size(tasks) >= json_array_size(game->before));
        json_array_foreach(game->before, i, task) {
                const json_t *now = json_array_get(tasks, i);

                must(!is_over(task) || may_be_retried(now) ||
                     !strcmp(json_text_of(task, "status", ""), json_text_of(now, "status", "")));
        }
        must(reran || !status_is_completed(game->status) || status == game->status ||
             (game->status == STATUS_SUCCEEDED && status == STATUS_FAILED));
        json_decref(game->before);
        game->before = tasks;
        game->status = status;
}

static void tell(struct game *game, const json_t *task, unsigned what)
{
        static const enum status statuses[] = {
                STATUS_SUCCEEDED, STATUS_FAILED, STATUS_EXPIRED, STATUS_CANCELED, STATUS_PAUSED,
                STATUS_PENDING, STATUS_RUNNING, STATUS_ABANDONED,
        };
        _json_ json_t *result = json_pack("[i]", (int)what);
        _fault_ struct fault fault = FAULT_INIT;
        struct conductor_event event = {
                .status = statuses[what % 8], .item = what % 16 < 8 ? -1 : (int)what / 16 % 4,
                .result = what & 64 ? result : NULL,
        };

        conductor_update(game->conductor, json_text_of(task, "id", ""),
                         (unsigned)json_int_of(task, "route", 0), &event, &fault);
}

static void start(struct game *game)
{
        static const struct conductor_event running = CONDUCTOR_EVENT(STATUS_RUNNING);
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *next = NULL;
        const json_t *task, *action;
        size_t i, k;

        must(conductor_next_tasks(game->conductor, &next, &fault) == 0);
        must(!status_is_completed(game->status) || !json_array_size(next) ||
             game->status == STATUS_FAILED);
        json_array_foreach(next, i, task) {
                const char *id = json_text_of(task, "id", "");
                unsigned route = (unsigned)json_int_of(task, "route", 0);

                if (json_is_null(json_object_get(task, "items_count")))
                        must(conductor_update(game->conductor, id, route, &running, &fault) == 0);
                json_array_foreach(json_object_get(task, "actions"), k, action) {
                        struct conductor_event event = { .status = STATUS_RUNNING };

                        event.item = json_int_of(action, "item_id", -1);
                        if (event.item >= 0)
                                must(conductor_update(game->conductor, id, route, &event,
                                                      &fault) == 0);
                }
        }
}

static bool move(struct game *game, uint8_t what)
{
        static const enum status asked[] = { STATUS_PAUSING, STATUS_RESUMING, STATUS_CANCELING,
                                             STATUS_RUNNING };
        _fault_ struct fault fault = FAULT_INIT;
        size_t tasks = json_array_size(game->before), at = tasks < 7 ? 0 : tasks - 7;

        if (what < 32)
                start(game);
        else if (what < 40)
                conductor_request(game->conductor, asked[what % 4], &fault);
        else if (what < 44)
                return conductor_rerun(game->conductor, NULL, &fault) == 0;
        else if (what < 48)
                must(conductor_finish(game->conductor, &fault) == 0);
        else if (tasks)
                tell(game, json_array_get(game->before, at + what % (tasks - at)), what);
        return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct workflow_limits limits = { 100, 60, 100, 20, 16 };
        struct game game = { .records = json_array(), .before = json_array() };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *definition = NULL;

        if (size > 200)
                size = 200;
        definition = json_loads(definitions[size ? data[0] % DEFINITIONS : 0], 0, NULL);
        must(definition && workflow_compile(definition, &limits, &game.workflow, &fault) == 0);
        game.setup = (struct conductor_setup){ .workflow = game.workflow };
        must(conductor_new(&game.setup, &game.conductor, &fault) == 0);
        must(conductor_request(game.conductor, STATUS_RUNNING, &fault) == 0);
        for (size_t i = 1; i < size; i++) {
                bool reran = move(&game, data[i]);

                check(&game, reran);
                if (i % 9 == 0) {
                        cut(&game);
                        check(&game, false);
                }
        }
        conductor_free(game.conductor);
        workflow_unref(game.workflow);
        json_decref(game.records);
        json_decref(game.before);
        return 0;
}
