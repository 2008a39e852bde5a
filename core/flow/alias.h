/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Commands that people type to a robot or at a terminal, "restart web1 now", and the actions that
 * they stand for. An alias has formats; a format is text in which {{ key }} is a parameter, {{ key =
 * default }} one that can be left out together with the spaces before it, and all else is the text
 * of a regular expression (Python's), whose named groups are parameters too. Pairs key=value behind
 * the command are parameters of any name.
 *
 * Pure, compiled once, matched by many threads; the patterns are other people's and run under the
 * limits of base/regex.
 */

#ifndef FLOW_ALIAS_H
#define FLOW_ALIAS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

#define ALIAS_COMMAND_MAX 8192          /* bytes of a command */
#define ALIAS_FORMATS_MAX 200           /* of one alias */

struct alias_format;

/* FAULT 422 alias.format says what of the format is wrong. */
int alias_format_compile(const char *format, struct alias_format **ret, struct fault *fault);
struct alias_format *alias_format_free(struct alias_format *format);    /* NULL; accepts NULL */
/*
 * 1: it matches, and *ret is a new object of texts; 0: it does not; a negative errno (-ELOOP: the
 * pattern needs too many steps, -E2BIG: the command is longer than ALIAS_COMMAND_MAX).
 */
int alias_format_match(const struct alias_format *format, const char *command, json_t **ret);

struct alias;

/*
 * definition: name, pack, action_ref, formats (texts, or {display?, representation}), description,
 * enabled, ack, result, extra, immutable_parameters. FAULT 422 alias.invalid, alias.format; detail's
 * path says where.
 */
int alias_compile(const json_t *definition, struct alias **ret, struct fault *fault);
struct alias *alias_free(struct alias *alias);          /* NULL; accepts NULL */

const char *alias_ref(const struct alias *alias);       /* PACK.NAME */
const char *alias_action(const struct alias *alias);
bool alias_is_enabled(const struct alias *alias);
const json_t *alias_definition(const struct alias *alias);

struct alias_match {
        const char *display, *representation;   /* the format that matched; borrowed */
        json_t *params;                 /* new; those of immutable_parameters are not in it */
};
/* The first format that the command fits: as alias_format_match(). */
int alias_match(const struct alias *alias, const char *command, struct alias_match *ret);
/* The same with the one format whose display or representation is this; FAULT 422 for none. */
int alias_match_format(const struct alias *alias, const char *format, const char *command,
                       struct alias_match *ret, struct fault *fault);

/* Every display text; the visitor returns 0 to go on. */
int alias_each_display(const struct alias *alias, int (*visit)(void *arg, const char *display),
                       void *arg);

#endif
