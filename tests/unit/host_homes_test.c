/* SPDX-License-Identifier: Apache-2.0 */

/* The same plugin in both homes and in the mock: what a caller sees must not tell them apart. */

#include "host_bench.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"

#include <kaname/mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE "tests/unit/plugins/probe.so"
#define CONFIG "{\"server\": \"alpha\", \"password\": {\"secret\": \"p\"}}"

struct scene {
        const char *action, *args, *mode;
};

static const struct scene scenes[] = {
        { "noop", "{}", "run" },
        { "echo", "{\"text\": \"h\\u00e9 \\\"x\\\"\", \"list\": [1, 2, {\"a\": null}]}", "run" },
        { "fail", "{\"code\": -6, \"why\": \"zone refused\"}", "run" },
        { "fail", "{\"code\": -5}", "run" },
        { "fail_silently", "{}", "run" },
        { "bad_code", "{}", "run" },
        { "big", "{\"bytes\": 200000}", "run" },
        { "store", "{}", "run" },
        { "change", "{}", "run" },
        { "change", "{}", "plan" },
        { "emit", "{}", "run" },
        { "threads", "{}", "run" },
        { "flood", "{\"blocks\": 400}", "run" },
        { "http", "{\"url\": \"http://127.0.0.1:1/\"}", "run" },
        { "http", "{\"url\": \"ftp://x/\"}", "run" },
        { "dial", "{\"address\": \"tcp:127.0.0.1:1\"}", "run" },
        { "dial", "{\"address\": \"nonsense\"}", "run" },
        { "turn", "{}", "run" },
};

static char *in_home(struct bench *b, const struct scene *scene)
{
        struct bench_call c = { .mode = scene->mode };
        struct text out = TEXT_INIT;
        _free_ char *result = NULL;

        bench_run(b, &c, scene->action, scene->args);
        result = json_canonical(c.result);
        text_addf(&out, "%s%d %s %zu\n%s", c.transcript.s ? c.transcript.s : "", c.code,
                  c.sentence ? c.sentence : "-", c.output, c.result ? result : "null");
        ck_assert_int_eq(c.n_done, 1);
        bench_call_deinit(&c);
        return text_take(&out);
}

START_TEST(homes_agree)
{
        const struct scene *scene = &scenes[_i];
        _free_ char *core = NULL, *host = NULL;
        struct bench b;

        bench_init(&b, PROBE, HOME_CORE, true);
        bench_config(&b, CONFIG);
        core = in_home(&b, scene);
        bench_deinit(&b);
        bench_init(&b, PROBE, HOME_HOST, true);
        bench_config(&b, CONFIG);
        host = in_home(&b, scene);
        bench_deinit(&b);
        ck_assert_str_eq(core, host);
}
END_TEST

/* The mock keeps no transcript of the same form, so its outcome is compared. */
START_TEST(mock_agrees)
{
        const struct scene *scene = &scenes[_i];
        struct bench_call c = { .mode = scene->mode };
        _free_ char *result = NULL;
        _json_ json_t *mocked = NULL;
        struct kn_mock *mock;
        struct bench b;
        char path[4096];
        int code;

        snprintf(path, sizeof path, "%s/" PROBE,
                 getenv("TOP_BUILDDIR") ? getenv("TOP_BUILDDIR") : ".");
        mock = kn_mock_open(path);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        kn_mock_config(mock, "{\"server\": \"alpha\"}");
        kn_mock_secret(mock, "password", "swordfish");
        code = (strcmp(scene->mode, "plan") == 0 ? kn_mock_plan : kn_mock_run)(mock, scene->action,
                                                                               scene->args);
        bench_init(&b, PROBE, HOME_HOST, true);
        bench_config(&b, CONFIG);
        bench_run(&b, &c, scene->action, scene->args);
        ck_assert_int_eq(code, c.code);
        ck_assert_pstr_eq(kn_mock_sentence(mock), c.sentence);
        mocked = json_loads(kn_mock_result(mock), JSON_DECODE_ANY, NULL);
        if (c.result)
                ck_assert_msg(json_equal(mocked, c.result), "%s", kn_mock_result(mock));
        else
                ck_assert_str_eq(kn_mock_result(mock), "null");
        bench_call_deinit(&c);
        bench_deinit(&b);
        kn_mock_free(mock);
}
END_TEST

static void expect_echo(const json_t *result, const char *text)
{
        ck_assert_pstr_eq(json_text_of(result, "text", NULL), text);
        ck_assert_pstr_eq(json_text_of(result, "config", NULL), "alpha");
        ck_assert_pstr_eq(json_text_of(result, "hidden", NULL), "hidden");
        ck_assert_pstr_eq(json_text_of(result, "secret", NULL), "swordfish");
        ck_assert_int_eq(json_int_of(json_object_get(result, "deep"), "number", -1), 2);
}

static const enum catalog_home homes[] = { HOME_CORE, HOME_HOST };

START_TEST(values_arrive)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_config(&b, CONFIG);
        bench_run(&b, &c, "echo", "{\"text\": \"hello\", \"list\": [1, 2]}");
        ck_assert_int_eq(c.code, KN_OK);
        expect_echo(c.result, "hello");
        ck_assert_str_eq(c.transcript.s, "log 2 echo hello\nsecret password\nstream 1 7\n");
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

