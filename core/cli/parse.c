/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The command line. Options may stand anywhere, so getopt_long reads it in turns: the first ones
 * know the global options and stop at the words that name noun and verb; the last one knows the
 * verb's options too and gathers its operands.
 */

#include "cli/cli.h"

#include "base/text.h"
#include "cli/help.h"
#include "cli/out.h"

#include <errno.h>
#include <stdint.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 48

const struct verb_option global_options[] = {
        { .name = "output", .letter = 'o', .argument = "FORMAT",
          .summary = "table, wide, json, yaml, jsonl, csv or name" },
        { .name = "watch", .argument = "[SECONDS]",
          .summary = "show it again whenever it changes (lists)" },
        { .name = "curl", .summary = "print the request as a curl command instead of sending it" },
        { .name = "url", .argument = "URL", .summary = "where the hub is; unix:PATH for a socket" },
        { .name = "token", .argument = "TOKEN",
          .summary = "who you are; $KANAME_TOKEN keeps it out of ps" },
        { .name = "yes", .letter = 'y', .summary = "do not ask" },
        { .name = "quiet", .letter = 'q', .summary = "no progress and no remarks" },
        { .name = "color", .argument = "[WHEN]", .summary = "always, never or auto" },
        { .name = "no-color", .summary = "the same as --color=never" },
        { .name = "help", .letter = 'h', .summary = "say how this is used" },
        { .name = "version", .letter = 'V', .summary = "print the version" },
        { .name = NULL }
};

/* What getopt needs, made from rows; val is the row's index + 256, so that letters stay apart. */
struct getopt_table {
        const struct verb_option *rows[OPTIONS_MAX];
        struct option longs[OPTIONS_MAX + 1];
        char shorts[2 * OPTIONS_MAX + 3];
        int n;
};

static void table_add(struct getopt_table *table, const struct verb_option *rows)
{
        size_t at = strlen(table->shorts);

        for (; rows && rows->name && table->n < OPTIONS_MAX; rows++) {
                int wants = !rows->argument ? no_argument
                        : rows->argument[0] == '[' ? optional_argument : required_argument;

                table->rows[table->n] = rows;
                table->longs[table->n] = (struct option){ rows->name, wants, NULL, 256 + table->n };
                table->n++;
                if (!rows->letter)
                        continue;
                table->shorts[at++] = rows->letter;
                if (wants == required_argument)
                        table->shorts[at++] = ':';
        }
}

static const struct verb_option *table_row(const struct getopt_table *table, int c)
{
        if (c >= 256)
                return table->rows[c - 256];
        for (int i = 0; i < table->n; i++)
                if (table->rows[i]->letter == c)
                        return table->rows[i];
        return NULL;
}

static int fail_help(struct cli *cli, struct fault *fault)
{
        if (cli->noun && cli->noun->name)
                return fault_try(fault, "kaname help %s%s%s", cli->noun->name, cli->verb ? " " : "",
                                 cli->verb ? cli->verb->name : "");
        return fault_try(fault, "kaname help%s%s", cli->verb ? " " : "",
                         cli->verb ? cli->verb->name : "");
}

static int fail_option(struct cli *cli, const struct getopt_table *table, int c, char **argv,
                       struct fault *fault)
{
        const char *names[OPTIONS_MAX + 1] = { NULL }, *word = argv[optind - 1], *near;

        for (int i = 0; i < table->n; i++)
                names[i] = table->rows[i]->name;
        if (c == ':' || (optopt && table_row(table, optopt))) {
                fault_set(fault, 400, "usage.argument", c == ':' ? "option %s needs an argument"
                          : "option %s takes no argument", word);
                return fail_help(cli, fault);
        }
        if (optopt && optopt < 256)
                fault_set(fault, 400, "usage.option", "there is no option -%c here", optopt);
        else
                fault_set(fault, 400, "usage.option", "there is no option %s here", word);
        near = text_starts_with(word, "--") ? text_nearest(word + 2, names) : NULL;
        return near ? fault_try(fault, "--%s", near) : fail_help(cli, fault);
}

static int value_add(struct cli *cli, const struct verb_option *option, const char *text)
{
        struct cli_value *more = realloc(cli->values, (cli->n_values + 1) * sizeof *more);

        if (!more)
                return -ENOMEM;
        cli->values = more;
        cli->values[cli->n_values++] = (struct cli_value){ option, text };
        return 0;
}

/* One turn; prefix "+:" stops at the first operand, ":" takes them wherever they stand. */
static int read_options(struct cli *cli, const char *prefix, int argc, char **argv,
                        struct fault *fault)
{
        struct getopt_table table = { .n = 0 };
        const struct verb_option *option;
        int c, r;

        strcpy(table.shorts, prefix);
        table_add(&table, global_options);
        table_add(&table, cli->verb ? cli->verb->options : NULL);
        optind = 0;             /* glibc: begin anew */
        opterr = 0;
        while ((c = getopt_long(argc, argv, table.shorts, table.longs, NULL)) != -1) {
                option = c == '?' || c == ':' ? NULL : table_row(&table, c);
                if (!option)
                        return fail_option(cli, &table, c, argv, fault);
                r = value_add(cli, option, optarg);
                if (r)
                        return r;
        }
        return 0;
}

/* The first word is a verb that stands alone, or a noun. */
static void find_first(struct cli *cli, const char *name)
{
        for (const struct noun *const *noun = nouns; *noun && !cli->verb; noun++) {
                cli->verb = (*noun)->name ? NULL : verb_find(*noun, name);
                cli->noun = *noun;
        }
        if (!cli->verb)
                cli->noun = noun_find(name);
}

