/* SPDX-License-Identifier: Apache-2.0 */

/* Who waits: nothing is missed, nothing comes twice, nobody is left waiting. */

#include "rest_fixture.h"

/* A thread that asks, and what it was answered. */
struct asker {
        pthread_t thread;
        struct ask ask;
        struct reply reply;
};

static void *do_ask(void *arg)
{
        struct asker *asker = arg;

        asker->reply = ask_for(&asker->ask);
        return NULL;
}

static void begin(struct asker *asker, struct ask ask)
{
        *asker = (struct asker){ .ask = ask };
        ck_assert_int_eq(pthread_create(&asker->thread, NULL, do_ask, asker), 0);
}

static void end(struct asker *asker)
{
        pthread_join(asker->thread, NULL);
}

static struct ask posting(const char *body, const char *prefer)
{
        return (struct ask){ .method = "POST", .path = "/v1/executions", .body = body,
                .headers = { prefer } };
}

static unsigned count(const char *text, const char *what)
{
        unsigned n = 0;

        for (const char *s = text ? strstr(text, what) : NULL; s; s = strstr(s + 1, what))
                n++;
        return n;
}

static bool has_begun(const char *action, struct id *ret)
{
        *ret = newest(action);
        return !id_is_zero(ret) && status_of(ret) == STORE_RUNNING;
}

START_TEST(wait_answers_with_the_result)
{
        _reply_ struct reply reply = { 0 };
        struct ask ask = posting("{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"}}",
                                 "Prefer: respond-async, wait=10");

        reply = ask_for(&ask);
        check_status(reply, 201);
        ck_assert_str_eq(member(&reply, "status"), "succeeded");
        ck_assert_str_eq(member(&reply, "result.lamp"), "on");
        ck_assert_ptr_nonnull(strstr(reply.head.s, "Preference-Applied: wait=10\r\n"));
}
END_TEST

START_TEST(wait_has_an_end)
{
        _reply_ struct reply reply = { 0 };
        struct ask ask = posting("{\"action\":\"lamp.hang\"}", "Prefer: wait=1");
        char path[96];

        reply = ask_for(&ask);
        check_status(reply, 201);
        ck_assert_str_eq(member(&reply, "status"), "running");
        snprintf(path, sizeof path, "/v1/executions/%s", member(&reply, "id"));
        reply_deinit(&reply);
        reply = ask_for(&(struct ask){ .method = "DELETE", .path = path });
        check_status(reply, 200);
}
END_TEST

START_TEST(cancel_ends_a_wait)
{
        struct asker asker;
        struct id id = { { 0 } };
        char path[96], text[ID_TEXT_SIZE];
        _reply_ struct reply canceled = { 0 };

        begin(&asker, posting("{\"action\":\"lamp.hang\"}", "Prefer: wait=60"));
        eventually(has_begun("lamp.hang", &id));
        snprintf(path, sizeof path, "/v1/executions/%s", id_text(&id, text));
        canceled = ask_for(&(struct ask){ .method = "DELETE", .path = path });
        end(&asker);
        check_status(asker.reply, 201);
        ck_assert_str_eq(member(&asker.reply, "status"), "canceled");
        reply_deinit(&asker.reply);
}
END_TEST

START_TEST(stopping_answers_who_waits)
{
        struct asker waiting, streaming, output;
        struct id id = { { 0 } };
        char path[96], text[ID_TEXT_SIZE];
        int64_t began;

        begin(&waiting, posting("{\"action\":\"lamp.hang\"}", "Prefer: wait=60"));
        begin(&streaming, (struct ask){ .path = "/v1/stream", .timeout_ms = 30000 });
        eventually(has_begun("lamp.hang", &id));
        snprintf(path, sizeof path, "/stream/v1/executions/%s/output", id_text(&id, text));
        begin(&output, (struct ask){ .path = path, .timeout_ms = 30000 });
        eventually(rest_requests_open(rest) == 1);
        began = clock_mono_ms();
        rest = rest_stop(rest);
        ck_assert_int_lt(clock_mono_ms() - began, 5000);
        end(&waiting);
        end(&streaming);
        end(&output);
        ck_assert_int_eq(waiting.reply.status, 201);
        ck_assert_str_eq(member(&waiting.reply, "status"), "running");
        ck_assert_int_eq(hub_cancel(hub, &id, "eva", NULL), 0);
        eventually(store_status_is_final(status_of(&id)));
        reply_deinit(&waiting.reply);
        reply_deinit(&streaming.reply);
        reply_deinit(&output.reply);
}
END_TEST

static void run_many(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                struct id id = run("core.noop", "{}", "run");

                eventually(store_status_is_final(status_of(&id)));
        }
}

static bool has_streams(int64_t n)
{
        _reply_ struct reply status = get("/v1/status");

        return json_int_of(status.json, "streams", -1) == n;
}

START_TEST(a_live_stream_misses_nothing)
{
        struct asker asker;

        begin(&asker, (struct ask){ .path = "/v1/stream?action_refs=core.noop",
                .timeout_ms = 2500 });
        eventually(has_streams(1));
        run_many(20);
        end(&asker);
        ck_assert_int_eq(asker.reply.status, 200);
        ck_assert_ptr_nonnull(strstr(asker.reply.head.s, "text/event-stream"));
        ck_assert_uint_eq(count(asker.reply.text.s, "event: st2.execution__create"), 20);
        ck_assert_uint_eq(count(asker.reply.text.s, "\nid: "), 40);
        reply_deinit(&asker.reply);
}
END_TEST

