/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Building a transaction: a list of operations whose texts are copied into one arena, whose first
 * part is the transaction itself, so that an event and its execution cost one malloc. Failing to
 * get memory is remembered and told by the commit, so that callers need not look after each call.
 */

#include "store/engine.h"

#include <stdlib.h>
#include <string.h>


struct store_txn *store_txn_new(void)
{
        struct store_txn *txn = malloc(sizeof *txn);

        if (!txn)
                return NULL;
        memset(txn, 0, offsetof(struct store_txn, room));
        txn->last = &txn->first;
        arena_begin(&txn->arena, txn->room, sizeof txn->room);
        return txn;
}

struct store_txn *store_txn_free(struct store_txn *txn)
{
        if (txn)
                arena_deinit(&txn->arena);
        free(txn);
        return NULL;
}

/* Room for the member of the union that this kind uses, and no more. */
static struct op *add(struct store_txn *txn, enum op_kind kind, size_t member)
{
        size_t size = offsetof(struct op, once) + member;
        struct op *op = arena_alloc(&txn->arena, size);

        if (!op) {
                txn->failed = true;
                return NULL;
        }
        memset(op, 0, size);
        op->kind = kind;
        *txn->last = op;
        txn->last = &op->next;
        return op;
}

static void copy(struct store_txn *txn, const char **text)
{
        if (!*text)
                return;
        *text = arena_text(&txn->arena, *text);
        if (!*text)
                txn->failed = true;
}

#define COPY(txn, ...)                                                                  \
        do {                                                                            \
                const char **texts_[] = { __VA_ARGS__ };                                \
                for (size_t i_ = 0; i_ < sizeof texts_ / sizeof *texts_; i_++)          \
                        copy(txn, texts_[i_]);                                          \
        } while (0)

void store_txn_once(struct store_txn *txn, const char *scope, const char *key, const uint8_t *hash,
                    const struct id *id, int64_t expires_ms)
{
        struct op *op = add(txn, OP_ONCE, sizeof op->once);

        if (!op)
                return;
        seen_digest(scope, key, op->once.digest);
        op->once.id = *id;
        op->once.expires_ms = expires_ms;
        op->once.hashed = hash;
        if (hash)
                memcpy(op->once.hash, hash, HASH_SIZE);
}

enum store_outcome store_once_find(struct store *store, const char *scope, const char *key,
                                   const uint8_t *hash, struct id *ret_first)
{
        static const struct id none;
        struct store_txn *txn = store_txn_new();

        if (!txn)
                return STORE_FAILED_BUSY;
        store_txn_once(txn, scope, key, hash, &none, 0);
        if (txn->first)
                txn->first->once.is_question = true;
        return store_commit_wait(store, txn, ret_first, NULL);
}

static void move(struct store_txn *txn, enum op_kind kind, const struct op_move *move)
{
        struct op *op = add(txn, kind, sizeof op->move);

        if (!op)
                return;
        op->move = *move;
        COPY(txn, &op->move.text);
        if (kind != OP_FINISH && kind != OP_SETTLE)
                return;
        op->move.size = move->text ? strlen(move->text) : 0;
        txn->large |= op->move.size > STORE_INLINE_MAX;
        txn->finishing = true;
}

void store_txn_finish(struct store_txn *txn, const struct store_claim *claim,
                      enum store_status status, const char *result, int64_t ended_ms)
{
        move(txn, OP_FINISH, &(struct op_move){ .claim = *claim, .status = status, .text = result,
                                                .at_ms = ended_ms });
}

void store_txn_requeue(struct store_txn *txn, const struct store_claim *claim,
                       enum store_status status, int64_t run_at_ms, const char *note)
{
        txn->finishing = true;
        move(txn, OP_REQUEUE, &(struct op_move){ .claim = *claim, .status = status, .text = note,
                                                 .at_ms = run_at_ms });
}

void store_txn_turn_back(struct store_txn *txn, const struct store_claim *claim,
                         enum store_status status, int64_t run_at_ms, const char *note)
{
        txn->finishing = true;
        move(txn, OP_REQUEUE, &(struct op_move){ .claim = *claim, .status = status, .text = note,
                                                 .at_ms = run_at_ms, .idle = true });
}

