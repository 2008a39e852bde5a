/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two sources tell how an execution fares: the stream of its output, which ends with it, and its
 * record, which is the truth. So the stream is read for the person's sake and the record decides.
 * A stream that breaks is asked for again: it begins with the first line, so those seen are
 * counted.
 */

#include "cli/follow.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/diff.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_ENDED 3

struct tail {
        struct cli *cli;
        const struct follow *follow;
        size_t seen;            /* lines shown so far */
        size_t skip;            /* lines of this stream that an earlier one showed */
        bool has_progress;      /* a progress line stands on the terminal */
};

static void clear_progress(struct tail *tail)
{
        if (tail->has_progress)
                fputs("\r\033[K", tail->cli->err);
        tail->has_progress = false;
}

/* "0.5 half way" as a bar; a pipe would only collect it. */
static void show_progress(struct tail *tail, const char *text)
{
        char *said, bar[21];
        double share = strtod(text, &said);
        int full = share < 0 ? 0 : share > 1 ? 20 : (int)(share * 20);

        if (!tail->cli->is_err_tty || tail->cli->is_quiet)
                return;
        memset(bar, '.', 20);
        memset(bar, '#', (size_t)full);
        bar[20] = '\0';
        clear_progress(tail);
        fprintf(tail->cli->err, "[%s] %3d %% ", bar, full * 5);
        out_text(tail->cli->err, said, strcspn(said, "\n"));
        fflush(tail->cli->err);
        tail->has_progress = true;
}

static void show_output(struct tail *tail, const char *type, const char *data)
{
        const struct follow *follow = tail->follow;
        FILE *to = text_equal(type, "stderr") ? follow->to_err : follow->to;

        if (!to || (follow->only && !text_equal(follow->only, type)))
                return;
        clear_progress(tail);
        if (isatty(fileno(to)) == 1)
                out_text(to, data, strlen(data));
        else
                fputs(data, to);
        fflush(to);
}

static int take_event(void *arg, const struct sse_event *event)
{
        struct tail *tail = arg;
        _json_ json_t *output = NULL;
        const char *type;

        if (!strcmp(event->name, "EOF"))
                return STREAM_ENDED;
        if (tail->skip) {
                tail->skip--;
                return 0;
        }
        tail->seen++;
        if (json_parse(event->data, strlen(event->data), NULL, &output, NULL))
                return 0;
        type = json_text_of(output, "output_type", "stdout");
        if (!strcmp(type, "progress"))
                show_progress(tail, json_text_of(output, "data", ""));
        else
                show_output(tail, type, json_text_of(output, "data", ""));
        return 0;
}

static bool is_final(const json_t *execution)
{
        static const char *const finals[] = { "succeeded", "failed", "timeout", "abandoned",
                                              "canceled", NULL };
        const char *status = json_text_of(execution, "status", "");

        for (size_t i = 0; finals[i]; i++)
                if (!strcmp(status, finals[i]))
                        return true;
        return false;
}

/* The stream's end and the record's last status are a moment apart. */
static int read_record(struct tail *tail, json_t **ret, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/executions/{}", tail->follow->id);
        int64_t nap_ms = 5;
        int r = path ? 0 : -ENOMEM;

        while (!r) {
                _json_ json_t *execution = NULL;

                r = client_get(tail->cli, path, NULL, &execution, fault);
                if (!r && is_final(execution)) {
                        *ret = TAKE(execution);
                        return 0;
                }
                if (!r)
                        r = client_sleep(tail->cli, nap_ms);
                nap_ms = nap_ms < 1000 ? nap_ms * 2 : 1000;
        }
        return r;
}

static int read_stream(struct tail *tail, struct fault *fault)
{
        _free_ char *path = client_path("/stream/v1/executions/{}/output", tail->follow->id);
        int r = path ? 0 : -ENOMEM;

        for (int broken = 0; !r && broken < 5; broken++) {
                tail->skip = tail->seen;
                r = client_stream(tail->cli, path, take_event, tail, fault);
                if (r == FAULT && fault->status == 503) {
                        fault_deinit(fault);
                        r = client_sleep(tail->cli, 200 << broken);
                }
        }
        clear_progress(tail);
        return r == STREAM_ENDED ? 0 : r;
}

