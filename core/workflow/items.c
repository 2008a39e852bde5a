/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The items of a `with` task. Counted by status, so that ten thousand of them cost no more each
 * than ten: what the others do is asked after every event.
 */
#include "workflow/life.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>

void outcome_deinit(struct outcome *outcome)
{
        json_decref(outcome->value);
        json_decref(outcome->reference);
        *outcome = (struct outcome){ NULL, NULL, false };
}

struct outcome outcome_ref(const struct outcome *outcome)
{
        return (struct outcome){ json_incref(outcome->value), json_incref(outcome->reference),
                                 outcome->is_unknown };
}

int outcome_load(const struct conductor *c, const struct outcome *outcome, json_t **ret,
                 struct fault *fault)
{
        json_t *value = NULL;
        int r;

        if (outcome->is_unknown || outcome->value || !outcome->reference) {
                *ret = outcome->is_unknown ? NULL :
                        outcome->value ? json_incref(outcome->value) : json_null();
                return 0;
        }
        if (!c->calls.load)
                return fault_set(fault, 500, "workflow.no-loader",
                                 "a result is kept elsewhere, and nothing here can load it");
        r = c->calls.load(c->calls.user, outcome->reference, &value, fault);
        if (r == 0)
                *ret = value;
        return r;
}

CLEANUP_DEFINE(struct items *, items_free);

struct items *items_new(json_t *list)
{
        _cleanup_(items_freep) struct items *items = calloc(1, sizeof *items);

        if (!items)
                return NULL;
        items->count = json_array_size(list);
        items->list = json_incref(list);
        items->by_status[STATUS_UNSET] = items->count;
        items->item = calloc(items->count + 1, sizeof *items->item);
        return items->item ? TAKE(items) : NULL;
}

struct items *items_free(struct items *items)
{
        if (!items)
                return NULL;
        for (size_t i = 0; items->item && i < items->count; i++)
                outcome_deinit(&items->item[i].outcome);
        for (size_t i = 0; items->rendered && i < items->count; i++)
                json_decref(items->rendered[i]);
        json_decref(items->list);
        free(items->item);
        free(items->rendered);
        free(items->dirty);
        free(items);
        return NULL;
}

static int items_mark(struct items *items, size_t index)
{
        if (items->item[index].is_dirty)
                return 0;
        if (list_grow((void **)&items->dirty, &items->dirty_room, items->dirty_count,
                      sizeof *items->dirty))
                return -ENOMEM;
        items->dirty[items->dirty_count++] = index;
        items->item[index].is_dirty = true;
        return 0;
}

/* The outcome is taken over. */
int items_set(struct items *items, size_t index, enum status status, struct outcome outcome)
{
        struct item *item = &items->item[index];

        items->by_status[item->status]--;
        items->by_status[status]++;
        item->status = (unsigned char)status;
        outcome_deinit(&item->outcome);
        item->outcome = outcome;
        if (status == STATUS_UNSET && index < items->next)
                items->next = index;
        if (items->rendered && status != STATUS_UNSET) {
                json_decref(items->rendered[index]);
                items->rendered[index] = NULL;
        }
        return items_mark(items, index);
}

bool items_have_active(const struct items *items)
{
        for (int i = 0; i < STATUS_COUNT; i++)
                if (items->by_status[i] && status_is_active((enum status)i))
                        return true;
        return false;
}

size_t items_incomplete(const struct items *items)
{
        size_t n = 0;

        for (int i = 0; i < STATUS_COUNT; i++)
                if (!status_is_completed((enum status)i))
                        n += items->by_status[i];
        return n;
}

/* What all do but one whose status is but. */
enum others items_others(const struct items *items, enum status but)
{
        size_t active = 0, incomplete = 0, failed = 0;
        size_t paused, canceled;

        for (int i = 0; i < STATUS_COUNT; i++) {
                size_t n = items->by_status[i] - (i == (int)but);

                active += status_is_active((enum status)i) ? n : 0;
                incomplete += status_is_completed((enum status)i) ? 0 : n;
                failed += status_is_abended((enum status)i) ? n : 0;
        }
        paused = items->by_status[STATUS_PAUSED] + items->by_status[STATUS_PENDING] -
                (but == STATUS_PAUSED || but == STATUS_PENDING);
        canceled = items->by_status[STATUS_CANCELED] - (but == STATUS_CANCELED);
        if (active)
                return OTHERS_ACTIVE;
        if (paused)
                return OTHERS_PAUSED;
        if (canceled)
                return OTHERS_CANCELED;
        if (failed)
                return OTHERS_FAILED;
        return incomplete ? OTHERS_INCOMPLETE : OTHERS_COMPLETED;
}

int items_forget(struct items *items, bool all)
{
        const struct outcome none = { NULL, NULL, false };

        for (size_t i = 0; i < items->count; i++)
                if ((all || status_is_abended((enum status)items->item[i].status)) &&
                    items_set(items, i, STATUS_UNSET, none))
                        return -ENOMEM;
        return 0;
}
