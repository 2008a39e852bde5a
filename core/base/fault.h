/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How functions fail.
 *
 * A function returns 0, or a negative errno that the caller forwards unchanged, or FAULT: a failure
 * that a person will read, described in the struct fault that the function was handed last. A fault
 * carries the HTTP status as its class, since that is the vocabulary all readers share; the CLI's
 * exit codes and the REST answers are each derived from it in one place.
 *
 * Negative errnos become faults at the border with fault_errno(). Other positive conditions of one
 * function (store_commit's, say) are named in that function's header and handled by its caller.
 */

#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <jansson.h>

#define FAULT 1

struct fault {
        int status; /* HTTP status: 400 input, 401, 403, 404, 409, 413, 422, 500, 502, 503, 504, 507 */
        char code[48];          /* stable and searchable: "rule.unknown-trigger" */
        char *what;             /* one sentence: what is wrong, with the names */
        char *why;              /* may be NULL */
        char *remedy;           /* may be NULL: what to try, best a command */
        json_t *detail;         /* may be NULL: extra members for the problem document */
};

#define FAULT_INIT { 0, "", NULL, NULL, NULL, NULL }

/*
 * Describe a failure and return FAULT. A fault that is already set is replaced; fault may be NULL.
 */
int fault_set(struct fault *fault, int status, const char *code, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Add the second and third sentence; each returns FAULT. */
int fault_why(struct fault *fault, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fault_try(struct fault *fault, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Put "prefix: " before what. */
int fault_prefix(struct fault *fault, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Where it is in the definition at hand, as yaml_line_of() reads it: detail's "path". step is put
 * before a path that is there already, so each level says only its own. Returns FAULT.
 */
int fault_at(struct fault *fault, const char *step);
/* The same for a key that is one step, whatever dots it holds. */
int fault_at_key(struct fault *fault, const char *key);
/* Add a member to detail; steals value. */
int fault_detail(struct fault *fault, const char *key, json_t *value);
/*
 * Describe a negative errno: status 507 for ENOSPC and EDQUOT, 500 else. Forwards FAULT and 0
 * unchanged.
 */
int fault_errno(struct fault *fault, int r, const char *doing);
/* Move; *to must be empty or initialised. */
void fault_move(struct fault *to, struct fault *from);
void fault_copy(struct fault *to, const struct fault *from);
void fault_deinit(struct fault *fault);

#define _fault_ __attribute__((cleanup(fault_deinit)))

#endif
