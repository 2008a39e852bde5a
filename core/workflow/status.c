/* SPDX-License-Identifier: Apache-2.0 */

#include "workflow/status.h"

#include <string.h>

static const char *const names[STATUS_COUNT] = {
        [STATUS_UNSET] = "null",
        [STATUS_REQUESTED] = "requested",
        [STATUS_SCHEDULED] = "scheduled",
        [STATUS_DELAYED] = "delayed",
        [STATUS_RUNNING] = "running",
        [STATUS_PENDING] = "pending",
        [STATUS_PAUSING] = "pausing",
        [STATUS_PAUSED] = "paused",
        [STATUS_RESUMING] = "resuming",
        [STATUS_SUCCEEDED] = "succeeded",
        [STATUS_FAILED] = "failed",
        [STATUS_EXPIRED] = "timeout",
        [STATUS_ABANDONED] = "abandoned",
        [STATUS_RETRYING] = "retrying",
        [STATUS_CANCELING] = "canceling",
        [STATUS_CANCELED] = "canceled",
};

#define BIT(name) (1u << STATUS_##name)

static bool among(enum status status, unsigned set)
{
        return (set >> status) & 1;
}

const char *status_name(enum status status)
{
        return names[status];
}

enum status status_of(const char *name)
{
        for (int i = 0; i < STATUS_COUNT; i++)
                if (!strcmp(names[i], name))
                        return (enum status)i;
        return STATUS_COUNT;
}

bool status_is_starting(enum status status)
{
        return among(status, BIT(REQUESTED) | BIT(SCHEDULED) | BIT(DELAYED) | BIT(RUNNING) |
                                     BIT(PENDING));
}

bool status_is_active(enum status status)
{
        return among(status, BIT(REQUESTED) | BIT(SCHEDULED) | BIT(DELAYED) | BIT(RUNNING) |
                                     BIT(RESUMING) | BIT(PAUSING) | BIT(CANCELING));
}

bool status_is_running(enum status status)
{
        return among(status, BIT(REQUESTED) | BIT(SCHEDULED) | BIT(DELAYED) | BIT(RUNNING) |
                                     BIT(RESUMING) | BIT(RETRYING));
}

bool status_is_abended(enum status status)
{
        return among(status, BIT(FAILED) | BIT(EXPIRED) | BIT(ABANDONED));
}

bool status_is_completed(enum status status)
{
        return among(status, BIT(SUCCEEDED) | BIT(FAILED) | BIT(EXPIRED) | BIT(ABANDONED) |
                                     BIT(CANCELED));
}
