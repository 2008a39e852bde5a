/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/params.h"
#include "cli/remedy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- test ---- */

static void print_parts(struct cli *cli, const json_t *parts, int depth);

static void print_criterion(struct cli *cli, const json_t *criterion, int depth)
{
        bool matched = json_bool_of(criterion, "matched", false);
        _free_ char *value = json_compact(json_object_get(criterion, "value"));
        _free_ char *pattern = json_compact(json_object_get(criterion, "pattern"));
        const char *error = json_text_of(criterion, "error", NULL);

        fprintf(cli->out, "%*s%s%s%s  %s", depth, "",
                out_color(cli->has_color, matched ? OUT_GOOD : OUT_BAD),
                matched ? "ok  " : "fail", out_color(cli->has_color, OUT_PLAIN),
                json_text_of(criterion, "key", ""));
        if (json_object_get(criterion, "parts")) {
                fputc('\n', cli->out);
                print_parts(cli, json_object_get(criterion, "parts"), depth + 2);
                return;
        }
        fprintf(cli->out, " %s", json_text_of(criterion, "operator", ""));
        if (pattern)
                fprintf(cli->out, " %s", pattern);
        if (!matched)
                fprintf(cli->out, ": found %s", value ? value : "nothing");
        if (error)
                fprintf(cli->out, " (%s)", error);
        fputc('\n', cli->out);
}

/* A group: its parts, each with its criteria. */
static void print_parts(struct cli *cli, const json_t *parts, int depth)
{
        const json_t *part, *criterion;
        size_t i, k;

        json_array_foreach(parts, i, part) {
                const json_t *criteria = json_object_get(part, "criteria");

                if (json_array_size(criteria) > 1)
                        fprintf(cli->out, "%*s%s\n", depth, "",
                                json_bool_of(part, "matched", false) ? "all of these hold:"
                                : "not all of these hold:");
                json_array_foreach(criteria, k, criterion)
                        print_criterion(cli, criterion,
                                        json_array_size(criteria) > 1 ? depth + 2 : depth);
        }
}

static void print_outcome(struct cli *cli, const json_t *outcome)
{
        const char *rule = json_text_of(outcome, "rule", "the rule");
        bool matched = json_bool_of(outcome, "matched", false);
        _free_ char *params = NULL;
        const json_t *criterion;
        size_t i;

        fprintf(cli->out, "%s %s\n", rule, matched ? "matches" : "does not match");
        json_array_foreach(json_object_get(outcome, "criteria"), i, criterion)
                print_criterion(cli, criterion, 2);
        params = matched ? json_compact(json_object_get(outcome, "parameters")) : NULL;
        if (params)
                fprintf(cli->out, "it would run %s %s\n", json_text_of(outcome, "action", ""),
                        params);
        if (matched && !json_bool_of(outcome, "enabled", true))
                fputs("but it is disabled: kaname rule enable turns it on\n", cli->out);
}

/* What to test: a file where there is one of that name, else a ref. */
static int read_rule(struct cli *cli, json_t *body, struct fault *fault)
{
        const char *rule = cli->operands[0];
        json_t *definition = NULL;
        int r;

        if (strcmp(rule, "-") && access(rule, R_OK)) {
                json_set_text(body, "ref", rule);
                return 0;
        }
        r = cli_read_file(cli, rule, &definition, fault);
        if (!r)
                json_object_set_new(body, "rule", definition);
        return r;
}

/* The event: one that the hub knows, or a payload. */
static int read_payload(struct cli *cli, json_t *body, struct fault *fault)
{
        const char *event = cli_option(cli, "event");
        json_t *payload = NULL;
        int r = event ? 0 : params_read(cli, 1, &payload, fault);

        if (event)
                json_set_text(body, "event", event);
        else if (!r)
                json_object_set_new(body, "payload", payload);
        return r;
}

