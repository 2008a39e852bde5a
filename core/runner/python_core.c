/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Of StackStorm's core pack, what is written in Python there: core.uuid and core.inject_trigger.
 * Their results have the shape that its Python runner gives, since workflows reach into it.
 */
#include "runner/room.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/hub.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Steals value. */
static json_t *python_result(json_t *value)
{
        return json_pack("{s:o, s:i, s:s, s:s}", "result", value, "exit_code", 0, "stdout", "",
                         "stderr", "");
}

/* ---- core.uuid ---- */

/* RFC 9562, version 1: 100 ns steps since 1582 and a node that is random, as it says by its bit. */
static void put_time(uint8_t uuid[16])
{
        uint64_t since_1582 = (uint64_t)clock_real_ms() * 10000 + UINT64_C(122192928000000000)
                + randombytes_uniform(10000);

        for (int i = 0; i < 4; i++)
                uuid[i] = (uint8_t)(since_1582 >> (24 - 8 * i));
        uuid[4] = (uint8_t)(since_1582 >> 40);
        uuid[5] = (uint8_t)(since_1582 >> 32);
        uuid[6] = (uint8_t)(since_1582 >> 56);
        uuid[7] = (uint8_t)(since_1582 >> 48);
        uuid[10] |= 1;
}

void uuid_start(struct running *r)
{
        bool is_time = text_equal(json_text_of(r->params, "uuid_type", "uuid4"), "uuid1");
        uint8_t uuid[16];
        char text[40], *to = text;

        randombytes_buf(uuid, sizeof uuid);
        if (is_time)
                put_time(uuid);
        uuid[6] = (uint8_t)((uuid[6] & 0x0f) | (is_time ? 0x10 : 0x40));
        uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
        for (int i = 0; i < 16; i++)
                to += snprintf(to, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               uuid[i]);
        running_finish(r, STORE_SUCCEEDED, python_result(json_string(text)));
}

/* ---- core.inject_trigger ---- */

static void injected(void *arg, const struct hub_accepted *accepted, size_t n)
{
        struct running *r = arg;
        _fault_ struct fault fault = FAULT_INIT;
        char text[ID_TEXT_SIZE];
        json_t *result;

        (void)n;
        if (accepted->outcome == STORE_DONE || accepted->outcome == STORE_DUPLICATE) {
                result = python_result(json_null());
                json_set_text(result, "event", id_text(&accepted->id, text));
                running_finish(r, STORE_SUCCEEDED, result);
        } else {
                store_outcome_fault(accepted->outcome, &fault);
                running_fail(r, STORE_FAILED, fault.code, fault.what);
        }
        running_unref(r);
}

static int check(const char *trigger, const struct catalog *catalog, struct fault *fault)
{
        const char *nearest;

        if (text_starts_with(trigger, "core."))
                return fault_set(fault, 403, "trigger.own",
                                 "'%.128s' is one of the hub's own triggers, which only it sends",
                                 trigger);
        if (catalog_trigger(catalog, trigger))
                return 0;
        nearest = catalog_nearest_trigger(catalog, trigger);
        return fault_set(fault, 404, "trigger.unknown", "there is no trigger type '%.128s'%s%s%s",
                         trigger, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
}

void inject_start(struct running *r)
{
        const char *trigger = json_text_of(r->params, "trigger_name",
                                           json_text_of(r->params, "trigger", ""));
        _json_ json_t *none = json_object();
        const json_t *payload = json_object_get(r->params, "payload");
        char key[ID_TEXT_SIZE];
        struct hub_event event = { .trigger = trigger,
                .payload = json_is_object(payload) ? payload : none,
                .source = r->user ? r->user : "",
                .trace = json_text_of(r->params, "trace_tag", NULL),
                .once = { "inject", id_text(&r->claim.id, key), NULL } };
        _fault_ struct fault fault = FAULT_INIT;
        int failed = check(trigger, r->catalog, &fault);

        running_ref(r);
        if (!failed)
                failed = hub_accept(r->hub, &event, 1, injected, r, &fault);
        if (!failed)
                return;
        fault_errno(&fault, failed, "inject");
        running_fail(r, STORE_FAILED, fault.code, fault.what);
        running_unref(r);
}
