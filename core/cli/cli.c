/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What every command shares: its options by name, questions to the person, failures in three lines.
 */

#include "cli/cli.h"

#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "cli/client.h"
#include "cli/out.h"
#include "cli/remedy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_value *find_value(const struct cli *cli, const char *name)
{
        for (size_t i = cli->n_values; i-- > 0;)
                if (!strcmp(cli->values[i].option->name, name))
                        return cli->values + i;
        return NULL;
}

const char *cli_option(const struct cli *cli, const char *name)
{
        const struct cli_value *value = find_value(cli, name);

        return value ? value->text : NULL;
}

bool cli_switch(const struct cli *cli, const char *name)
{
        return find_value(cli, name) != NULL;
}

const char *cli_each(const struct cli *cli, const char *name, size_t *at)
{
        while (*at < cli->n_values) {
                const struct cli_value *value = cli->values + (*at)++;

                if (!strcmp(value->option->name, name))
                        return value->text;
        }
        return NULL;
}

static int64_t unit_ms(const char *unit)
{
        static const struct { const char *name; int64_t ms; } units[] = {
                { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
                { "d", 86400000 }, { "w", 604800000 },
        };

        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
                if (!strcmp(unit, units[i].name))
                        return units[i].ms;
        return 0;
}

int cli_duration(const struct cli *cli, const char *name, int64_t *ret_ms, struct fault *fault)
{
        const char *text = cli_option(cli, name);
        char *end = NULL;
        double value;

        if (!text)
                return 0;
        value = strtod(text, &end);
        if (end == text || !(value >= 0 && value < 1e9) || !unit_ms(end)) {
                fault_set(fault, 400, "usage.argument", "--%s: \"%s\" is no duration", name, text);
                return fault_try(fault, "--%s 30s   (ms, s, m, h, d, w; seconds without a unit)",
                                 name);
        }
        *ret_ms = (int64_t)(value * (double)unit_ms(end));
        return 0;
}

int cli_integer(const struct cli *cli, const char *name, int64_t *ret, struct fault *fault)
{
        const char *text = cli_option(cli, name);

        if (!text || text_to_int(text, INT64_MIN / 2, INT64_MAX / 2, ret))
                return 0;
        return fault_set(fault, 400, "usage.argument", "--%s: \"%s\" is no whole number", name,
                         text);
}

static int read_stdin(struct cli *cli, json_t **ret, struct fault *fault)
{
        _text_ struct text text = TEXT_INIT;
        char bytes[4096];
        size_t n;

        while ((n = fread(bytes, 1, sizeof bytes, cli->in)) > 0)
                text_add_bytes(&text, bytes, n);
        return yaml_parse(text.s ? text.s : "", text.len, "standard input", NULL, ret, fault);
}

int cli_read_file(struct cli *cli, const char *path, json_t **ret, struct fault *fault)
{
        if (!strcmp(path, "-"))
                return read_stdin(cli, ret, fault);
        if (text_ends_with(path, ".json"))
                return json_parse_file(path, NULL, ret, fault);
        return yaml_parse_file(path, NULL, ret, fault);
}

int cli_file(struct cli *cli, const char *name, json_t **ret, struct fault *fault)
{
        const char *path = cli_option(cli, name);

        return path ? cli_read_file(cli, path, ret, fault) : 0;
}

void cli_note(struct cli *cli, const char *fmt, ...)
{
        va_list ap;

        if (cli->is_quiet)
                return;
        va_start(ap, fmt);
        vfprintf(cli->err, fmt, ap);
        va_end(ap);
        fputc('\n', cli->err);
        fflush(cli->err);
}

int cli_confirm(struct cli *cli, struct fault *fault, const char *fmt, ...)
{
        char answer[16] = "";
        va_list ap;

        if (cli_switch(cli, "yes") || cli_switch(cli, "curl") || !cli->is_err_tty)
                return 0;
        va_start(ap, fmt);
        vfprintf(cli->err, fmt, ap);
        va_end(ap);
        fputs(" [y/N] ", cli->err);
        fflush(cli->err);
        if (fgets(answer, sizeof answer, cli->in) && (answer[0] == 'y' || answer[0] == 'Y'))
                return 0;
        return fault_set(fault, 400, "cli.declined", "nothing was done");
}

static int cli_exit_code(int r, const struct fault *fault)
{
        static const struct { int status, code; } codes[] = {
                { 400, EXIT_USAGE }, { 401, EXIT_FORBIDDEN }, { 403, EXIT_FORBIDDEN },
                { 404, EXIT_NOT_FOUND }, { 405, EXIT_USAGE }, { 409, EXIT_CONFLICT },
                { 413, EXIT_USAGE }, { 415, EXIT_USAGE }, { 422, EXIT_USAGE },
                { 503, EXIT_UNREACHABLE }, { 504, EXIT_TIMEOUT },
        };

        if (r == 0 || r == CLI_DONE)
                return EXIT_OK;
        if (r == -EINTR)
                return EXIT_INTERRUPTED;
        for (size_t i = 0; r == FAULT && i < sizeof codes / sizeof *codes; i++)
                if (codes[i].status == fault->status)
                        return codes[i].code;
        return EXIT_FAILED;
}

/* Later lines of a sentence stand under its first. */
static void report_line(struct cli *cli, const char *label, const char *s)
{
        fprintf(cli->err, "  %s: ", label);
        for (const char *end; (end = strchr(s, '\n')); s = end + 1) {
                out_text(cli->err, s, (size_t)(end - s));
                fputs("\n       ", cli->err);
        }
        out_text(cli->err, s, strlen(s));
        fputc('\n', cli->err);
}

/* The first of them is the error itself. */
static void report_problems(struct cli *cli, const json_t *problems)
{
        for (size_t i = 1; i < json_array_size(problems); i++) {
                const json_t *problem = json_array_get(problems, i);
                const char *remedy = json_text_of(problem, "try", NULL);

                report_line(cli, "also", json_text_of(problem, "what", ""));
                if (remedy)
                        report_line(cli, "try", remedy);
        }
}

void cli_report(struct cli *cli, const struct fault *fault)
{
        const char *execution = json_text_of(fault->detail, "execution", NULL);
        const char *what = fault->what ? fault->what : "it failed";

        fprintf(cli->err, "%serror:%s ", out_color(cli->has_err_color, OUT_BAD),
                out_color(cli->has_err_color, OUT_PLAIN));
        out_text(cli->err, what, strlen(what));
        fprintf(cli->err, "  %s[%s]%s\n", out_color(cli->has_err_color, OUT_FAINT),
                fault->code[0] ? fault->code : "unknown", out_color(cli->has_err_color, OUT_PLAIN));
        if (fault->why)
                report_line(cli, "why", fault->why);
        if (fault->remedy)
                report_line(cli, "try", fault->remedy);
        report_problems(cli, json_object_get(fault->detail, "problems"));
        if (execution)
                fprintf(cli->err, "  run: %s  (kaname execution tail %s)\n", execution, execution);
        fflush(cli->err);
}

static void cli_deinit(struct cli *cli)
{
        free(cli->values);
        cli->values = NULL;
        cli->n_values = 0;
        cli->client = client_free(cli->client);
}

/* argv is permuted while it is read; the caller's stays as it was. */
static int run(struct cli *cli, int argc, char **argv, struct fault *fault)
{
        int r = cli_parse(cli, argc, argv, fault);

        return r ? r : cli->verb->run(cli, fault);
}

int cli_main(int argc, char **argv, FILE *in, FILE *out, FILE *err)
{
        struct cli cli = { .in = in, .out = out, .err = err,
                           .is_out_tty = isatty(fileno(out)) == 1,
                           .is_err_tty = isatty(fileno(err)) == 1 };
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char **args = calloc((size_t)argc + 1, sizeof *args);
        int r;

        if (!args)
                return EXIT_FAILED;
        memcpy(args, argv, (size_t)argc * sizeof *args);
        r = run(&cli, argc, args, &fault);
        if (r < 0 && r != -EINTR)
                r = fault_errno(&fault, r, "kaname");
        if (fflush(out) != 0 && r != FAULT)
                r = fault_set(&fault, 500, "cli.output", "cannot write the answer: %s",
                              strerror(errno));
        if (r == FAULT) {
                remedy_add(&cli, &fault);
                cli_report(&cli, &fault);
        }
        cli_deinit(&cli);
        return cli_exit_code(r, &fault);
}
