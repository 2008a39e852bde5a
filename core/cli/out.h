/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers to standard output. JSON is the API's, unchanged; table and wide are for people (and may
 * change between releases); the rest is for scripts.
 */

#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "cli/cli.h"

/* "table", … into a format; FAULT 400 with the nearest. */
int out_format_parse(const char *text, enum out_format *ret, struct fault *fault);

/* A list (array), or one object: as its properties, one a line, in tables. */
int out_list(struct cli *cli, const json_t *list, const struct column *columns,
             const char *name_path);
int out_object(struct cli *cli, const json_t *object, const char *name_path);

/*
 * What a cell shows: text as it is, other values as compact JSON, times in local time. New string.
 */
char *out_cell(const json_t *value, enum column_kind kind);
/* Text from elsewhere to a terminal: control characters but tab and newline become spaces. */
void out_text(FILE *to, const char *s, size_t len);

enum out_color { OUT_PLAIN, OUT_GOOD, OUT_BAD, OUT_BUSY, OUT_FAINT, OUT_STRONG };
const char *out_color(bool has_color, enum out_color color);    /* the sequence that turns it on */
enum out_color out_status_color(const char *status);

/* By format, see out_*.c. */
int out_table(struct cli *cli, const json_t *list, const struct column *columns);
int out_properties(struct cli *cli, const json_t *object);
int out_yaml(FILE *to, const json_t *value);
int out_csv(FILE *to, const json_t *list, const struct column *columns);

#endif