static int fail_unknown(const struct noun *noun, const char *name, struct fault *fault)
{
        _free_ const char **names = verb_names(noun);
        const char *near = names ? text_nearest(name, names) : NULL;

        fault_set(fault, 400, "usage.command", noun ? "there is no command \"%2$s %1$s\""
                  : "there is no command \"%1$s\"", name, noun ? noun->name : "");
        if (near)
                return fault_try(fault, noun ? "kaname %2$s %1$s" : "kaname %1$s", near,
                                 noun ? noun->name : "");
        return fault_try(fault, "kaname help%s%s", noun ? " " : "", noun ? noun->name : "");
}

/*
 * Read the options before the next word and take both out of argv; argv[0] stays in front, where
 * getopt wants it. *ret is NULL where no word is left.
 */
static int take_word(struct cli *cli, int *argc, char **argv, const char **ret, struct fault *fault)
{
        int taken, r = read_options(cli, "+:", *argc, argv, fault);

        if (r)
                return r;
        *ret = optind < *argc ? argv[optind] : NULL;
        taken = optind - 1 + (*ret != NULL);
        memmove(argv + 1, argv + 1 + taken, (size_t)(*argc - taken) * sizeof *argv);
        *argc -= taken;
        return 0;
}

static int find_verb(struct cli *cli, int *argc, char **argv, struct fault *fault)
{
        const char *word;
        int r = take_word(cli, argc, argv, &word, fault);

        if (r || !word)
                return r;
        find_first(cli, word);
        if (!cli->noun)
                return fail_unknown(NULL, word, fault);
        if (cli->verb)
                return 0;
        r = take_word(cli, argc, argv, &word, fault);
        if (r || !word)
                return r;
        cli->verb = verb_find(cli->noun, word);
        if (cli->verb)
                return 0;
        if (!cli->noun->otherwise)
                return fail_unknown(cli->noun, word, fault);
        /* The word is an operand: back to where it was taken from. */
        cli->verb = verb_find(cli->noun, cli->noun->otherwise);
        memmove(argv + 2, argv + 1, (size_t)(*argc - 1) * sizeof *argv);
        argv[1] = (char *)(uintptr_t)word;
        ++*argc;
        return 0;
}

static int check_operands(struct cli *cli, struct fault *fault)
{
        const struct verb *verb = cli->verb;

        if (cli->n_operands < verb->operands_min)
                fault_set(fault, 400, "usage.operands", "%s needs %s", verb->name, verb->operands);
        else if (verb->operands_max >= 0 && cli->n_operands > verb->operands_max)
                fault_set(fault, 400, "usage.operands", "%s does not take \"%s\"", verb->name,
                          cli->operands[verb->operands_max]);
        else if (verb->operands_min > 0 && !*cli->operands[0])
                fault_set(fault, 400, "usage.operands", "%s needs %s, and what was given is empty",
                          verb->name, verb->operands);
        else
                return 0;
        return fail_help(cli, fault);
}

static int set_color(struct cli *cli, struct fault *fault)
{
        const char *when = cli_option(cli, "color"), *none = getenv("NO_COLOR"),
                *term = getenv("TERM");
        bool is_dumb = (none && none[0]) || (term && !strcmp(term, "dumb"));

        if (cli_switch(cli, "no-color"))
                when = "never";
        else if (cli_switch(cli, "color") && !when)
                when = "always";
        if (when && strcmp(when, "always") && strcmp(when, "never") && strcmp(when, "auto"))
                return fault_set(fault, 400, "usage.argument",
                                 "--color=%s: want always, never or auto", when);
        cli->has_color = when && !strcmp(when, "always");
        cli->has_err_color = cli->has_color;
        if (!when || !strcmp(when, "auto")) {
                cli->has_color = cli->is_out_tty && !is_dumb;
                cli->has_err_color = cli->is_err_tty && !is_dumb;
        }
        return 0;
}

static int set_watch(struct cli *cli, struct fault *fault)
{
        int r;

        if (!cli_switch(cli, "watch"))
                return 0;
        cli->watch_ms = 2000;
        r = cli_option(cli, "watch") ? cli_duration(cli, "watch", &cli->watch_ms, fault) : 0;
        if (r || cli->watch_ms >= 100)
                return r;
        return fault_set(fault, 400, "usage.argument", "--watch: at most ten times a second");
}

static int set_globals(struct cli *cli, struct fault *fault)
{
        const char *format = cli_option(cli, "output");
        int r;

        cli->is_quiet = cli_switch(cli, "quiet");
        cli->has_format = format != NULL;
        r = format ? out_format_parse(format, &cli->format, fault) : 0;
        if (!r)
                r = set_color(cli, fault);
        return r ? r : set_watch(cli, fault);
}

static int want_help(struct cli *cli)
{
        if (cli_switch(cli, "version")) {
                fprintf(cli->out, "kaname %s\n", PACKAGE_VERSION);
                return CLI_DONE;
        }
        if (!cli_switch(cli, "help"))
                return 0;
        help_print(cli->out, cli->noun, cli->verb);
        return CLI_DONE;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct fault *fault)
{
        int r = find_verb(cli, &argc, argv, fault);

        if (!r && cli->verb)
                r = read_options(cli, ":", argc, argv, fault);
        if (r)
                return r;
        cli->operands = argv + optind;
        cli->n_operands = argc - optind;
        r = want_help(cli);
        if (!r)
                r = set_globals(cli, fault);
        if (r)
                return r;
        if (!cli->verb) {
                help_print(cli->err, cli->noun, NULL);
                return fault_set(fault, 400, "usage.command", "a command is missing");
        }
        return check_operands(cli, fault);
}
