/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The lives that are in memory. One is found there or read from the store, locked together with
 * those it stands in, the innermost first, changed, and handed to the store; what the store refuses
 * makes it stale, and the next who wants it reads it anew.
 */
#include "hub/life.h"

#include <errno.h>

#define KEPT_MAX 4096                   /* lives in memory that nobody uses just now */

void lives_init(struct hub *hub)
{
        pthread_mutex_init(&hub->lives_lock, NULL);
        list_init(&hub->lives);
}

static void forget(struct life *life)
{
        struct hub *hub = life->hub;

        if (map_get(&hub->lives_map, life->key) != life)
                return;
        map_remove(&hub->lives_map, life->key);
        list_unlink(&life->link);
        life_unref(life);
}

void lives_deinit(struct hub *hub)
{
        list_each_safe(pos, &hub->lives)
                forget(list_entry(pos, struct life, link));
        map_deinit(&hub->lives_map, NULL);
        pthread_mutex_destroy(&hub->lives_lock);
}

static bool is_idle(struct life *life)
{
        bool idle;

        pthread_mutex_lock(&life->flight_lock);
        idle = !life->in_flight;
        pthread_mutex_unlock(&life->flight_lock);
        /* One that a policy counts would be counted no more. */
        return idle && atomic_load(&life->refs) == 1 && !life->r->counted;
}

/* The one that is in the map by now, with a reference: this one, or who was faster. */
static struct life *keep(struct life *life)
{
        struct hub *hub = life->hub;
        struct life *there;

        pthread_mutex_lock(&hub->lives_lock);
        there = map_get(&hub->lives_map, life->key);
        if (!there && map_put(&hub->lives_map, life->key, life, NULL) == 0) {
                there = life_ref(life);
                list_append(&hub->lives, &life->link);
        }
        if (hub->lives_map.used > KEPT_MAX) {
                struct life *oldest = list_entry(hub->lives.next, struct life, link);

                if (is_idle(oldest))
                        forget(oldest);
        }
        there = there ? life_ref(there) : NULL;
        pthread_mutex_unlock(&hub->lives_lock);
        return there;
}

int life_keep(struct life *life)
{
        _cleanup_(life_unrefp) struct life *kept = keep(life);

        return kept ? 0 : -ENOMEM;
}

static struct life *in_memory(struct hub *hub, const struct id *id)
{
        char key[ID_TEXT_SIZE];
        struct life *life;

        id_text(id, key);
        pthread_mutex_lock(&hub->lives_lock);
        life = map_get(&hub->lives_map, key);
        if (life) {
                list_unlink(&life->link);
                list_append(&hub->lives, &life->link);
                life_ref(life);
        }
        pthread_mutex_unlock(&hub->lives_lock);
        return life;
}

static int life_get(struct hub *hub, const struct id *id, bool may_block, struct life **ret,
                    struct fault *fault)
{
        _cleanup_(life_unrefp) struct life *read = NULL;
        struct life *life = in_memory(hub, id);
        int r;

        if (!life && !may_block)
                return LIVES_ELSEWHERE;
        if (!life) {
                r = life_read(hub, id, &read, fault);
                if (r)
                        return r;
                life = keep(read);
        }
        if (!life)
                return -ENOMEM;
        *ret = life;
        return 0;
}

/* ---- locking ---- */

void lives_unlock(struct lives *lives)
{
        for (unsigned i = lives->n; i-- > 0;) {
                pthread_mutex_unlock(&lives->held[i]->lock);
                life_unref(lives->held[i]);
        }
        lives->n = 0;
}

/* What is under way will be refused; when it has been, the memory can be dropped. */
static void wait_and_forget(struct life *life)
{
        pthread_mutex_lock(&life->flight_lock);
        while (life->in_flight)
                pthread_cond_wait(&life->landed, &life->flight_lock);
        pthread_mutex_unlock(&life->flight_lock);
        pthread_mutex_lock(&life->hub->lives_lock);
        forget(life);
        pthread_mutex_unlock(&life->hub->lives_lock);
}

