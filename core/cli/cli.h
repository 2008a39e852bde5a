/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One run of the command: what was asked, where the hub is, how to answer.
 *
 * Commands return as everybody does (base/fault.h), and CLI_DONE where nothing more is to be said
 * (--curl printed the request instead of sending it). cli_main() alone turns that into an exit
 * code.
 */

#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/cleanup.h"
#include "base/fault.h"
#include "cli/verb.h"

#include <stdint.h>
#include <stdio.h>

#define CLI_DONE 2

enum {                          /* exit codes; these are contract */
        EXIT_OK = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_FORBIDDEN = 3,
        EXIT_NOT_FOUND = 4,
        EXIT_CONFLICT = 5,
        EXIT_UNREACHABLE = 69,
        EXIT_TIMEOUT = 124,
        EXIT_INTERRUPTED = 130
};

enum out_format { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_YAML, OUT_JSONL, OUT_CSV, OUT_NAME };

struct cli_value {              /* an option as it was given */
        const struct verb_option *option;
        const char *text;       /* NULL for a switch */
};

struct client;

struct cli {
        const struct noun *noun;
        const struct verb *verb;
        struct cli_value *values;
        size_t n_values;
        char **operands;
        int n_operands;
        FILE *in, *out, *err;
        bool is_out_tty, is_err_tty;
        bool has_color;         /* on out */
        bool has_err_color;
        bool has_format;        /* -o was given */
        enum out_format format;
        bool is_quiet;
        int64_t watch_ms;       /* 0: once */
        struct client *client;  /* opened at the first call */
};

/* Parse, run, report; the exit code. The streams are the caller's (tests hand in their own). */
int cli_main(int argc, char **argv, FILE *in, FILE *out, FILE *err);

/* argv into cli. FAULT 400 usage.*; CLI_DONE: help or version was printed. */
int cli_parse(struct cli *cli, int argc, char **argv, struct fault *fault);

/* The last value of an option, or NULL; whether a switch was given. */
const char *cli_option(const struct cli *cli, const char *name);
bool cli_switch(const struct cli *cli, const char *name);
/* Every value of a repeated option: `for (size_t i = 0; (text = cli_each(cli, "config", &i));)`. */
const char *cli_each(const struct cli *cli, const char *name, size_t *at);
/* A duration ("30", "1.5s", "5m", "2h", "7d") in ms; *ret untouched where the option is absent. */
int cli_duration(const struct cli *cli, const char *name, int64_t *ret_ms, struct fault *fault);
int cli_integer(const struct cli *cli, const char *name, int64_t *ret, struct fault *fault);
/* "-f FILE" as JSON (YAML is read too, - is standard input); NULL where the option is absent. */
int cli_file(struct cli *cli, const char *name, json_t **ret, struct fault *fault);
int cli_read_file(struct cli *cli, const char *path, json_t **ret, struct fault *fault);

/* A remark for the person, on err; silent with -q. */
void cli_note(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ask before something that cannot be taken back: 0, or FAULT. --yes and scripts answer for it. */
int cli_confirm(struct cli *cli, struct fault *fault, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* Print a failure as error / why / try on err. */
void cli_report(struct cli *cli, const struct fault *fault);

#endif