static void say_detached(struct cli *cli, const char *id)
{
        cli_note(cli, "\ndetached; it goes on: kaname execution tail %s\n"
                 "          to stop it: kaname execution cancel %s", id, id);
}

static int waited_enough(const char *id, struct fault *fault)
{
        fault_set(fault, 504, "cli.wait", "execution %s has not ended yet; it goes on", id);
        return fault_try(fault, "kaname execution tail %s   (or: kaname execution cancel %s)", id,
                         id);
}

int follow_execution(struct cli *cli, const struct follow *follow, json_t **ret_execution,
                     struct fault *fault)
{
        struct tail tail = { .cli = cli, .follow = follow };
        int r = client_catch_interrupt(cli, fault);

        if (r)
                return r;
        client_deadline(cli, follow->wait_ms);
        r = follow->is_workflow ? tasks_follow(cli, follow->id, follow->to, fault)
                : read_stream(&tail, fault);
        if (!r)
                r = read_record(&tail, ret_execution, fault);
        client_deadline(cli, 0);
        if (r == -EINTR)
                say_detached(cli, follow->id);
        return r == -ETIMEDOUT ? waited_enough(follow->id, fault) : r;
}

static int verdict_status(const char *status, const char *code)
{
        if (text_equal(status, "timeout"))
                return 504;
        return text_equal(code, "conflict") ? 409 : 500;
}

/* An apply that met another world: what the plan saw, what is there, what was to be. */
static void why_conflict(const json_t *conflict, struct fault *fault)
{
        _free_ char *before = out_cell(json_object_get(conflict, "before"), COLUMN_TEXT);
        _free_ char *found = out_cell(json_object_get(conflict, "found"), COLUMN_TEXT);
        _free_ char *wanted = out_cell(json_object_get(conflict, "wanted"), COLUMN_TEXT);

        if (conflict && before && found && wanted)
                fault_why(fault, "%s\nbefore: %s\nfound:  %s\nwanted: %s",
                          json_text_of(conflict, "resource", "?"), *before ? before : "(none)",
                          *found ? found : "(none)", *wanted ? wanted : "(none)");
}

int follow_verdict(const json_t *execution, struct fault *fault)
{
        const char *status = json_text_of(execution, "status", "unknown");
        const json_t *result = json_object_get(execution, "result");
        const char *error = json_text_of(result, "error", json_text_of(result, "message", NULL));
        const char *code = json_text_of(result, "code", NULL);
        const char *action = json_text_of(json_object_get(execution, "action"), "ref",
                                          "the execution");
        char made[64];

        if (!strcmp(status, "succeeded"))
                return 0;
        snprintf(made, sizeof made, "execution.%s", status);
        if (error)
                fault_set(fault, verdict_status(status, code), code ? code : made, "%s", error);
        else if (json_int_of(result, "return_code", 0))
                fault_set(fault, 500, made, "%s: the command ended with %lld", action,
                          (long long)json_int_of(result, "return_code", 0));
        else
                fault_set(fault, verdict_status(status, code), code ? code : made, "%s ended as %s",
                          action, status);
        if (json_text_of(result, "why", NULL))
                fault_why(fault, "%s", json_text_of(result, "why", ""));
        why_conflict(json_object_get(result, "conflict"), fault);
        if (json_text_of(result, "remedy", NULL))
                fault_try(fault, "%s", json_text_of(result, "remedy", ""));
        return fault_detail(fault, "execution", json_string(json_text_of(execution, "id", "")));
}

static void show_result(struct cli *cli, const json_t *result)
{
        _free_ char *text = NULL;

        if (json_object_size(result)) {
                out_properties(cli, result);
                return;
        }
        text = out_cell(result, COLUMN_TEXT);
        if (text && *text && !json_is_object(result))
                fprintf(cli->out, "%s\n", text);
}

