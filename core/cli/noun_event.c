/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/params.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int default_source(char **ret)
{
        char host[128] = "localhost";

        gethostname(host, sizeof host - 1);
        return asprintf(ret, "urn:kaname:cli:%s", host) < 0 ? -ENOMEM : 0;
}

/* A CloudEvent in structured form; the id makes a send that is repeated count once. */
static int make_event(struct cli *cli, json_t **ret, struct fault *fault)
{
        const struct id id = id_new();
        const char *given_id = cli_option(cli, "id"), *given_source = cli_option(cli, "source");
        char text[ID_TEXT_SIZE];
        _free_ char *source = NULL;
        _json_ json_t *data = NULL;
        int r = params_read(cli, 1, &data, fault);

        if (!r)
                r = default_source(&source);
        if (r)
                return r;
        *ret = json_pack("{s:s,s:s,s:s,s:s,s:s,s:O}", "specversion", "1.0", "id",
                         given_id ? given_id : id_text(&id, text), "source",
                         given_source ? given_source : source, "type", cli->operands[0],
                         "datacontenttype", "application/json", "data", data);
        if (*ret && cli_option(cli, "subject"))
                json_set_text(*ret, "subject", cli_option(cli, "subject"));
        return *ret ? 0 : -ENOMEM;
}

/*
 * The hub takes events of any type, since CloudEvents name what they like; a person who types one
 * that is not known and that no rule waits for has most likely mistyped it. Who may send but not
 * look is not asked.
 */
static int check_type(struct cli *cli, const char *type, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/triggertypes/{}", type);
        _free_ char *query = client_path("type={}", type);
        const struct request known = { .path = path, .is_preparation = true },
                heard = { .path = "/api/v1/triggers", .query = query, .is_preparation = true };
        _fault_ struct fault unknown = FAULT_INIT, ignored = FAULT_INIT;
        _answer_ struct answer answer = ANSWER_INIT, rules = ANSWER_INIT;

        if (!path || !query)
                return -ENOMEM;
        if (cli_switch(cli, "any-type") || cli_switch(cli, "curl"))
                return 0;
        if (client_call(cli, &known, &answer, &unknown) != FAULT || unknown.status != 404)
                return 0;
        if (client_call(cli, &heard, &rules, &ignored) || json_array_size(rules.json))
                return 0;
        fault_move(fault, &unknown);
        return fault_why(fault, "no rule waits for it either, so nothing would come of it; "
                         "--any-type sends it all the same");
}

static int send_run(struct cli *cli, struct fault *fault)
{
        _json_ json_t *event = NULL;
        struct request request = { .method = "POST", .path = "/api/v1/events",
                                   .type = "application/cloudevents+json" };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = check_type(cli, cli->operands[0], fault);

        if (!r)
                r = make_event(cli, &event, fault);

        request.body = event;
        if (!r)
                r = client_call(cli, &request, &answer, fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "id");
        fprintf(cli->out, "%s\n", json_text_of(answer.json, "id", ""));
        if (json_int_of(answer.json, "duplicates", 0) > 0)
                cli_note(cli, "it was accepted before, and counts once");
        return 0;
}

static const struct column columns[] = {
        { "ID", "id", COLUMN_TEXT, false }, { "TRIGGER", "trigger", COLUMN_TEXT, false },
        { "AT", "occurrence_time", COLUMN_TIME, false },
        { "STATUS", "status", COLUMN_STATUS, false },
        { "SOURCE", "source", COLUMN_TEXT, true }, { "PAYLOAD", "payload", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct verb_option send_options[] = {
        { .name = "file", .letter = 'f', .argument = "FILE", .summary = "the payload, JSON or YAML",
          .complete = COMPLETE_FILE },
        { .name = "id", .argument = "ID", .summary = "accepted once for one source" },
        { .name = "source", .argument = "URI", .summary = "who it comes from" },
        { .name = "any-type", .summary = "also of a type that the hub does not know" },
        { .name = "subject", .argument = "TEXT", .summary = "what it is about" },
        { .name = NULL }
};

static const struct verb_option list_options[] = {
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many, newest first",
          .query = "limit" },
        { .name = "trigger", .argument = "TRIGGER", .summary = "of this trigger type",
          .query = "trigger_type", .complete = COMPLETE_TRIGGER },
        { .name = "since", .argument = "TIME",
          .summary = "after this time (RFC 3339, or 2h for two hours ago)", .query = "timestamp_gt",
          .is_time = true },
        { .name = "until", .argument = "TIME", .summary = "before this time",
          .query = "timestamp_lt", .is_time = true },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "send", .operands = "TRIGGER [KEY=VALUE...]", .summary = "hand in an event",
          .run = send_run,
          .operands_min = 1, .operands_max = -1, .options = send_options,
          .complete = COMPLETE_TRIGGER },
        { .name = "list", .summary = "the newest events", .run = verb_list, .options = list_options,
          .path = "/api/v1/triggerinstances", .columns = columns, .name_path = "id" },
        { .name = "get", .operands = "ID...", .summary = "events in full", .run = verb_get,
          .operands_min = 1,
          .operands_max = -1, .path = "/api/v1/triggerinstances/{}", .name_path = "id" },
        { .name = NULL }
};

const struct noun noun_event = {
        .name = "event", .summary = "what came in from outside, and from timers and sensors",
        .verbs = verbs,
        .about =
                "An event is one happening of a trigger: a webhook call, a CloudEvent, a tick of a "
                "timer, what a\n"
                "sensor saw.\nStackStorm calls it a trigger instance.\n"
                ".Cm send\nhands one in as a CloudEvent of the type that is named; it prints the "
                "id once the event is\n"
                "durable.",
        .examples =
                "kaname event send monitoring.alert host=web1 severity:=3\n"
                "kaname event send monitoring.alert -f alert.json --id alert-4711\n"
                "kaname event list -n 5 -o wide",
};
