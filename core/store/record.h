/* SPDX-License-Identifier: Apache-2.0 */

/* What the store holds, as it is handed in and read. Texts are borrowed, see who hands them out. */

#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>

enum store_status {             /* StackStorm's names, see store_status_text() */
        STORE_REQUESTED, STORE_SCHEDULED, STORE_DELAYED, STORE_HELD, STORE_RUNNING, STORE_PENDING,
        STORE_PAUSED, STORE_CANCELING,
        /*
         * One that others run for, a workflow for its tasks: nobody holds a claim on it, so it
         * takes no slot and cannot be lost. Shown as running, pausing and canceling.
         */
        STORE_WAITING, STORE_PAUSING, STORE_STOPPING,           /* above: has a queue row */
        STORE_SUCCEEDED, STORE_FAILED, STORE_TIMEOUT, STORE_ABANDONED, STORE_CANCELED
};
const char *store_status_text(enum store_status status);
bool store_status_parse(const char *text, enum store_status *ret);
static inline bool store_status_is_final(enum store_status status)
{
        return status >= STORE_SUCCEEDED;
}

/* Is it one that others run for, so that nobody holds it? */
static inline bool store_status_is_shared(enum store_status status)
{
        return status == STORE_WAITING || status == STORE_PAUSING || status == STORE_PAUSED ||
               status == STORE_STOPPING;
}

struct store_event {
        uint64_t seq;                   /* out */
        struct id id;
        const char *trigger;            /* ref of the trigger type */
        const char *source; /* who handed it in: "webhook:NAME", a principal, an instance */
        const char *trace;              /* tag; may be NULL */
        int64_t at_ms;
        const char *payload;            /* JSON object */
};

struct store_execution {
        uint64_t seq;                   /* out: of its creation */
        struct id id, parent, event;    /* zero: none */
        struct id plan; /* the plan it applies, or (mode undo) the execution it undoes */
        const char *action;             /* ref */
        const char *runner, *instance;  /* instance may be NULL */
        const char *rule;               /* ref of the rule that made it; may be NULL */
        const char *user;
        const char *mode;               /* "run", "plan", "apply", "undo" */
        const char *params; /* JSON object, as checked; secret ones as references or sealed */
        const char *context;            /* JSON object: trace_context, notes of the hub */
        const char *trace; /* in: tag of the trace that begins with it; NULL: none, or it is a part */
        int64_t created_ms;
        /* the queue's part */
        enum store_status status;
        int64_t run_at_ms;              /* due time; 0: at once */
        int64_t timeout_ms;             /* 0: the action's own */
        uint32_t attempt;               /* of the last claim; 0: never claimed */
        uint32_t idle; /* out: how many claims did nothing: a policy sent it back */
        uint64_t epoch;                 /* of the last claim */
        const char *on_lost;            /* "retry", "fail", "ask" */
        int64_t started_ms;             /* of the last claim, 0 where that did nothing */
        const char *note;               /* why it is held, delayed or pending; may be NULL */
        /* the result's part, once final */
        const char *moves; /* out, of lists and get: [[status, at_ms], …] on its way; NULL: not read */
        int64_t ended_ms;
        const char *result;             /* JSON; NULL: not final, or larger than asked for */
        uint64_t result_size;
};

/* The beginning of a trace: an event, or an execution that somebody asked for. */
struct store_trace {
        uint64_t seq;
        struct id id;
        bool is_event;
        int64_t at_ms;
        const char *tag;                /* may be NULL */
};

struct store_enforcement {              /* a rule that matched: what came of it */
        uint64_t seq;
        struct id id, event, execution; /* execution zero: it failed, see failure */
        const char *rule;
        const char *failure;            /* may be NULL */
        int64_t at_ms;
};

enum store_change_state {
        STORE_INTENT,                   /* announced, being made */
        STORE_APPLIED, STORE_REFUSED,   /* closed: observed / failed before any effect was seen */
        STORE_UNKNOWN,                  /* a crash or a lost answer left it open; see settled */
        STORE_PLANNED                   /* of a plan: never made */
};
const char *store_change_state_text(enum store_change_state state);

struct store_change {
        uint64_t seq;                   /* of the intent */
        struct id execution;
        struct id event; /* the one at the head of the chain of events that led to it */
        uint32_t attempt, n;            /* the n-th of its execution, from 1 */
        enum store_change_state state;
        struct id undone_by;            /* zero: not undone */
        const char *plugin, *instance, *resource;
        const char *before, *after, *observed;          /* canonical JSON or NULL */
        const char *undo_action, *undo_args;            /* may be NULL: cannot be undone */
        const char *user;
        int64_t at_ms, closed_ms;
};

/*
 * Any named thing kept as JSON: kind "rule", "instance", "pack", "apikey", "token", "plan",
 * "setting", …
 */
struct store_doc {
        uint64_t seq;                   /* of its last change; serves as its revision */
        const char *kind, *name;
        const char *body;               /* JSON */
        int64_t changed_ms;
};

struct store_key {                      /* the key-value store, and what plugins keep */
        uint64_t seq;
        const char *scope;              /* "system", "user", "plugin" */
        const char *owner;              /* user name, instance name, or "" */
        const char *name;
        const char *value;              /* text; sealed when secret (store/seal.h) */
        bool secret;
        int64_t changed_ms, expires_ms; /* 0: never */
};

#endif
