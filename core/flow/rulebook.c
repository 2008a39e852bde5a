/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The shelf of a trigger key holds its rules in groups: rules whose equality criteria ask about the
 * same set of paths are one group (group.c), a table from all their wanted values together to
 * rules. So an event costs one look-up a group, however many (alert, host) pairs there are rules
 * for.
 *
 * Groups themselves hang in a tree of paths (aisle.c), each below one of its paths, so that groups
 * about things that an event does not speak of are not even looked at. Rules without an equality
 * criterion are the rest, and are judged one by one.
 */
#include "flow/rulebook.h"

#include "base/cleanup.h"
#include "base/map.h"
#include "flow/aisle.h"
#include "flow/rule_criteria.h"

#include <errno.h>
#include <string.h>

struct shelf {
        struct aisle *aisle;            /* of rules with equality criteria */
        const struct rule **plain;
        size_t plain_n;
};

struct rulebook {
        unsigned refs;
        struct map rules;               /* ref to struct rule, owned */
        struct map shelves;             /* trigger key to struct shelf, owned */
};

struct rulebook *rulebook_new(void)
{
        struct rulebook *book = calloc(1, sizeof *book);

        if (book)
                book->refs = 1;
        return book;
}

struct rulebook *rulebook_ref(struct rulebook *book)
{
        if (book)
                __atomic_add_fetch(&book->refs, 1, __ATOMIC_RELAXED);
        return book;
}

static void free_rule(void *p)
{
        rule_free(p);
}

static void free_shelf(void *p)
{
        struct shelf *shelf = p;

        aisle_free(shelf->aisle);
        free(shelf->plain);
        free(shelf);
}

struct rulebook *rulebook_unref(struct rulebook *book)
{
        if (!book || __atomic_sub_fetch(&book->refs, 1, __ATOMIC_ACQ_REL))
                return NULL;
        map_deinit(&book->shelves, free_shelf);
        map_deinit(&book->rules, free_rule);
        free(book);
        return NULL;
}

static struct shelf *find_shelf(struct rulebook *book, const char *key)
{
        struct shelf *shelf = map_get(&book->shelves, key);

        if (shelf)
                return shelf;
        shelf = calloc(1, sizeof *shelf);
        if (shelf)
                shelf->aisle = aisle_new();
        if (!shelf || !shelf->aisle || map_put(&book->shelves, key, shelf, NULL) < 0) {
                if (shelf)
                        free_shelf(shelf);
                return NULL;
        }
        return shelf;
}

static int add_plain(struct shelf *shelf, const struct rule *rule)
{
        size_t n = shelf->plain_n;
        const struct rule **list = n & (n - 1) ? shelf->plain
                : reallocarray(shelf->plain, n ? n * 2 : 1, sizeof *list);

        if (!list)
                return -ENOMEM;
        shelf->plain = list;
        list[shelf->plain_n++] = rule;
        return 0;
}

static int put_on_shelf(struct rulebook *book, const struct rule *rule)
{
        struct shelf *shelf = find_shelf(book, rule_trigger_key(rule));
        int r = shelf ? aisle_add(shelf->aisle, rule) : -ENOMEM;

        return r == AISLE_NO_EQUALITY ? add_plain(shelf, rule) : r;
}

int rulebook_add(struct rulebook *book, struct rule *rule)
{
        int r;

        if (map_get(&book->rules, rule_ref(rule)))
                return -EEXIST;
        r = map_put(&book->rules, rule_ref(rule), rule, NULL);
        if (!r && rule_is_enabled(rule))
                r = put_on_shelf(book, rule);
        if (r)
                map_remove(&book->rules, rule_ref(rule));
        return r;
}

const struct rule *rulebook_find(const struct rulebook *book, const char *ref)
{
        return map_get(&book->rules, ref);
}

bool rulebook_has(const struct rulebook *book, const char *trigger_key)
{
        return map_get(&book->shelves, trigger_key) != NULL;
}

static int by_ref(const void *a, const void *b)
{
        const struct rule *const *x = a, *const *y = b;

        return strcmp(rule_ref(*x), rule_ref(*y));
}

