/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A conductor from inside. What a life holds and how it is kept whole: the tasks that began (in
 * order, and the newest by task and route), those that are staged (waiting to begin, or for the
 * rest of a join, or `with` items under way), routes, contexts, errors. Counters stand beside the
 * lists, so that no question walks them.
 */

#ifndef WORKFLOW_LIFE_H
#define WORKFLOW_LIFE_H

#include "base/list.h"
#include "base/map.h"
#include "workflow/conductor.h"
#include "workflow/context.h"
#include "workflow/machine.h"
#include "workflow/spec.h"

/* A result: as a value, as a reference to be loaded, or known to be unknown. */
struct outcome {
        json_t *value, *reference;
        bool is_unknown;
};

/* Through which transitions a task was reached, and from which runs. */
struct back {
        struct back_link {
                const struct edge *edge;
                unsigned entry;
        } *list;
        size_t count, room;
};

enum taken { TAKEN_NOT_SAID, TAKEN_NO, TAKEN_YES };

struct entry {                          /* a task that began */
        unsigned index, route;
        struct node *node;
        struct context *in;
        struct back prev;
        unsigned char *next;            /* enum taken by edge */
        enum status status;
        bool is_terminal, is_dirty;
        bool has_retry;
        int64_t retry_count, retry_delay;
        unsigned tally;
};

struct item {
        unsigned char status;
        bool is_dirty;
        struct outcome outcome;
};

struct items {
        json_t *list;                   /* the values */
        bool is_written;                /* in a delta */
        size_t count, next;             /* from next on some may not have run */
        size_t by_status[STATUS_COUNT];
        struct item *item;
        json_t **rendered;              /* [{action, input, item_id}] until they start; or NULL */
        size_t *dirty;
        size_t dirty_count, dirty_room;
};

struct staged {
        struct list link;
        unsigned serial, route;
        struct node *node;
        struct context *in;
        struct back prev;
        bool is_ready, is_completed, runs_on_fail, is_retry;
        bool is_dirty, is_gone;
        int64_t retry_delay;
        struct items *items;
};

struct route {
        unsigned parent;                /* of route 0: itself */
        const struct edge *edge;        /* the split that leads from there */
        unsigned length;
};

struct conductor {
        struct workflow *workflow;
        struct conductor_calls calls;
        json_t *input, *context;        /* as given */
        enum status status;
        int64_t timeout;
        struct contexts contexts;

        struct entry **entries;
        size_t entry_count, entry_room;
        struct map latest;              /* "node.route" to entry */
        size_t by_status[STATUS_COUNT]; /* of the latest entries */

        struct list staged;
        struct map staged_at;           /* "node.route" to staged */
        unsigned serials;
        size_t ready;                   /* staged that may begin */

        struct route *routes;
        size_t route_count, route_room;

        json_t *errors, *log;           /* lists of entries */
        struct map said;                /* what an error says, so that it is said once */
        json_t *output;

        json_t *delta;                  /* records since the last conductor_take_delta */
        struct entry **dirty_entries;
        size_t dirty_entry_count, dirty_entry_room;
        struct staged **dirty_staged;
        size_t dirty_staged_count, dirty_staged_room;
        bool is_restoring;
};

/* conductor.c: a life without anything in it yet. */
int life_make(const struct conductor_setup *setup, struct conductor **ret, struct fault *fault);

/* entry.c: tasks that began. */
int entry_add(struct conductor *c, struct node *node, unsigned route, struct context *in,
              const struct back *prev, struct entry **ret);
struct entry *entry_latest(const struct conductor *c, const struct node *node, unsigned route);
int entry_mark(struct conductor *c, struct entry *entry);
int entry_become(struct conductor *c, struct entry *entry, enum status status);
int entry_end(struct conductor *c, struct entry *entry, bool is_terminal);
bool life_has_active(const struct conductor *c);
bool life_has_paused(const struct conductor *c);
bool life_has_canceled(const struct conductor *c);

/* stage.c: tasks that may begin. */
int staged_add(struct conductor *c, struct node *node, unsigned route, struct context *in,
               struct staged **ret);
struct staged *staged_find(const struct conductor *c, const struct node *node, unsigned route);
int staged_mark(struct conductor *c, struct staged *staged);
int staged_set(struct conductor *c, struct staged *staged, bool is_ready, bool is_completed);
int staged_remove(struct conductor *c, struct staged *staged);
void staged_drop_items(struct staged *staged);
int back_add(struct conductor *c, struct back *back, const struct edge *edge, unsigned entry);

/* items.c */
struct items *items_new(json_t *list);
struct items *items_free(struct items *items);
int items_set(struct items *items, size_t index, enum status status, struct outcome outcome);
enum others items_others(const struct items *items, enum status but);
bool items_have_active(const struct items *items);
size_t items_incomplete(const struct items *items);
int items_forget(struct items *items, bool all);

/* route.c */
int route_add(struct conductor *c, unsigned parent, const struct edge *edge, unsigned *ret);
int route_follow(struct conductor *c, const struct edge *edge, unsigned from, unsigned *ret,
                 struct fault *fault);
/* The latest entry of a task on the route, or on the nearest one that this one came from. */
struct entry *route_number(const struct conductor *c, const struct node *node, unsigned route);

/* errors.c */
int error_add(struct conductor *c, json_t *entry, const struct outcome *result);
int error_fault(struct conductor *c, const struct fault *fault, const struct entry *at,
                const struct edge *edge);
/* Learn anew what was said, from the errors that are left. */
void errors_recall(struct conductor *c);
void errors_forget(struct conductor *c, const char *task_id);
int log_add(struct conductor *c, json_t *entry);
/* Describe a failure as StackStorm names it; returns FAULT. */
int refuse(struct fault *fault, int status, const char *code, const char *exception,
           const char *fmt, ...) __attribute__((format(printf, 5, 6)));

void outcome_deinit(struct outcome *outcome);
struct outcome outcome_ref(const struct outcome *outcome);
/* The value, loaded where need be: new reference; NULL in *ret when it is unknown. */
int outcome_load(const struct conductor *c, const struct outcome *outcome, json_t **ret,
                 struct fault *fault);

/* request.c: the workflow itself. */
void workflow_become(struct conductor *c, enum status status);
int workflow_fail(struct conductor *c);

/* delta.c */
void delta_add(struct conductor *c, json_t *record);

#endif