START_TEST(a_reader_that_comes_back_misses_nothing)
{
        _reply_ struct reply whole = { 0 }, rest_of = { 0 };
        char from[64];
        uint64_t middle;

        run_many(30);
        middle = store_seq(store);
        run_many(30);
        whole = ask_for(&(struct ask){ .path = "/v1/stream", .headers = { "Last-Event-ID: 0" },
                .timeout_ms = 800 });
        snprintf(from, sizeof from, "Last-Event-ID: %llu", (unsigned long long)middle);
        rest_of = ask_for(&(struct ask){ .path = "/v1/stream", .headers = { from },
                .timeout_ms = 800 });
        ck_assert_uint_eq(count(whole.text.s, "event: st2.execution__update"), 60);
        ck_assert_uint_eq(count(rest_of.text.s, "event: st2.execution__update"), 30);
        ck_assert_uint_eq(count(rest_of.text.s, "event: st2.execution__create"), 30);
}
END_TEST

/* Read until n ids came, or silence; every id must be larger than the one before. How many came. */
static unsigned read_slowly(int fd, unsigned n)
{
        unsigned long long last = 0, id;
        _free_ char *line = NULL;
        FILE *file = fdopen(fd, "r");
        unsigned ids = 0;
        size_t room = 0;

        ck_assert_ptr_nonnull(file);
        while (ids < n && getline(&line, &room, file) > 0) {
                if (sscanf(line, "id: %llu", &id) != 1)
                        continue;
                ck_assert_uint_gt(id, last);
                last = id;
                ids++;
        }
        fclose(file);
        return ids;
}

/*
 * More than a reader's buffer holds happens while it does not read: it gets all of it, once, in
 * order.
 */
START_TEST(a_slow_reader_gets_everything_in_order)
{
        _free_ char *big = malloc(40001), *params = NULL;
        char request[512];
        int fd = raw_connect();

        memset(big, 'x', 40000);
        big[40000] = '\0';
        ck_assert_int_gt(asprintf(&params, "{\"message\":\"%s\"}", big), 0);
        snprintf(request, sizeof request,
                 "GET /stream/v1/stream?events=st2.execution__create HTTP/1.1\r\nHost: x\r\n"
                 "Last-Event-ID: 0\r\nAuthorization: Bearer %s\r\n\r\n", admin);
        raw_send(fd, request);
        for (int i = 0; i < 150; i++) {
                struct id id = run("core.echo", params, "run");

                eventually(store_status_is_final(status_of(&id)));
        }
        ck_assert_uint_eq(read_slowly(fd, 150), 150);
}
END_TEST

START_TEST(output_is_followed_to_its_end)
{
        struct ask ask = posting("{\"action\":\"core.local\",\"parameters\":{\"cmd\":\"echo one; "
                                 "echo two >&2; sleep 0.2; echo three\"}}",
                                 NULL);
        _reply_ struct reply started = ask_for(&ask), stream = { 0 }, text = { 0 }, last = { 0 };
        char path[128];

        check_status(started, 201);
        snprintf(path, sizeof path, "/stream/v1/executions/%s/output", member(&started, "id"));
        stream = get(path);
        check_status(stream, 200);
        ck_assert_uint_eq(count(stream.text.s, "event: st2.execution.output__create"), 3);
        ck_assert_ptr_nonnull(strstr(stream.text.s, "\"data\":\"three\\n\""));
        ck_assert_str_eq(stream.text.s + stream.text.len - 21, "event: EOF\ndata: ''\n\n");
        snprintf(path, sizeof path, "/v1/executions/%s/output?output_type=stdout",
                 member(&started, "id"));
        text = get(path);
        ck_assert_str_eq(text.text.s, "one\nthree\n");
        snprintf(path, sizeof path, "/v1/executions/%s/output?from=-1", member(&started, "id"));
        last = get(path);
        ck_assert_str_eq(member(&last, "lines.0.text"), "three");
        ck_assert_int_eq(json_int_of(last.json, "total", 0), 3);
        ck_assert(json_bool_of(last.json, "final", false));
}
END_TEST

START_TEST(a_stream_ends_where_it_was_asked_to)
{
        struct ask ask = posting("{\"action\":\"lamp.set\",\"parameters\":{\"to\":\"on\"}}", NULL);
        _reply_ struct reply started = ask_for(&ask), stream = { 0 };
        char path[160];

        snprintf(path, sizeof path,
                 "/v1/stream?end_event=st2.execution__update&end_execution_id=%s&last_event_id=0",
                 member(&started, "id"));
        stream = ask_for(&(struct ask){ .path = path, .timeout_ms = 9000 });
        check_status(stream, 200);
        ck_assert_ptr_nonnull(strstr(stream.text.s, "\"status\":\"succeeded\""));
}
END_TEST

int main(void)
{
        return SUITE_WITH("rest/stream", rest_setup, rest_teardown,
                          ONCE(wait_answers_with_the_result), ONCE(wait_has_an_end),
                          ONCE(cancel_ends_a_wait), ONCE(stopping_answers_who_waits),
                          ONCE(a_live_stream_misses_nothing),
                          ONCE(a_reader_that_comes_back_misses_nothing),
                          ONCE(a_slow_reader_gets_everything_in_order),
                          ONCE(output_is_followed_to_its_end),
                          ONCE(a_stream_ends_where_it_was_asked_to));
}