/* Ask what the rule would do: with the rule and what read() adds, and show the answer. */
static int try_rule(struct cli *cli, const char *path,
                    int (*read)(struct cli *cli, json_t *body, struct fault *fault),
                    void (*print)(struct cli *cli, const json_t *answer), struct answer *answer,
                    struct fault *fault)
{
        _json_ json_t *body = json_object();
        const struct request request = { .method = "POST", .path = path, .body = body };
        int r = body ? read_rule(cli, body, fault) : -ENOMEM;

        if (!r)
                r = read(cli, body, fault);
        if (!r)
                r = client_call(cli, &request, answer, fault);
        if (r == FAULT && json_object_get(body, "rule"))
                return remedy_place(cli->operands[0], fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer->json, "rule");
        print(cli, answer->json);
        return 0;
}

static int test_run(struct cli *cli, struct fault *fault)
{
        _answer_ struct answer answer = ANSWER_INIT;
        int r = try_rule(cli, "/api/v1/rules/test", read_payload, print_outcome, &answer, fault);

        if (r || json_bool_of(answer.json, "matched", false))
                return r;
        return fault_set(fault, 500, "rule.no-match", "%s would not start anything for this event",
                         json_text_of(answer.json, "rule", "the rule"));
}

/* ---- replay ---- */

static void print_replay(struct cli *cli, const json_t *replay)
{
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(replay, "executions"), i, one) {
                const char *error = json_text_of(one, "error", NULL);
                _free_ char *params = json_compact(json_object_get(one, "parameters"));
                const char *shown = error ? error : params ? params : "";

                fprintf(cli->out, "%s  %s  %s ", json_text_of(one, "occurred_at", ""),
                        json_text_of(one, "event", ""), json_text_of(one, "action", ""));
                out_text(cli->out, shown, strlen(shown));
                fputc('\n', cli->out);
        }
        cli_note(cli, "%s would have made %lld of %lld events%s",
                 json_text_of(replay, "rule", "the rule"),
                 (long long)json_int_of(replay, "matched", 0),
                 (long long)json_int_of(replay, "events", 0),
                 json_bool_of(replay, "truncated", false) ? "; not all are shown" : "");
        if (json_int_of(replay, "failed", 0))
                cli_note(cli, "%lld could not be judged, or not be made",
                         (long long)json_int_of(replay, "failed", 0));
}

static int read_since(struct cli *cli, json_t *body, struct fault *fault)
{
        const char *since = cli_option(cli, "since"), *days = cli_option(cli, "days");
        int64_t limit = 100;
        char *end;
        double n = days ? strtod(days, &end) : 1;

        if (days && (*end || end == days || !(n > 0))) {
                fault_set(fault, 400, "usage.argument", "--days %.32s: must be a number above 0",
                          days);
                return fault_try(fault, "--days 7");
        }
        if (since)
                json_set_text(body, "since", since);
        else
                json_object_set_new(body, "days", json_real(n));
        if (cli_integer(cli, "last", &limit, fault))
                return FAULT;
        json_object_set_new(body, "limit", json_integer(limit));
        return 0;
}

static int replay_run(struct cli *cli, struct fault *fault)
{
        _answer_ struct answer answer = ANSWER_INIT;

        return try_rule(cli, "/api/v1/rules/replay", read_since, print_replay, &answer, fault);
}