void store_txn_restate(struct store_txn *txn, const struct id *id, enum store_status status,
                       int64_t run_at_ms, const char *note)
{
        move(txn, OP_RESTATE, &(struct op_move){ .claim.id = *id, .status = status, .text = note,
                                                 .at_ms = run_at_ms });
}

void store_txn_settle(struct store_txn *txn, const struct id *id, enum store_status status,
                      const char *result, int64_t ended_ms)
{
        move(txn, OP_SETTLE, &(struct op_move){ .claim.id = *id, .status = status, .text = result,
                                                .at_ms = ended_ms });
}

void store_txn_doc(struct store_txn *txn, const char *kind, const char *name, const char *body,
                   uint64_t seq)
{
        struct op *op = add(txn, OP_DOC, sizeof op->doc);

        if (!op)
                return;
        op->expected = seq;
        op->doc = (struct store_doc){ .kind = kind, .name = name, .body = body };
        COPY(txn, &op->doc.kind, &op->doc.name, &op->doc.body);
}

void store_txn_key(struct store_txn *txn, const struct store_key *key, uint64_t seq)
{
        struct op *op = add(txn, OP_KEY, sizeof op->key);

        if (!op)
                return;
        op->expected = seq;
        op->key = *key;
        COPY(txn, &op->key.scope, &op->key.owner, &op->key.name, &op->key.value);
}

void store_txn_step(struct store_txn *txn, const struct id *execution, uint64_t n,
                    const char *body)
{
        struct op *op = add(txn, OP_STEP, sizeof op->step);

        if (!op)
                return;
        op->step = (struct op_step){ *execution, n, body };
        COPY(txn, &op->step.body);
}

void store_txn_in_order(struct store_txn *txn)
{
        txn->large = true;
}

void store_txn_event(struct store_txn *txn, const struct store_event *event)
{
        struct op *op = add(txn, OP_EVENT, sizeof op->event);

        if (!op)
                return;
        op->event = *event;
        COPY(txn, &op->event.trigger, &op->event.source, &op->event.trace, &op->event.payload);
}

void store_txn_execution(struct store_txn *txn, const struct store_execution *execution,
                         bool claimed)
{
        struct op *op = add(txn, OP_EXECUTION, sizeof op->execution);
        struct store_execution *e;

        if (!op)
                return;
        e = &op->execution;
        *e = *execution;
        op->claimed = claimed;
        COPY(txn, &e->action, &e->runner, &e->instance, &e->rule, &e->user, &e->mode, &e->params,
             &e->context, &e->on_lost, &e->note, &e->result, &e->trace);
}

void store_txn_enforcement(struct store_txn *txn, const struct store_enforcement *enforcement)
{
        struct op *op = add(txn, OP_ENFORCEMENT, sizeof op->enforcement);

        if (!op)
                return;
        op->enforcement = *enforcement;
        COPY(txn, &op->enforcement.rule, &op->enforcement.failure);
}

void store_txn_change(struct store_txn *txn, const struct store_change *change)
{
        struct op *op = add(txn, OP_CHANGE, sizeof op->change);
        struct store_change *c;

        if (!op)
                return;
        c = &op->change;
        *c = *change;
        COPY(txn, &c->plugin, &c->instance, &c->resource, &c->before, &c->after, &c->observed,
             &c->undo_action, &c->undo_args, &c->user);
}

void store_txn_change_close(struct store_txn *txn, const struct id *execution, uint32_t attempt,
                            uint32_t n, enum store_change_state state, const char *observed,
                            int64_t at_ms)
{
        struct op *op = add(txn, OP_CHANGE_CLOSE, sizeof op->close);

        if (!op)
                return;
        op->close = (struct op_close){ *execution, attempt, n, state, observed, at_ms };
        COPY(txn, &op->close.observed);
        txn->finishing = true;
}

void store_txn_change_undone(struct store_txn *txn, uint64_t change_seq, const struct id *by)
{
        struct op *op = add(txn, OP_CHANGE_UNDONE, sizeof op->undone);

        if (op)
                op->undone = (struct op_undone){ change_seq, *by };
}