static void say_end(struct cli *cli, const json_t *execution)
{
        const char *status = json_text_of(execution, "status", "?");
        const json_t *elapsed = json_object_get(execution, "elapsed_seconds");

        cli_note(cli, "%s%s%s %s%s%.3g%s", out_color(cli->has_err_color, out_status_color(status)),
                 status,
                 out_color(cli->has_err_color, OUT_PLAIN), json_text_of(execution, "id", ""),
                 elapsed ? " in " : "", json_number_value(elapsed), elapsed ? " s" : "");
}

static int show_end(struct cli *cli, const json_t *execution, struct fault *fault)
{
        int r;

        if (cli->has_format) {
                r = out_object(cli, execution, "id");
                return r ? r : follow_verdict(execution, fault);
        }
        say_end(cli, execution);
        if (!strcmp(json_text_of(execution, "status", ""), "succeeded"))
                show_result(cli, json_object_get(execution, "result"));
        diff_execution(cli, json_text_of(execution, "id", ""));
        return follow_verdict(execution, fault);
}

/* Who may not read the hub's status is told less, and the execution waits all the same. */
static void say_paused(struct cli *cli, const char *id)
{
        const struct request request = { .path = "/api/v1/status", .is_preparation = true };
        _fault_ struct fault fault = FAULT_INIT;
        _answer_ struct answer answer = ANSWER_INIT;
        const json_t *pause;
        const char *reason;

        if (client_call(cli, &request, &answer, &fault))
                return;
        pause = json_object_get(answer.json, "pause");
        if (!json_is_object(pause))
                return;
        reason = json_text_of(pause, "reason", NULL);
        cli_note(cli, "%s waits: the hub was paused by %s at %s%s%s\n"
                 "  it starts after: kaname resume   (or give it up: kaname execution cancel %s)",
                 id, json_text_of(pause, "user", "somebody"), json_text_of(pause, "since", "?"),
                 reason ? ", because: " : "", reason ? reason : "", id);
}

static void say_held(struct cli *cli, const char *id)
{
        cli_note(cli, "  a person lets it start: kaname held release %s   (or: kaname held drop %s)",
                 id, id);
}

/* What does not start at once is no mystery. */
static void say_waiting(struct cli *cli, const json_t *started)
{
        static const char *const waiting[] = { "held", "delayed", "pending", "paused" };
        const char *status = json_text_of(started, "status", ""),
                   *id = json_text_of(started, "id", ""),
                   *note = json_text_of(started, "note", "");

        if (!strcmp(status, "requested") || !strcmp(status, "delayed"))
                say_paused(cli, id);
        for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
                if (!strcmp(status, waiting[i]))
                        cli_note(cli, "%s is %s%s%s", id, status, *note ? ": " : "", note);
        if (!strcmp(status, "held"))
                say_held(cli, id);
}

static int show_started(struct cli *cli, const json_t *started)
{
        if (cli->has_format)
                return out_object(cli, started, "id");
        fprintf(cli->out, "%s\n", json_text_of(started, "id", ""));
        return 0;
}

int follow_request(struct cli *cli, const struct request *request, struct fault *fault)
{
        struct follow follow = { .to = cli->err, .to_err = cli->err };
        _answer_ struct answer answer = ANSWER_INIT;
        _json_ json_t *execution = NULL;
        int r = cli_duration(cli, "wait", &follow.wait_ms, fault);

        if (!r)
                r = client_call(cli, request, &answer, fault);
        if (r)
                return r;
        follow.id = json_text_of(answer.json, "id", NULL);
        if (!follow.id)
                return fault_set(fault, 502, "hub.answer",
                                 "the hub did not say which execution it started");
        say_waiting(cli, answer.json);
        if (cli_switch(cli, "async"))
                return show_started(cli, answer.json);
        if (cli->is_quiet)
                follow.to = follow.to_err = NULL;
        follow.is_workflow = tasks_has(answer.json);
        r = follow_execution(cli, &follow, &execution, fault);
        return r ? r : show_end(cli, execution, fault);
}