static const struct column columns[] = {
        { "REF", "ref", COLUMN_TEXT, false }, { "ENABLED", "enabled", COLUMN_TEXT, false },
        { "TRIGGER", "trigger.type", COLUMN_TEXT, false },
        { "ACTION", "action.ref", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, true }, { "PACK", "pack", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct verb_option list_options[] = {
        { .name = "pack", .letter = 'p', .argument = "PACK", .summary = "of this pack",
          .query = "pack", .complete = COMPLETE_PACK },
        { .name = "action", .argument = "ACTION", .summary = "that run this action",
          .query = "action", .complete = COMPLETE_ACTION },
        { .name = "trigger", .argument = "TRIGGER", .summary = "for this trigger type",
          .query = "trigger", .complete = COMPLETE_TRIGGER },
        { .name = "enabled", .argument = "BOOL", .summary = "true or false", .query = "enabled" },
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many", .query = "limit" },
        { .name = NULL }
};

static const struct verb_option test_options[] = {
        { .name = "file", .letter = 'f', .argument = "FILE", .summary = "the event's payload",
          .complete = COMPLETE_FILE },
        { .name = "event", .argument = "ID", .summary = "the payload of an event that came in" },
        { .name = NULL }
};

static const struct verb_option replay_options[] = {
        { .name = "days", .argument = "N", .summary = "the events of the last N days (1)" },
        { .name = "since", .argument = "TIME", .summary = "or those since this time (RFC 3339)" },
        { .name = "last", .letter = 'n', .argument = "N",
          .summary = "show so many (100); all are counted" },
        { .name = NULL }
};

static const struct verb verbs[] = { { .name = "list",
                                       .summary = "the rules in force",
                                       .run = verb_list,
                                       .options = list_options,
                                       .path = "/api/v1/rules",
                                       .columns = columns,
                                       .name_path = "ref" },
                                     { .name = "get",
                                       .operands = "RULE...",
                                       .summary = "rules in full",
                                       .run = verb_get,
                                       .operands_min = 1,
                                       .operands_max = -1,
                                       .path = "/api/v1/rules/{}",
                                       .name_path = "ref",
                                       .complete = COMPLETE_RULE },
                                     { .name = "create",
                                       .operands = "FILE",
                                       .summary = "add a rule from YAML or JSON",
                                       .run = verb_create,
                                       .path = "/api/v1/rules",
                                       .operands_min = 1,
                                       .operands_max = 1,
                                       .complete = COMPLETE_FILE },
                                     { .name = "delete",
                                       .operands = "RULE...",
                                       .summary = "take rules out",
                                       .run = verb_delete,
                                       .operands_min = 1,
                                       .operands_max = -1,
                                       .path = "/api/v1/rules/{}",
                                       .done = "deleted",
                                       .complete = COMPLETE_RULE },
                                     { .name = "enable",
                                       .operands = "RULE...",
                                       .summary = "let rules match",
                                       .run = verb_enable,
                                       .operands_min = 1,
                                       .operands_max = -1,
                                       .path = "/api/v1/rules/{}",
                                       .complete = COMPLETE_RULE },
                                     { .name = "disable",
                                       .operands = "RULE...",
                                       .summary = "keep rules from matching",
                                       .run = verb_enable,
                                       .operands_min = 1,
                                       .operands_max = -1,
                                       .path = "/api/v1/rules/{}",
                                       .complete = COMPLETE_RULE },
                                     { .name = "test",
                                       .operands = "RULE|FILE [KEY=VALUE...]",
                                       .summary =
                                               "would this event match, and which criterion fails",
                                       .run = test_run,
                                       .operands_min = 1,
                                       .operands_max = -1,
                                       .options = test_options,
                                       .complete = COMPLETE_RULE },
                                     { .name = "replay",
                                       .operands = "RULE|FILE",
                                       .summary =
                                               "what it would have made of the events that came in",
                                       .run = replay_run,
                                       .operands_min = 1,
                                       .operands_max = 1,
                                       .options = replay_options,
                                       .complete = COMPLETE_RULE },
                                     { .name = NULL } };

const struct noun noun_rule = {
        .name = "rule", .summary = "which event starts which action", .verbs = verbs,
        .about =
                "A rule names a trigger, criteria that an event of it has to meet, and the action "
                "that then runs.\n"
                "Rules come from packs and from the API; one that a file defines can be enabled "
                "and disabled\n"
                "here, and is edited in its file.\n.Pp\n.Cm test\nstarts nothing.\n"
                "It exits 0 when the event would match and 1 when it would not, and shows each "
                "criterion with\n"
                "the value that was found.\n.Cm replay\nstarts nothing either: it tells which "
                "executions the rule would have made of the stored events.",
        .examples =
                "kaname rule list --trigger core.st2.webhook\n"
                "kaname rule test drain.on_alert --event 692158f2c0a80a0100000001\n"
                "kaname rule test ./drain.yaml -f alert.json\n"
                "kaname rule replay ./drain.yaml --days 30\n"
                "kaname rule disable drain.on_alert",
};
