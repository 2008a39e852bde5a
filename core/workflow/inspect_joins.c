/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A join is ambiguous when its parents came through other splits than it did itself: then it cannot
 * tell which of the routes belong together. StackStorm finds this by walking all ways from the
 * start with the splits passed so far, but entering a cycle only once; the walk is the same here,
 * since in cycles its outcome depends on the order.
 */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "workflow/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TASKS_MAX 4096          /* beyond, a definition is refused by its size alone */
#define WORD (8 * sizeof(unsigned long))
#define NOBODY ((size_t)-1)

struct step {
        size_t from, at;
        unsigned long *splits;
};

struct walk {
        const struct sketch *sketch;
        size_t words;
        struct step *queue;
        size_t head, tail, room;
        unsigned long *splits;          /* of each task: all that lead to it */
        bool *is_staged;
        unsigned long *sent;            /* of each edge: what went along it */
        bool *was_sent;
        size_t *first_edge;
        bool *parents;                  /* [task * all + parent] */
};

static unsigned long *set_at(unsigned long *sets, const struct walk *walk, size_t at)
{
        return sets + at * walk->words;
}

/* Add b to a; was there anything new? */
static bool set_add(const struct walk *walk, unsigned long *a, const unsigned long *b)
{
        bool is_new = false;

        for (size_t i = 0; i < walk->words; i++) {
                is_new |= (b[i] & ~a[i]) != 0;
                a[i] |= b[i];
        }
        return is_new;
}

static bool set_is_empty(const struct walk *walk, const unsigned long *a)
{
        for (size_t i = 0; i < walk->words; i++)
                if (a[i])
                        return false;
        return true;
}

static int push(struct walk *walk, size_t from, size_t at, const unsigned long *splits)
{
        unsigned long *copy = calloc(walk->words, sizeof *copy);

        if (!copy ||
            list_grow((void **)&walk->queue, &walk->room, walk->tail, sizeof *walk->queue)) {
                free(copy);
                return -ENOMEM;
        }
        if (splits)
                memcpy(copy, splits, walk->words * sizeof *copy);
        walk->queue[walk->tail++] = (struct step){ from, at, copy };
        return 0;
}

static bool is_split(const struct sketch *sketch, size_t at)
{
        const struct sketch_task *task = &sketch->task[at];

        return !task->is_join && task->in_count > 1 && !task->is_in_cycle;
}

/* What went along an edge before need not go again. */
static int send_on(struct walk *walk, size_t at, size_t k, const unsigned long *splits)
{
        size_t to = walk->sketch->task[at].out[k].to, edge;
        unsigned long *sent;

        while (k && walk->sketch->task[at].out[k - 1].to == to)
                k--;                    /* edges to the same task are one way */
        edge = walk->first_edge[at] + k;
        sent = set_at(walk->sent, walk, edge);
        if (walk->was_sent[edge] && (set_is_empty(walk, splits) || !set_add(walk, sent, splits)))
                return 0;
        if (!walk->was_sent[edge])
                memcpy(sent, splits, walk->words * sizeof *sent);
        walk->was_sent[edge] = true;
        return push(walk, at, to, splits);
}

static int visit(struct walk *walk, const struct step *step)
{
        const struct sketch *sketch = walk->sketch;
        const struct sketch_task *task = &sketch->task[step->at];
        int r = 0;

        if (step->at >= sketch->count)
                return 0;
        if (is_split(sketch, step->at))
                step->splits[step->at / WORD] |= 1ul << (step->at % WORD);
        walk->is_staged[step->at] = true;
        set_add(walk, set_at(walk->splits, walk, step->at), step->splits);
        if (step->from != NOBODY)
                walk->parents[step->at * sketch->count + step->from] = true;
        for (size_t k = 0; r == 0 && k < task->out_count; k++) {
                size_t to = task->out[k].to;

                if (!walk->is_staged[to] || !sketch->task[to].is_in_cycle)
                        r = send_on(walk, step->at, k, step->splits);
        }
        return r;
}

static int complain(const char *name, json_t *list)
{
        _free_ char *spec = inspect_say("tasks.%s", name);

        return inspect_add(list, "semantic", spec, SPEC_ANY_TASK,
                           inspect_say("The join task \"%s\" is unreachable. A join task is "
                                       "determined to be unreachable if there are nested forks "
                                       "from multi-referenced tasks that join on the said task. This is "
                                       "ambiguous to the workflow engine because it does not know "
                                       "at which level should the join occurs.", name));
}

static bool is_ambiguous(const struct walk *walk, size_t at)
{
        for (size_t from = 0; from < walk->sketch->count; from++)
                if (walk->parents[at * walk->sketch->count + from] &&
                    memcmp(set_at(walk->splits, walk, at), set_at(walk->splits, walk, from),
                           walk->words * sizeof *walk->splits))
                        return true;
        return false;
}

static int walk_all(struct walk *walk, json_t *list)
{
        const struct sketch *sketch = walk->sketch;
        int r = 0;

        for (size_t i = 0; r == 0 && i < sketch->start_count; i++)
                r = push(walk, NOBODY, sketch->starts[i], NULL);
        while (r == 0 && walk->head < walk->tail) {
                struct step step = walk->queue[walk->head];

                r = visit(walk, &step);
                free(step.splits);
                walk->queue[walk->head++].splits = NULL;
        }
        for (; walk->head < walk->tail; walk->head++)
                free(walk->queue[walk->head].splits);
        for (size_t i = 0; r == 0 && i < sketch->count; i++)
                if (walk->is_staged[i] && sketch->task[i].is_join && is_ambiguous(walk, i))
                        r = complain(sketch->names[i], list);
        return r;
}

int inspect_joins(const struct sketch *sketch, json_t *list)
{
        size_t n = sketch->all, edges = 0;
        _free_ size_t *first_edge = calloc(n + 1, sizeof *first_edge);
        struct walk walk = { .sketch = sketch, .words = n / WORD + 1, .first_edge = first_edge };
        _free_ unsigned long *splits = NULL, *sent = NULL;
        _free_ bool *is_staged = NULL, *was_sent = NULL, *parents = NULL;
        int r;

        if (n > TASKS_MAX)
                return 0;
        for (size_t i = 0; first_edge && i < n; i++) {
                first_edge[i] = edges;
                edges += sketch->task[i].out_count;
        }
        splits = calloc(n * walk.words, sizeof *splits);
        sent = calloc((edges + 1) * walk.words, sizeof *sent);
        is_staged = calloc(n, sizeof *is_staged);
        was_sent = calloc(edges + 1, sizeof *was_sent);
        parents = calloc(sketch->count * sketch->count + 1, sizeof *parents);
        if (!first_edge || !splits || !sent || !is_staged || !was_sent || !parents)
                return -ENOMEM;
        walk.splits = splits;
        walk.sent = sent;
        walk.is_staged = is_staged;
        walk.was_sent = was_sent;
        walk.parents = parents;
        r = walk_all(&walk, list);
        free(walk.queue);
        return r;
}
