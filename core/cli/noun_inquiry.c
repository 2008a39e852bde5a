/* SPDX-License-Identifier: Apache-2.0 */

/* Questions that wait for a person. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --json TEXT, or -f FILE and KEY=VALUE operands, which take the types that the schema wants. */
static int read_response(struct cli *cli, const json_t *inquiry, json_t **ret,
                         struct fault *fault)
{
        const char *text = cli_option(cli, "json");
        int r;

        if (text) {
                r = json_parse(text, strlen(text), NULL, ret, fault);
                return r == FAULT ? fault_prefix(fault, "--json") : r;
        }
        if (cli->n_operands == 1 && !cli_option(cli, "file")) {
                fault_set(fault, 400, "usage.operand", "what is the answer?");
                return fault_try(fault, "kaname inquiry respond %s KEY=VALUE…   (kaname inquiry get "
                                 "shows the keys)", cli->operands[0]);
        }
        r = params_read(cli, 1, ret, fault);
        return r ? r : params_coerce(*ret, json_at(inquiry, "schema.properties"), fault);
}

static int respond_run(struct cli *cli, struct fault *fault)
{
        const char *id = cli->operands[0];
        _free_ char *path = client_path("/api/v1/inquiries/{}", id);
        const struct request look = { .path = path, .is_preparation = true };
        _answer_ struct answer inquiry = ANSWER_INIT, answer = ANSWER_INIT;
        _json_ json_t *response = NULL, *body = NULL;
        struct request request = { .method = "PUT", .path = path };
        int r = path ? client_call(cli, &look, &inquiry, fault) : -ENOMEM;

        if (!r)
                r = read_response(cli, inquiry.json, &response, fault);
        if (r)
                return r;
        request.body = body = json_pack("{s:s, s:O}", "id", id, "response", response);
        r = body ? client_call(cli, &request, &answer, fault) : -ENOMEM;
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "id");
        cli_note(cli, "%s: answered", id);
        return 0;
}

static const struct column columns[] = {
        { "ID", "id", COLUMN_TEXT, false }, { "KIND", "kind", COLUMN_TEXT, false },
        { "ROUTE", "route", COLUMN_TEXT, false }, { "USERS", "users", COLUMN_TEXT, false },
        { "ROLES", "roles", COLUMN_TEXT, false }, { "ASKED", "asked_at", COLUMN_TIME, false },
        { "UNTIL", "expires_at", COLUMN_TIME, false }, { "ACTION", "action", COLUMN_TEXT, true },
        { "WORKFLOW", "parent", COLUMN_TEXT, true }, { "NOTE", "note", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct verb_option list_options[] = {
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many, newest first",
          .query = "limit" },
        { .name = NULL }
};

static const struct verb_option respond_options[] = {
        { .name = "json", .argument = "JSON", .summary = "the whole answer as JSON" },
        { .name = "file", .letter = 'f', .argument = "FILE",
          .summary = "the answer from a file of YAML or JSON", .complete = COMPLETE_FILE },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "questions that wait for an answer", .run = verb_list,
          .options = list_options, .path = "/api/v1/inquiries", .columns = columns,
          .name_path = "id" },
        { .name = "get", .operands = "ID...", .summary = "what is asked, and of whom",
          .run = verb_get, .operands_min = 1, .operands_max = -1,
          .path = "/api/v1/inquiries/{}", .name_path = "id", .complete = COMPLETE_INQUIRY },
        { .name = "respond", .operands = "ID [KEY=VALUE...]", .summary = "answer one",
          .run = respond_run, .operands_min = 1, .operands_max = -1, .options = respond_options,
          .complete = COMPLETE_INQUIRY },
        { .name = NULL }
};

const struct noun noun_inquiry = {
        .name = "inquiry", .summary = "questions that wait for a person", .verbs = verbs,
        .about =
                "An inquiry is an execution of\n.Cm core.ask :\nit waits until somebody answers, "
                "and so does the workflow that asks.\nAn answer has to fit the inquiry's schema; "
                "who may give it, and how long it waits, stands in the inquiry.\n.Pp\nAn execution "
                "that was lost with the hub, and that may not just be run again, asks as well: its\n"
                "answer is\n.Cm answer=retry\nor\n.Cm answer=fail .",
        .examples =
                "kaname inquiry list\n"
                "kaname inquiry respond 692158f2c0a80a0100000001 continue=true\n"
                "kaname inquiry respond 692158f2c0a80a0100000001 --json '{\"continue\": true}'",
};