START_TEST(big_values_arrive)
{
        size_t len = 3u << 20;
        char *args = malloc(len + 64);
        struct bench_call c = { .mode = "run" };
        struct bench b;

        strcpy(args, "{\"bytes\": 5000000, \"big\": \"");
        memset(args + strlen(args), 'a', len);
        strcpy(args + strlen("{\"bytes\": 5000000, \"big\": \"") + len, "\"}");
        bench_init(&b, PROBE, homes[_i], true);
        bench_run(&b, &c, "big", args);
        ck_assert_int_eq(c.code, KN_OK);
        ck_assert_int_eq(json_int_of(c.result, "got", 0), (int64_t)len);
        ck_assert_uint_eq(json_string_length(json_object_get(c.result, "big")), 5000000);
        bench_call_deinit(&c);
        bench_deinit(&b);
        free(args);
}
END_TEST

START_TEST(output_is_cut_off)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_run(&b, &c, "flood", "{\"blocks\": 1000}");
        ck_assert_int_eq(c.code, KN_OK);
        ck_assert_uint_eq(c.output, 1u << 20);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

START_TEST(cancel_ends_a_sleep)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_start(&b, &c, HOST_SENSOR, "runner", NULL, 0);
        bench_wait_event(&c);
        host_cancel(b.host, c.call);
        bench_wait(&c);
        ck_assert_int_eq(c.code, KN_ECANCELED);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

START_TEST(deadline_ends_a_sleep)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_start(&b, &c, HOST_ACTION, "sleep", "{\"ms\": 60000}", 200);
        bench_wait(&c);
        ck_assert_int_eq(c.code, KN_ETIMEOUT);
        ck_assert_int_lt(c.took_ms, 1200);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

START_TEST(calls_of_an_instance_take_turns)
{
        struct bench_call c[6] = { { .mode = "run" } };
        int64_t overlap = 0;
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        for (int i = 0; i < 6; i++)
                bench_start(&b, &c[i], HOST_ACTION, "turn", NULL, 10000);
        for (int i = 0; i < 6; i++) {
                bench_wait(&c[i]);
                ck_assert_int_eq(c[i].code, KN_OK);
                if (json_int_of(c[i].result, "overlap", 0) > overlap)
                        overlap = json_int_of(c[i].result, "overlap", 0);
                bench_call_deinit(&c[i]);
        }
        ck_assert_int_eq(overlap, 1);
        bench_deinit(&b);
}
END_TEST

/* A running sensor has a thread of its own: actions go on beside it. */
START_TEST(sensor_leaves_room)
{
        struct bench_call sensor = { .mode = "run" }, c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_start(&b, &sensor, HOST_SENSOR, "runner", NULL, 0);
        bench_wait_event(&sensor);
        for (int i = 0; i < 20; i++) {
                bench_run(&b, &c, "store", NULL);
                ck_assert_int_eq(c.code, KN_OK);
                bench_call_deinit(&c);
        }
        host_cancel(b.host, sensor.call);
        bench_wait(&sensor);
        ck_assert_int_eq(sensor.code, KN_ECANCELED);
        bench_call_deinit(&sensor);
        bench_deinit(&b);
}
END_TEST

START_TEST(poll_and_check)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_start(&b, &c, HOST_POLL, "poller", NULL, 5000);
        bench_wait(&c);
        ck_assert_int_eq(c.code, KN_OK);
        ck_assert_str_eq(c.transcript.s,
                         "again 1234\nput polled 1 any\nemit seen {\"what\":\"poll\"} -\n");
        bench_call_deinit(&c);
        bench_start(&b, &c, HOST_CHECK, NULL, NULL, 5000);
        bench_wait(&c);
        ck_assert_int_eq(c.code, KN_OK);
        ck_assert_pstr_eq(json_text_of(c.result, "state", NULL), "made");
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

START_TEST(create_that_fails_is_tried_again)
{
        struct bench_call c = { .mode = "run" };
        struct bench b;

        bench_init(&b, PROBE, homes[_i], true);
        bench_config(&b, "{\"start\": \"badly\"}");
        bench_run(&b, &c, "noop", NULL);
        ck_assert_int_eq(c.code, KN_EAUTH);
        ck_assert_pstr_eq(c.sentence, "create() was told to fail");
        bench_call_deinit(&c);
        bench_config(&b, "{\"start\": \"well\"}");
        bench_run(&b, &c, "noop", NULL);
        ck_assert_int_eq(c.code, KN_OK);
        bench_call_deinit(&c);
        bench_deinit(&b);
}
END_TEST

int main(void)
{
        const int n = sizeof scenes / sizeof *scenes;

        return SUITE("host/homes", TIMES(homes_agree, n), TIMES(mock_agrees, n),
                     TIMES(values_arrive, 2), TIMES(big_values_arrive, 2),
                     TIMES(output_is_cut_off, 2), TIMES(cancel_ends_a_sleep, 2),
                     TIMES(deadline_ends_a_sleep, 2), TIMES(calls_of_an_instance_take_turns, 2),
                     TIMES(sensor_leaves_room, 2), TIMES(poll_and_check, 2),
                     TIMES(create_that_fails_is_tried_again, 2));
}
