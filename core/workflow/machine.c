/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tables are sparse; what is not written is 0, and STATUS_UNSET as a target means that the
 * event changes nothing. No event leads back to it.
 */
#include "workflow/machine.h"

#define TO(name) STATUS_##name
#define ROWS [STATUS_COUNT]

/* By what the other items do: [OTHERS_NONE] is the event of a task without items. */
typedef unsigned char outcomes[OTHERS_COMPLETED + 1];

#define ONLY(x) { [OTHERS_NONE] = TO(x) }
#define RESTS(none, active)                                                                     \
        { TO(none), TO(active), TO(PAUSED), TO(CANCELED), TO(FAILED), TO(PAUSED), TO(PAUSED) }
#define CANCELS(active)                                                                         \
        { TO(CANCELED), TO(active), TO(CANCELED), TO(CANCELED), TO(CANCELED), TO(CANCELED),     \
          TO(CANCELED) }
#define FAILS                                                                                   \
        { TO(FAILED), TO(UNSET), TO(FAILED), TO(CANCELED), TO(FAILED), TO(FAILED), TO(FAILED) }
#define CANCELS_AS(none)                                                                        \
        { TO(none), TO(UNSET), TO(CANCELED), TO(CANCELED), TO(CANCELED), TO(CANCELED),          \
          TO(CANCELED) }

#define STARTED                                                                                 \
        [STATUS_RUNNING] = ONLY(RUNNING), [STATUS_PENDING] = ONLY(PENDING),                     \
        [STATUS_PAUSING] = ONLY(PAUSING), [STATUS_PAUSED] = ONLY(PAUSED),                       \
        [STATUS_CANCELING] = ONLY(CANCELING), [STATUS_CANCELED] = ONLY(CANCELED),               \
        [STATUS_FAILED] = ONLY(FAILED), [STATUS_EXPIRED] = ONLY(EXPIRED),                       \
        [STATUS_ABANDONED] = ONLY(ABANDONED)

/* tasks[now][event][others] */
static const outcomes tasks ROWS ROWS = {
        [STATUS_UNSET] = {
                [STATUS_REQUESTED] = ONLY(REQUESTED), [STATUS_SCHEDULED] = ONLY(SCHEDULED),
                [STATUS_DELAYED] = ONLY(DELAYED), [STATUS_RUNNING] = ONLY(RUNNING),
                [STATUS_PENDING] = ONLY(PENDING),
        },
        [STATUS_REQUESTED] = { STARTED, [STATUS_SCHEDULED] = ONLY(SCHEDULED),
                               [STATUS_DELAYED] = ONLY(DELAYED) },
        [STATUS_SCHEDULED] = { STARTED, [STATUS_DELAYED] = ONLY(DELAYED) },
        [STATUS_DELAYED] = { STARTED, [STATUS_SCHEDULED] = ONLY(SCHEDULED) },
        [STATUS_RUNNING] = {
                [STATUS_RUNNING] = ONLY(RUNNING),
                [STATUS_PENDING] = RESTS(PENDING, PAUSING),
                [STATUS_PAUSING] = ONLY(PAUSING),
                [STATUS_PAUSED] = RESTS(PAUSED, PAUSING),
                [STATUS_CANCELING] = ONLY(CANCELING),
                [STATUS_CANCELED] = CANCELS(CANCELING),
                [STATUS_FAILED] = FAILS, [STATUS_EXPIRED] = FAILS, [STATUS_ABANDONED] = FAILS,
                [STATUS_SUCCEEDED] = { TO(SUCCEEDED), TO(RUNNING), TO(PAUSED), TO(CANCELED),
                                       TO(FAILED), TO(RUNNING), TO(SUCCEEDED) },
        },
        [STATUS_PENDING] = {
                [STATUS_CANCELED] = ONLY(CANCELED), [STATUS_FAILED] = ONLY(FAILED),
                [STATUS_EXPIRED] = ONLY(FAILED), [STATUS_ABANDONED] = ONLY(FAILED),
                [STATUS_SUCCEEDED] = ONLY(SUCCEEDED),
        },
        [STATUS_PAUSING] = {
                [STATUS_PENDING] = RESTS(UNSET, UNSET),
                [STATUS_PAUSED] = RESTS(PAUSED, UNSET),
                [STATUS_RESUMING] = ONLY(RESUMING),
                [STATUS_CANCELING] = ONLY(CANCELING),
                [STATUS_CANCELED] = CANCELS(UNSET),
                [STATUS_FAILED] = FAILS, [STATUS_EXPIRED] = FAILS, [STATUS_ABANDONED] = FAILS,
                [STATUS_SUCCEEDED] = { TO(UNSET), TO(UNSET), TO(PAUSED), TO(CANCELED), TO(FAILED),
                                       TO(PAUSED), TO(SUCCEEDED) },
        },
        [STATUS_PAUSED] = {
                [STATUS_RUNNING] = ONLY(RUNNING), [STATUS_RESUMING] = ONLY(RESUMING),
                [STATUS_CANCELING] = ONLY(CANCELING), [STATUS_CANCELED] = ONLY(CANCELED),
        },
        [STATUS_RESUMING] = {
                [STATUS_RUNNING] = ONLY(RUNNING), [STATUS_CANCELING] = ONLY(CANCELING),
                [STATUS_CANCELED] = ONLY(CANCELED),
        },
        [STATUS_RETRYING] = {
                [STATUS_RUNNING] = ONLY(RUNNING), [STATUS_CANCELING] = ONLY(CANCELING),
                [STATUS_CANCELED] = ONLY(CANCELED),
        },
        [STATUS_CANCELING] = {
                [STATUS_PENDING] = CANCELS_AS(UNSET), [STATUS_PAUSED] = CANCELS_AS(CANCELED),
                [STATUS_CANCELED] = CANCELS_AS(CANCELED), [STATUS_FAILED] = CANCELS_AS(FAILED),
                [STATUS_EXPIRED] = CANCELS_AS(FAILED), [STATUS_ABANDONED] = CANCELS_AS(FAILED),
                [STATUS_SUCCEEDED] = { TO(UNSET), TO(UNSET), TO(CANCELED), TO(CANCELED),
                                       TO(CANCELED), TO(CANCELED), TO(SUCCEEDED) },
        },
        [STATUS_SUCCEEDED] = { [STATUS_RETRYING] = ONLY(RETRYING) },
        [STATUS_FAILED] = { [STATUS_RETRYING] = ONLY(RETRYING) },
};