/*
 * One more into the list, locked; takes the reference. It is not waited for with locks held: the
 * writer may want one of them before it comes to what is waited for.
 */
static int hold(struct lives *lives, struct life *life, bool may_block)
{
        pthread_mutex_lock(&life->lock);
        lives->held[lives->n++] = life;
        if (!atomic_load(&life->is_stale))
                return 0;
        life_ref(life);
        lives_unlock(lives);
        if (may_block)
                wait_and_forget(life);
        life_unref(life);
        return may_block ? -EAGAIN : LIVES_ELSEWHERE;
}

static int hold_rest(struct lives *lives, bool may_block, struct fault *fault)
{
        struct task task;
        int r = 0;

        while (r == 0 && task_of(lives->held[lives->n - 1]->r, &task)) {
                struct life *inner = lives->held[lives->n - 1], *life = NULL;

                if (lives->n == LIVES_MAX)
                        r = fault_set(fault, 422, "workflow.limit",
                                      "workflows stand in each other more than %d deep",
                                      LIVES_MAX - 1);
                else
                        r = life_get(inner->hub, &inner->r->parent, may_block, &life, fault);
                if (r) {
                        lives_unlock(lives);
                        return r;
                }
                r = hold(lives, life, may_block);
        }
        return r;
}

int lives_hold(struct hub *hub, const struct id *id, bool may_block, struct lives *ret,
               struct fault *fault)
{
        int r;

        do {
                struct life *life = NULL;

                *ret = (struct lives){ .n = 0 };
                r = life_get(hub, id, may_block, &life, fault);
                if (r == 0)
                        r = hold(ret, life, may_block);
                if (r == 0)
                        r = hold_rest(ret, may_block, fault);
        } while (r == -EAGAIN);
        return r;
}

static void depart(struct lives *lives, struct store_txn *txn)
{
        for (unsigned i = 0; i < lives->n; i++)
                lives->is_large |= lives->held[i]->large_in_flight > 0;
        if (lives->is_large)
                store_txn_in_order(txn);
        for (unsigned i = 0; i < lives->n; i++) {
                struct life *life = life_ref(lives->held[i]);

                pthread_mutex_lock(&life->flight_lock);
                if (!life->in_flight)
                        json_object_clear(life->recent);
                life->in_flight++;
                life->large_in_flight += lives->is_large;
                pthread_mutex_unlock(&life->flight_lock);
        }
}

void lives_commit(struct lives *lives, struct hub *hub, struct store_txn *txn, store_done *done,
                  void *arg)
{
        struct lives held;

        depart(lives, txn);
        held = *lives;                  /* done() may have freed lives before this returns: */
        store_commit(hub->o.store, txn, done, arg);
        lives_unlock(&held);
}

static void land(struct life *life, const struct lives *lives, bool is_ended,
                 enum store_outcome outcome, uint64_t seq)
{
        if (outcome != STORE_DONE)
                atomic_store(&life->is_stale, true);
        pthread_mutex_lock(&life->flight_lock);
        life->in_flight--;
        life->large_in_flight -= lives->is_large;
        pthread_cond_broadcast(&life->landed);
        pthread_mutex_unlock(&life->flight_lock);
        if (outcome != STORE_DONE || !is_ended)
                return;
        running_told(life->r, seq);
        pthread_mutex_lock(&life->hub->lives_lock);
        forget(life);
        pthread_mutex_unlock(&life->hub->lives_lock);
}

void lives_land(const struct lives *lives, enum store_outcome outcome, uint64_t seq)
{
        for (unsigned i = 0; i < lives->n; i++) {
                land(lives->held[i], lives, lives->ended >> i & 1, outcome, seq);
                life_unref(lives->held[i]);
        }
}
