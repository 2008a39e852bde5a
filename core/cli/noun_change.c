/* SPDX-License-Identifier: Apache-2.0 */

/* What was changed, and what was kept from starting. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/diff.h"
#include "cli/generic.h"
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>

static int list_once(struct cli *cli, struct fault *fault)
{
        _free_ char *query = verb_query(cli);
        _json_ json_t *changes = NULL;
        int r = query ? client_get(cli, cli->verb->path, query, &changes, fault) : -ENOMEM;

        if (r || cli->has_format)
                return r ? r : out_list(cli, changes, cli->verb->columns, cli->verb->name_path);
        if (!json_array_size(changes))
                cli_note(cli, "none");
        diff_print(cli, changes, true);
        return 0;
}

static int list_run(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, list_once, fault);
}

static const struct column columns[] = {
        { "AT", "at", COLUMN_TIME, false }, { "RESOURCE", "resource", COLUMN_TEXT, false },
        { "BEFORE", "before", COLUMN_TEXT, false }, { "AFTER", "after", COLUMN_TEXT, false },
        { "STATE", "state", COLUMN_STATUS, false },
        { "EXECUTION", "execution", COLUMN_TEXT, false },
        { "USER", "user", COLUMN_TEXT, true }, { "INSTANCE", "instance", COLUMN_TEXT, true },
        { "OBSERVED", "observed", COLUMN_TEXT, true },
        { "UNDONE BY", "undone_by", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct verb_option list_options[] = {
        { .name = "resource", .letter = 'r', .argument = "RESOURCE",
          .summary = "of this resource; a * at the end takes all below", .query = "resource" },
        { .name = "execution", .argument = "ID", .summary = "made by this execution",
          .query = "execution", .complete = COMPLETE_EXECUTION },
        { .name = "event", .argument = "ID", .summary = "that follow from this event",
          .query = "event" },
        { .name = "instance", .argument = "NAME", .summary = "on this instance",
          .query = "instance", .complete = COMPLETE_INSTANCE },
        { .name = "state", .argument = "STATE",
          .summary = "intent, applied, refused, unknown or planned", .query = "state" },
        { .name = "since", .argument = "TIME",
          .summary = "after this time (RFC 3339, or 2h for two hours ago)", .query = "since",
          .is_time = true },
        { .name = "until", .argument = "TIME", .summary = "before this time", .query = "until",
          .is_time = true },
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many", .query = "limit" },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "what was changed: before and after", .run = list_run,
          .options = list_options,
          .path = "/api/v1/changes", .columns = columns, .name_path = "resource" },
        { .name = NULL }
};

const struct noun noun_change = {
        .name = "change", .summary = "the ledger of everything that was changed", .verbs = verbs,
        .about =
                "Every change that an action makes to a system outside stands in the ledger: what "
                "was there\n"
                "before, what was to be there after, who asked, and what came of it.\n"
                "A change whose outcome a crash left open is\n.Cm unknown ,\nnever absent.\n"
                "Without\n.Fl o\nchanges are shown as differences.",
        .examples =
                "kaname change list --resource 'dns/example.com/*'\n"
                "kaname change list --event 692158f2c0a80a0100000001\n"
                "kaname change list --since 2026-11-22T00:00:00Z -o csv > changes.csv",
};

/* ---- held ---- */

static int settle(struct cli *cli, const char *which, struct fault *fault)
{
        bool all = text_equal(which, "all");
        _json_ json_t *body = all ? json_pack("{s:b}", "all", 1) : json_pack("{s:s}", "id", which);
        const struct request request = { .method = "POST", .path = cli->verb->path, .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = body ? client_call(cli, &request, &answer, fault) : -ENOMEM;

        if (!r)
                cli_note(cli, "%s: %lld %s", which, (long long)json_int_of(answer.json, "count", 0),
                         cli->verb->done);
        return r;
}

static int held_run(struct cli *cli, struct fault *fault)
{
        int r = text_equal(cli->verb->name, "drop")
                ? cli_confirm(cli, fault, "drop %s%s of what is held?", cli->operands[0],
                              cli->n_operands > 1 ? " and more" : "")
                : 0;

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = settle(cli, cli->operands[i], fault);
        return r;
}

static const struct column held_columns[] = {
        { "ID", "id", COLUMN_TEXT, false }, { "ACTION", "action.ref", COLUMN_TEXT, false },
        { "RULE", "rule.ref", COLUMN_TEXT, false },
        { "SINCE", "start_timestamp", COLUMN_TIME, false },
        { "WHY", "note", COLUMN_TEXT, false }, { NULL, NULL, 0, false }
};

static const struct verb held_verbs[] = {
        { .name = "list", .summary = "what waits for a person's word", .run = verb_list,
          .path = "/api/v1/held",
          .columns = held_columns, .name_path = "id" },
        { .name = "release", .operands = "ID|all...", .summary = "let them start", .run = held_run,
          .operands_min = 1,
          .operands_max = -1, .path = "/api/v1/held/release", .done = "released" },
        { .name = "drop", .operands = "ID|all...", .summary = "end them without starting",
          .run = held_run,
          .operands_min = 1, .operands_max = -1, .done = "dropped" },
        { .name = NULL }
};

const struct noun noun_held = {
        .name = "held", .summary = "executions that a limit keeps from starting",
        .verbs = held_verbs,
        .about =
                "A rule starts at most 120 executions a minute unless it says otherwise; what is "
                "more is held\n"
                "until a person releases or drops it.\n"
                "While the hub is paused, see\n.Xr kaname 1 ,\nnothing starts at all.",
        .examples =
                "kaname held list\n"
                "kaname held release 692158f2c0a80a0100000001\n"
                "kaname held drop all",
};