static enum status or_stay(enum status now, unsigned to)
{
        return to ? (enum status)to : now;
}

enum status machine_task(enum status now, enum status event, enum others others)
{
        return or_stay(now, tasks[now][event][others]);
}

enum status machine_task_asked(enum status now, enum status event, enum others others)
{
        bool to_pause = event == STATUS_PAUSING || event == STATUS_PAUSED;
        bool to_cancel = event == STATUS_CANCELING || event == STATUS_CANCELED;

        if (now != STATUS_RUNNING || (!to_pause && !to_cancel))
                return now;
        if (others == OTHERS_ACTIVE)
                return to_pause ? STATUS_PAUSING : STATUS_CANCELING;
        if (others == OTHERS_INCOMPLETE)
                return to_pause ? STATUS_PAUSED : STATUS_CANCELED;
        return now;
}

/* asked[now][event]: while tasks are active, and when none is. */
struct asked {
        unsigned char active, dormant, idle;
};

#define ALWAYS(x) { TO(x), TO(x), TO(x) }
#define BOTH(a, d) { TO(a), TO(d), TO(d) }
#define REST_LATER [STATUS_PAUSING] = BOTH(PAUSING, PAUSED), [STATUS_PAUSED] = BOTH(PAUSING, PAUSED)
#define CANCEL_LATER                                                                            \
        [STATUS_CANCELING] = BOTH(CANCELING, CANCELED),                                         \
        [STATUS_CANCELED] = BOTH(CANCELING, CANCELED)
#define REST_NOW [STATUS_PAUSING] = BOTH(UNSET, PAUSED), [STATUS_PAUSED] = BOTH(UNSET, PAUSED)
#define CANCEL_NOW                                                                              \
        [STATUS_CANCELING] = BOTH(UNSET, CANCELED), [STATUS_CANCELED] = BOTH(UNSET, CANCELED)
#define MAY_FAIL [STATUS_FAILED] = ALWAYS(FAILED)
#define MAY_RUN [STATUS_RUNNING] = ALWAYS(RUNNING)

static const struct asked asked ROWS ROWS = {
        [STATUS_UNSET] = { MAY_RUN, MAY_FAIL, [STATUS_REQUESTED] = ALWAYS(REQUESTED),
                           [STATUS_SCHEDULED] = ALWAYS(SCHEDULED),
                           [STATUS_DELAYED] = ALWAYS(DELAYED) },
        [STATUS_REQUESTED] = { MAY_RUN, MAY_FAIL, REST_NOW, CANCEL_NOW,
                               [STATUS_SCHEDULED] = ALWAYS(SCHEDULED),
                               [STATUS_DELAYED] = ALWAYS(DELAYED) },
        [STATUS_SCHEDULED] = { MAY_RUN, MAY_FAIL, REST_NOW, CANCEL_NOW,
                               [STATUS_DELAYED] = ALWAYS(DELAYED) },
        [STATUS_DELAYED] = { MAY_RUN, MAY_FAIL, REST_NOW, CANCEL_NOW,
                             [STATUS_SCHEDULED] = ALWAYS(SCHEDULED) },
        [STATUS_RUNNING] = { MAY_FAIL, REST_LATER, CANCEL_LATER,
                             [STATUS_SUCCEEDED] = ALWAYS(SUCCEEDED) },
        [STATUS_PAUSING] = { MAY_RUN, MAY_FAIL, REST_LATER, CANCEL_LATER,
                             [STATUS_RESUMING] = ALWAYS(RESUMING) },
        [STATUS_PAUSED] = { MAY_FAIL, CANCEL_NOW,
                            [STATUS_RUNNING] = { TO(RUNNING), TO(RUNNING), TO(SUCCEEDED) },
                            [STATUS_RESUMING] = { TO(RESUMING), TO(RESUMING), TO(SUCCEEDED) } },
        [STATUS_RESUMING] = { MAY_RUN, MAY_FAIL, REST_LATER, CANCEL_LATER },
        [STATUS_CANCELING] = { MAY_FAIL, CANCEL_LATER },
        [STATUS_SUCCEEDED] = { MAY_FAIL },
};