int rulebook_each(const struct rulebook *book, int (*visit)(void *arg, const struct rule *rule),
                  void *arg)
{
        _free_ const struct rule **sorted = calloc(book->rules.used + 1, sizeof *sorted);
        size_t n = 0;
        void *rule;
        int r = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; map_next(&book->rules, &i, NULL, &rule);)
                sorted[n++] = rule;
        qsort(sorted, n, sizeof *sorted, by_ref);
        for (size_t i = 0; i < n && !r; i++)
                r = visit(arg, sorted[i]);
        return r;
}

/* A rule to visit, and why it could not be judged, where that is so. */
struct hit {
        const struct rule *rule;
        struct fault fault;
        bool matched, is_backstop;
};

struct search {
        struct expr_world world;
        struct hit *hits;
        size_t n;
        bool matched;                   /* a standard rule */
};

/* Takes the fault with the hit. */
static int add_hit(struct search *search, struct hit *hit)
{
        size_t n = search->n;
        struct hit *hits = n & (n - 1) ? search->hits
                : reallocarray(search->hits, n ? n * 2 : 1, sizeof *hits);

        if (!hits) {
                fault_deinit(&hit->fault);
                return -ENOMEM;
        }
        search->hits = hits;
        hits[search->n++] = *hit;
        search->matched |= hit->matched && !hit->is_backstop;
        return 0;
}

static int add_verdict(struct search *search, struct hit *hit, int verdict)
{
        if (verdict == VERDICT_NO || verdict < 0) {
                fault_deinit(&hit->fault);
                return verdict;
        }
        hit->matched = verdict == VERDICT_YES;
        return add_hit(search, hit);
}

static int judge_plain(struct search *search, const struct rule *rule)
{
        struct hit hit = { .rule = rule, .is_backstop = rule_is_backstop(rule) };

        return add_verdict(search, &hit, rule_judge(rule, &search->world, &hit.fault));
}

/* The index has answered for the equality criteria. */
static int judge_found(void *arg, const struct rule *rule, unsigned known)
{
        struct hit hit = { .rule = rule, .is_backstop = known & GROUP_RULE_BACKSTOP };
        struct search *search = arg;

        return add_verdict(search, &hit, known & GROUP_RULE_SETTLED ? VERDICT_YES
                           : criteria_judge_rest(rule_criteria(rule), &search->world,
                                                 &hit.fault));
}

static int hit_by_ref(const void *a, const void *b)
{
        const struct hit *x = a, *y = b;

        return strcmp(rule_ref(x->rule), rule_ref(y->rule));
}

/* A backstop is for what no standard rule takes. */
static int visit_hits(const struct search *search, rulebook_hit *hit, void *arg)
{
        for (size_t i = 0; i < search->n; i++) {
                const struct hit *h = &search->hits[i];
                int r;

                if (h->is_backstop && search->matched)
                        continue;
                r = hit(arg, h->rule, h->matched ? NULL : &h->fault);
                if (r)
                        return r;
        }
        return 0;
}

static int judge_shelf(const struct shelf *shelf, struct search *search)
{
        int r = aisle_walk(shelf->aisle, search->world.names, judge_found, search);

        for (size_t i = 0; i < shelf->plain_n && !r; i++)
                r = judge_plain(search, shelf->plain[i]);
        return r;
}

int rulebook_match(const struct rulebook *book, const char *trigger_key,
                   const struct expr_world *world, const json_t *payload, rulebook_hit *hit,
                   void *arg)
{
        const struct shelf *shelf = map_get(&book->shelves, trigger_key);
        struct search search = { .n = 0 };
        _json_ json_t *names = NULL;
        int r;

        if (!shelf)
                return 0;
        names = rule_scope(payload);
        search.world = rule_world(world, names);
        r = names ? judge_shelf(shelf, &search) : -ENOMEM;
        if (search.n)
                qsort(search.hits, search.n, sizeof *search.hits, hit_by_ref);
        if (!r)
                r = visit_hits(&search, hit, arg);
        for (size_t i = 0; i < search.n; i++)
                fault_deinit(&search.hits[i].fault);
        free(search.hits);
        return r;
}
