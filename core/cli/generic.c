/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/generic.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/out.h"
#include "cli/remedy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "2h" is two hours ago. */
static char *query_value(const struct cli *cli, const struct cli_value *value)
{
        char text[CLOCK_TEXT_SIZE];
        int64_t ago_ms, at_ms;

        if (!value->text)
                return strdup("true");
        if (!value->option->is_time || !clock_parse(value->text, &at_ms) ||
            cli_duration(cli, value->option->name, &ago_ms, NULL))
                return client_escape(value->text);
        return client_escape(clock_text(clock_real_ms() - ago_ms, text));
}

char *verb_query(const struct cli *cli)
{
        _text_ struct text query = TEXT_INIT;

        for (size_t i = 0; i < cli->n_values; i++) {
                const struct cli_value *value = cli->values + i;
                _free_ char *escaped = NULL;

                if (!value->option->query)
                        continue;
                escaped = query_value(cli, value);
                if (!escaped)
                        return NULL;
                text_addf(&query, "%s%s=%s", query.len ? "&" : "", value->option->query, escaped);
        }
        return text_take(&query);
}

int verb_show(struct cli *cli, const json_t *value)
{
        if (json_is_array(value) && cli->verb->columns)
                return out_list(cli, value, cli->verb->columns, cli->verb->name_path);
        return out_object(cli, value, cli->verb->name_path);
}

/* Redrawn on a terminal; elsewhere each new state follows the last. */
static int print_if_new(struct cli *cli, char **last, const char *text, size_t len)
{
        if (*last && strlen(*last) == len && !memcmp(*last, text, len))
                return 0;
        if (cli->is_out_tty)
                fputs("\033[H\033[2J", cli->out);
        else if (*last)
                fputc('\n', cli->out);
        fwrite(text, 1, len, cli->out);
        if (fflush(cli->out))
                return -errno;
        free(*last);
        *last = strndup(text, len);
        return *last ? 0 : -ENOMEM;
}

static int watch_turn(struct cli *cli, int (*make)(struct cli *, struct fault *), char **last,
                      struct fault *fault)
{
        FILE *to = cli->out;
        _free_ char *text = NULL;
        size_t len = 0;
        int r;

        cli->out = open_memstream(&text, &len);
        if (!cli->out) {
                cli->out = to;
                return -ENOMEM;
        }
        r = make(cli, fault);
        fclose(cli->out);
        cli->out = to;
        return r ? r : print_if_new(cli, last, text, len);
}

int verb_watch(struct cli *cli, int (*make)(struct cli *cli, struct fault *fault),
               struct fault *fault)
{
        _free_ char *last = NULL;
        int r;

        if (!cli->watch_ms || cli_switch(cli, "curl"))
                return make(cli, fault);
        r = client_catch_interrupt(cli, fault);
        while (!r) {
                r = watch_turn(cli, make, &last, fault);
                if (!r)
                        r = client_sleep(cli, cli->watch_ms);
        }
        return r;
}

static int list_once(struct cli *cli, struct fault *fault)
{
        _free_ char *query = verb_query(cli);
        _json_ json_t *list = NULL;
        int r = query ? client_get(cli, cli->verb->path, query, &list, fault) : -ENOMEM;

        return r ? r : verb_show(cli, list);
}

int verb_list(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, list_once, fault);
}

static int get_one(struct cli *cli, const char *operand, struct fault *fault)
{
        _free_ char *path = client_path(cli->verb->path, operand), *query = verb_query(cli);
        _json_ json_t *value = NULL;
        int r = path && query ? client_get(cli, path, query, &value, fault) : -ENOMEM;

        return r ? r : verb_show(cli, value);
}

static int get_all(struct cli *cli, struct fault *fault)
{
        int r = 0;

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = get_one(cli, cli->operands[i], fault);
        return r;
}

int verb_get(struct cli *cli, struct fault *fault)
{
        return verb_watch(cli, get_all, fault);
}

static int change_one(struct cli *cli, const char *method, const char *operand, struct fault *fault)
{
        _free_ char *path = client_path(cli->verb->path, operand ? operand : ""),
                *query = verb_query(cli);
        const struct request request = { .method = method, .path = path, .query = query };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = path && query ? client_call(cli, &request, &answer, fault) : -ENOMEM;

        if (r)
                return r == CLI_DONE ? 0 : r;
        if (answer.json && (cli->has_format || !cli->verb->done))
                return verb_show(cli, answer.json);
        cli_note(cli, "%s%s%s", operand ? operand : "", operand ? ": " : "",
                 cli->verb->done ? cli->verb->done : "done");
        return 0;
}

int verb_delete(struct cli *cli, struct fault *fault)
{
        int r = cli->n_operands == 1
                ? cli_confirm(cli, fault, "%s %s %s?", cli->verb->name, cli->noun->name,
                              cli->operands[0])
                : cli_confirm(cli, fault, "%s these %d?", cli->verb->name, cli->n_operands);

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = change_one(cli, "DELETE", cli->operands[i], fault);
        return r;
}

static int set_enabled(struct cli *cli, const char *operand, bool enabled, struct fault *fault)
{
        _free_ char *path = client_path(cli->verb->path, operand);
        _json_ json_t *body = json_pack("{s:b}", "enabled", enabled);
        const struct request request = { .method = "PUT", .path = path, .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = path && body ? client_call(cli, &request, &answer, fault) : -ENOMEM;

        if (!r)
                cli_note(cli, "%s: %s", operand, enabled ? "enabled" : "disabled");
        return r;
}

int verb_enable(struct cli *cli, struct fault *fault)
{
        int r = 0;

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = set_enabled(cli, cli->operands[i], text_equal(cli->verb->name, "enable"),
                                fault);
        return r;
}

int verb_create(struct cli *cli, struct fault *fault)
{
        _json_ json_t *definition = NULL;
        struct request request = { .method = "POST", .path = cli->verb->path };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = cli_read_file(cli, cli->operands[0], &definition, fault);

        request.body = definition;
        if (!r)
                r = client_call(cli, &request, &answer, fault);
        if (r == FAULT)
                return remedy_place(cli->operands[0], fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "ref");
        cli_note(cli, "%s: created, %s", json_text_of(answer.json, "ref", cli->noun->name),
                 json_bool_of(answer.json, "enabled", false) ? "enabled" : "not enabled yet");
        return 0;
}

int verb_post(struct cli *cli, struct fault *fault)
{
        int r = cli->n_operands ? 0 : change_one(cli, "POST", NULL, fault);

        for (int i = 0; i < cli->n_operands && !r; i++)
                r = change_one(cli, "POST", cli->operands[i], fault);
        return r;
}
