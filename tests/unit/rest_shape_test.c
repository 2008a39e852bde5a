/* SPDX-License-Identifier: Apache-2.0 */

/* How records are shown: the statuses of an execution, in the order in which it had them. */

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "rest/shape.h"
#include "store/store.h"
#include "suite.h"

/* All within one millisecond, which orders nothing. */
static const struct {
        enum store_status moves[8];     /* up to the first zero, which is no move here */
        unsigned attempt;
        enum store_status status;
        const char *log;
} lives[] = {
        { { 0 }, 0, STORE_REQUESTED, "requested" },
        { { 0 }, 1, STORE_RUNNING, "requested running" },
        { { 0 }, 1, STORE_SUCCEEDED, "requested running succeeded" },
        { { STORE_DELAYED, STORE_SCHEDULED }, 1, STORE_SUCCEEDED,
          "requested delayed scheduled running succeeded" },
        { { STORE_RUNNING, STORE_DELAYED, STORE_RUNNING, STORE_DELAYED }, 3, STORE_FAILED,
          "requested running delayed running delayed running failed" },
        { { STORE_RUNNING, STORE_DELAYED }, 1, STORE_CANCELED,
          "requested running delayed canceled" },
        { { STORE_RUNNING, STORE_PENDING }, 1, STORE_SUCCEEDED,
          "requested running pending succeeded" },
        { { STORE_RUNNING, STORE_PENDING }, 2, STORE_TIMEOUT,
          "requested running pending running timeout" },
        { { STORE_PAUSING, STORE_PAUSED, STORE_WAITING }, 1, STORE_SUCCEEDED,
          "requested running pausing paused resuming running succeeded" },
        { { STORE_CANCELING }, 1, STORE_CANCELED, "requested running canceling canceled" },
};

static char *log_of(const json_t *execution)
{
        _text_ struct text text = TEXT_INIT;
        const json_t *entry;
        size_t i;

        json_array_foreach(json_object_get(execution, "log"), i, entry)
                text_addf(&text, "%s%s", i ? " " : "", json_text_of(entry, "status", "?"));
        return text_take(&text);
}

START_TEST(statuses_stand_in_their_order)
{
        _json_ json_t *moves = json_array(), *shown = NULL;
        struct catalog *catalog = catalog_new();
        const struct shape shape = { .catalog = catalog };
        struct store_execution e = { .action = "core.noop", .created_ms = 1000, .ended_ms = 1000,
                                     .attempt = lives[_i].attempt, .status = lives[_i].status,
                                     .started_ms = lives[_i].attempt ? 1000 : 0 };
        _free_ char *log = NULL, *text = NULL;

        for (size_t i = 0; lives[_i].moves[i]; i++)
                json_array_append_new(moves, json_pack("[i, i]", (int)lives[_i].moves[i], 1000));
        text = json_compact(moves);
        e.moves = text;
        shown = shape_execution(&shape, &e);
        log = log_of(shown);
        ck_assert_str_eq(log, lives[_i].log);
        catalog_unref(catalog);
}
END_TEST

int main(void)
{
        return SUITE("rest/shape", EACH(statuses_stand_in_their_order, lives));
}