enum status machine_workflow_asked(enum status now, enum status event, bool is_active, bool is_idle)
{
        const struct asked *to = &asked[now][event];

        return or_stay(now, is_active ? to->active : is_idle ? to->idle : to->dormant);
}

/* What a task's new status makes of the workflow; for ends that are well see below. */
static const struct asked told ROWS ROWS = {
        [STATUS_RUNNING] = {
                [STATUS_PENDING] = BOTH(PAUSING, PAUSED), [STATUS_PAUSED] = BOTH(RUNNING, PAUSED),
                [STATUS_FAILED] = ALWAYS(FAILED), [STATUS_CANCELING] = ALWAYS(CANCELING),
                [STATUS_CANCELED] = BOTH(CANCELING, CANCELED),
        },
        [STATUS_PAUSING] = {
                [STATUS_PENDING] = BOTH(PAUSING, PAUSED), [STATUS_PAUSED] = BOTH(PAUSING, PAUSED),
                [STATUS_FAILED] = ALWAYS(FAILED), [STATUS_CANCELING] = ALWAYS(CANCELING),
                [STATUS_CANCELED] = BOTH(CANCELING, CANCELED),
                [STATUS_RETRYING] = BOTH(PAUSING, PAUSED),
        },
        [STATUS_PAUSED] = {
                [STATUS_RUNNING] = ALWAYS(RUNNING), [STATUS_RESUMING] = ALWAYS(RUNNING),
        },
        [STATUS_RESUMING] = {
                [STATUS_RUNNING] = ALWAYS(RUNNING), [STATUS_PENDING] = BOTH(PAUSING, PAUSED),
                [STATUS_FAILED] = ALWAYS(FAILED), [STATUS_CANCELING] = ALWAYS(CANCELING),
                [STATUS_CANCELED] = BOTH(CANCELING, CANCELED),
        },
        [STATUS_CANCELING] = {
                [STATUS_PENDING] = BOTH(CANCELING, CANCELED),
                [STATUS_PAUSED] = BOTH(CANCELING, CANCELED),
                [STATUS_FAILED] = BOTH(CANCELING, CANCELED),
                [STATUS_CANCELED] = BOTH(CANCELING, CANCELED),
                [STATUS_RETRYING] = BOTH(CANCELING, CANCELED),
        },
};

enum status machine_workflow(enum status now, enum status event, bool is_active)
{
        const struct asked *to;

        if (status_is_abended(event))
                event = STATUS_FAILED;
        to = &told[now][event];
        return or_stay(now, is_active ? to->active : to->dormant);
}

/* [is_active][standing]; a remedied task differs in one place, below. */
static const unsigned char well ROWS[2][4] = {
        [STATUS_RUNNING] = { { TO(CANCELED), TO(PAUSED), TO(RUNNING), TO(SUCCEEDED) },
                             { TO(CANCELING), TO(PAUSING), TO(RUNNING), TO(RUNNING) } },
        [STATUS_PAUSING] = { { TO(CANCELED), TO(PAUSED), TO(PAUSED), TO(PAUSED) },
                             { TO(PAUSING), TO(PAUSING), TO(PAUSING), TO(PAUSING) } },
        [STATUS_RESUMING] = { { TO(CANCELED), TO(PAUSED), TO(RUNNING), TO(SUCCEEDED) },
                              { TO(UNSET), TO(UNSET), TO(RUNNING), TO(RUNNING) } },
        [STATUS_CANCELING] = { { TO(CANCELED), TO(CANCELED), TO(CANCELED), TO(CANCELED) },
                               { TO(UNSET), TO(UNSET), TO(CANCELING), TO(CANCELING) } },
};

enum status machine_workflow_well(enum status now, bool is_remedied, bool is_active,
                                  enum standing standing)
{
        if (now == STATUS_PAUSING && is_remedied && is_active && standing == STANDING_CANCELED)
                return STATUS_CANCELING;
        return or_stay(now, well[now][is_active][standing]);
}
