/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The output of an execution: a file of its own under STATE/output, appended to while it runs, with
 * an index of line offsets beside it, so that any range of lines is read without reading the rest.
 * A record is a line with its stream ("stdout", "stderr") and time. Capped; the cut is marked.
 */

#ifndef STORE_OUTPUT_H
#define STORE_OUTPUT_H

#include "base/fault.h"
#include "base/id.h"

#include <stddef.h>
#include <stdint.h>

struct output_line {
        uint64_t n;                     /* from 0 */
        int64_t at_ms;
        const char *stream;             /* "stdout" or "stderr" */
        const char *text;               /* without the newline; invalid UTF-8 was replaced */
        size_t len;
};
typedef int output_visit(void *arg, const struct output_line *line);

struct output;                          /* an open writer; one an execution; any thread */
int output_open(const char *state_dir, const struct id *execution, uint64_t bytes_max,
                struct output **ret);
/*
 * Takes bytes as they come; a line is recorded at its newline, when it is 64 KiB long, or at close.
 */
int output_write(struct output *output, const char *stream, const void *data, size_t len);
/* Called for each recorded line, on the writing thread: the live stream. */
void output_tap(struct output *output, output_visit *visit, void *arg);
struct output *output_close(struct output *output);     /* NULL; accepts NULL */

/*
 * Lines from first (negative: from the end) up to limit; ret_lines gets how many there are. 404 if
 * none.
 */
int output_read(const char *state_dir, const struct id *execution, int64_t first, size_t limit,
                output_visit *visit, void *arg, uint64_t *ret_lines, struct fault *fault);
int output_remove(const char *state_dir, const struct id *execution);

#endif
