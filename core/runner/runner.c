/* SPDX-License-Identifier: Apache-2.0 */

/* The table of runners, and those that need no file of their own. */
#include "runner/room.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/running.h"
#include "loop/loop.h"
#include "runner/program.h"

#include <sodium.h>
#include <string.h>

static void noop_start(struct running *r)
{
        running_finish(r, STORE_SUCCEEDED, json_object());
}

static void echo_start(struct running *r)
{
        const json_t *message = json_object_get(r->params, "message");

        running_finish(r, STORE_SUCCEEDED, json_pack("{s:O?}", "message", message));
}

static void announcement_start(struct running *r)
{
        const char *route = json_text_of(r->params, "route", "general");
        const json_t *message = json_object_get(r->params, "message");
        _free_ char *text = message ? json_compact(message) : strdup("null");
        struct hub_notice notice = { .topic = HUB_ANNOUNCEMENT, .id = r->claim.id, .stream = route,
                .text = text, .len = text ? strlen(text) : 0, .at_ms = clock_real_ms() };

        if (text)
                hub_announce(r->hub, &notice);
        running_finish(r, STORE_SUCCEEDED,
                       json_pack("{s:O?, s:s}", "message", message, "route", route));
}

/* ---- pause: waits max_pause seconds, on a timer of the loop ---- */

static void pause_over(void *arg)
{
        struct running *r = arg;
        int64_t paused_ms = clock_real_ms() - r->started_ms;

        r->private = loop_timer_free(r->private);
        if (atomic_load(&r->is_canceled))
                running_fail(r, STORE_CANCELED, "canceled", "cancelled");
        else if (r->is_timed && clock_mono_ms() >= r->deadline_mono_ms)
                running_fail(r, STORE_TIMEOUT, "timeout",
                             "it was to pause for longer than its timeout");
        else
                running_finish(r, STORE_SUCCEEDED,
                               json_pack("{s:I}", "paused_ms", (json_int_t)paused_ms));
        running_unref(r);
}

/* When it is over: when it was to be, or at its deadline if that comes first. */
static int64_t pause_end_ms(const struct running *r)
{
        int64_t seconds = json_int_of(r->params, "max_pause", 10), end;

        if (json_bool_of(r->params, "random", false) && seconds > 0)
                seconds = randombytes_uniform((uint32_t)seconds + 1);
        end = clock_mono_ms() + seconds * 1000;
        return r->is_timed && r->deadline_mono_ms < end ? r->deadline_mono_ms : end;
}

static void pause_begin(void *arg)
{
        struct running *r = arg;
        struct loop_timer *timer = NULL;

        if (loop_timer_new(hub_loop(r->hub), pause_over, r, &timer) < 0) {
                running_fail(r, STORE_FAILED, "internal", "out of memory");
                running_unref(r);
                return;
        }
        r->private = timer;
        loop_timer_set(timer, atomic_load(&r->is_canceled) ? 0 : pause_end_ms(r));
}

static void pause_start(struct running *r)
{
        loop_post(hub_loop(r->hub), pause_begin, running_ref(r));
}

static void pause_abandon(struct running *r)
{
        if (!r->private)
                return;
        r->private = loop_timer_free(r->private);
        running_unref(r);
}

static void pause_hurry(void *arg)
{
        struct running *r = arg;

        if (r->private)
                loop_timer_set(r->private, 0);
        running_unref(r);
}

static void pause_cancel(struct running *r)
{
        loop_post(hub_loop(r->hub), pause_hurry, running_ref(r));
}

const struct runner runners[] = {
        { .name = "plugin", .start = plugin_start, .cancel = plugin_cancel },
        { .name = "noop", .start = noop_start },
        { .name = "echo", .start = echo_start },
        { .name = "local-shell-cmd", .start = local_start, .cancel = program_cancel,
          .abandon = program_abandon },
        { .name = "local-shell-script", .start = script_start, .cancel = program_cancel,
          .abandon = program_abandon },
        { .name = "http-request", .start = http_start },
        { .name = "pause", .start = pause_start, .cancel = pause_cancel, .abandon = pause_abandon },
        { .name = "announcement", .start = announcement_start },
        { .name = "uuid", .start = uuid_start },
        { .name = "inject-trigger", .start = inject_start },
        { .name = "undo", .start = undo_start, .cancel = plugin_cancel, .record = undo_record },
        { .name = "inquirer", .start = inquiry_start, .is_idempotent = true },
        { .name = "orquesta", .start = workflow_start, .is_idempotent = true },
        { .name = "action-chain", .start = workflow_start, .is_idempotent = true },
        { .name = NULL },
};
