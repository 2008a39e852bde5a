/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 0)))
static void replace(char **text, const char *fmt, va_list ap)
{
        char *made = NULL;

        if (vasprintf(&made, fmt, ap) < 0)
                made = NULL;
        free(*text);
        *text = made;
}

int fault_set(struct fault *fault, int status, const char *code, const char *fmt, ...)
{
        struct fault made = { .status = status };
        va_list ap;

        if (!fault)
                return FAULT;
        /* The words may be taken from the fault that they replace. */
        snprintf(made.code, sizeof made.code, "%s", code);
        va_start(ap, fmt);
        replace(&made.what, fmt, ap);
        va_end(ap);
        fault_move(fault, &made);
        return FAULT;
}

int fault_why(struct fault *fault, const char *fmt, ...)
{
        va_list ap;

        if (!fault)
                return FAULT;
        va_start(ap, fmt);
        replace(&fault->why, fmt, ap);
        va_end(ap);
        return FAULT;
}

int fault_try(struct fault *fault, const char *fmt, ...)
{
        va_list ap;

        if (!fault)
                return FAULT;
        va_start(ap, fmt);
        replace(&fault->remedy, fmt, ap);
        va_end(ap);
        return FAULT;
}

int fault_prefix(struct fault *fault, const char *fmt, ...)
{
        char *prefix = NULL, *whole;
        va_list ap;

        if (!fault)
                return FAULT;
        va_start(ap, fmt);
        replace(&prefix, fmt, ap);
        va_end(ap);
        if (prefix && asprintf(&whole, "%s: %s", prefix, fault->what ? fault->what : "") >= 0) {
                free(fault->what);
                fault->what = whole;
        }
        free(prefix);
        return FAULT;
}

int fault_detail(struct fault *fault, const char *key, json_t *value)
{
        if (!fault) {
                json_decref(value);
                return FAULT;
        }
        if (!fault->detail)
                fault->detail = json_object();
        json_object_set_new(fault->detail, key, value);
        return FAULT;
}

int fault_at(struct fault *fault, const char *step)
{
        const char *old = fault && fault->detail
                ? json_string_value(json_object_get(fault->detail, "path")) : NULL;
        char *path = NULL;

        if (!fault || asprintf(&path, "%s%s%s", step, old && *old ? "." : "", old ? old : "") < 0)
                return FAULT;
        fault_detail(fault, "path", json_string(path));
        free(path);
        return FAULT;
}

int fault_at_key(struct fault *fault, const char *key)
{
        char *step = malloc(2 * strlen(key) + 1), *to = step;

        for (const char *s = key; step && *s; s++) {
                if (*s == '.' || *s == '\\')
                        *to++ = '\\';
                *to++ = *s;
        }
        if (step) {
                *to = '\0';
                fault_at(fault, step);
        }
        free(step);
        return FAULT;
}

int fault_errno(struct fault *fault, int r, const char *doing)
{
        if (r >= 0)
                return r;
        if (r == -ENOSPC || r == -EDQUOT) {
                fault_set(fault, 507, "disk.full", "%s: no space left on the disk", doing);
                return fault_try(fault,
                                 "free space under the state directory; nothing accepted was lost");
        }
        return fault_set(fault, 500, "internal", "%s: %s", doing, strerror(-r));
}

void fault_move(struct fault *to, struct fault *from)
{
        if (to) {
                fault_deinit(to);
                *to = *from;
        } else {
                fault_deinit(from);
        }
        memset(from, 0, sizeof *from);
}

static char *dup_or_null(const char *s)
{
        return s ? strdup(s) : NULL;
}

void fault_copy(struct fault *to, const struct fault *from)
{
        fault_deinit(to);
        to->status = from->status;
        memcpy(to->code, from->code, sizeof to->code);
        to->what = dup_or_null(from->what);
        to->why = dup_or_null(from->why);
        to->remedy = dup_or_null(from->remedy);
        to->detail = from->detail ? json_deep_copy(from->detail) : NULL;
}

void fault_deinit(struct fault *fault)
{
        free(fault->what);
        free(fault->why);
        free(fault->remedy);
        json_decref(fault->detail);
        memset(fault, 0, sizeof *fault);
}
