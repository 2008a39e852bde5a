/* SPDX-License-Identifier: Apache-2.0 */

/* Large results, backup and restore, check, expiry. */

#include "store_fixture.h"

#include "store/output.h"

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>

static char *big(char fill, size_t size)
{
        char *text = malloc(size + 1);

        memset(text, fill, size);
        text[0] = text[size - 1] = '"';
        text[size] = '\0';
        return text;
}

static unsigned files_in(const char *name)
{
        char path[96];
        const struct dirent *entry;
        unsigned n = 0;
        DIR *dir;

        snprintf(path, sizeof path, "%s/%s", fixture_dir, name);
        dir = opendir(path);
        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        closedir(dir);
        return n;
}

struct want {
        const char *text;
        uint64_t size;
        unsigned n;
};

static int is_wanted(void *arg, const struct store_execution *e)
{
        struct want *want = arg;

        ck_assert_uint_eq(e->result_size, want->size);
        if (want->text)
                ck_assert_str_eq(e->result, want->text);
        else
                ck_assert_ptr_null(e->result);
        want->n++;
        return 0;
}

static struct id finished(const char *action, const char *result)
{
        struct store_execution e = execution_of(action);
        struct store_claim claim = add_execution(&e, true);

        ck_assert_int_eq(finish(&claim, result), STORE_DONE);
        return e.id;
}

static void reads(const struct id *id, const char *text)
{
        struct want with = { text, strlen(text), 0 }, without = { NULL, strlen(text), 0 };

        ck_assert_int_eq(store_get_execution(fixture, id, true, is_wanted, &with, NULL), 0);
        ck_assert_int_eq(store_get_execution(fixture, id, false, is_wanted, &without, NULL), 0);
        ck_assert_uint_eq(with.n + without.n, 2);
}

START_TEST(a_large_result_is_a_file_kept_once)
{
        _free_ char *large = big('x', 100000), *limit = big('y', 65536);
        struct id a = finished("a", large), b = finished("b", large), c = finished("c", limit);
        struct store_execution_filter filter = { .status = STORE_SUCCEEDED, .action = "b",
                                                 .with_result = true };
        struct want want = { large, 100000, 0 };

        ck_assert_uint_eq(files_in("results"), 1);
        reads(&a, large);
        reads(&b, large);
        reads(&c, limit);
        ck_assert_int_eq(store_list_executions(fixture, &filter, NULL, is_wanted, &want, NULL,
                                               NULL), 0);
        ck_assert_uint_eq(want.n, 1);
        fixture_reopen();
        reads(&b, large);
}
END_TEST

static json_t *checked(void)
{
        json_t *report = NULL;

        ck_assert_int_eq(store_check(fixture, &report, NULL), 0);
        ck_assert_ptr_nonnull(report);
        return report;
}

static bool is_sound(void)
{
        _json_ json_t *report = checked();

        return json_is_true(json_object_get(report, "ok"));
}

START_TEST(expiry_takes_what_is_old_and_over)
{
        _free_ char *large = big('x', 100000);
        struct id old = finished("a", large), kept;
        struct store_execution waiting = execution_of("w"), young = execution_of("y");
        struct seen_execution seen = { .n = 0 };
        _fault_ struct fault fault = FAULT_INIT;
        struct store_event events[2] = { event_of("t"), event_of("t") };
        struct store_txn *txn = store_txn_new();
        struct output *output;
        uint64_t lines;

        add_execution(&waiting, false);
        young.created_ms = 6000;
        add_execution(&young, false);
        kept = young.id;
        events[1].at_ms = 9000;
        store_txn_event(txn, &events[0]);
        store_txn_event(txn, &events[1]);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(output_open(fixture_dir, &old, 1000, &output), 0);
        ck_assert_int_eq(output_write(output, "stdout", "x\n", 2), 0);
        output_close(output);
        ck_assert_int_eq(store_expire(fixture, 5000, 2000, &fault), 0);
        ck_assert_uint_eq(files_in("results"), 1);
        ck_assert_int_eq(store_expire(fixture, 5000, 5000, &fault), 0);
        ck_assert_int_eq(store_get_execution(fixture, &old, false, keep_execution, &seen, &fault),
                         FAULT);
        ck_assert_int_eq(fault.status, 404);
        ck_assert_uint_eq(files_in("results"), 0);
        ck_assert_int_eq(output_read(fixture_dir, &old, 0, 1, NULL, NULL, &lines, &fault), FAULT);
        ck_assert_int_eq(get(&waiting.id).e.status, STORE_REQUESTED);
        ck_assert_int_eq(get(&kept).e.status, STORE_REQUESTED);
        ck_assert_int_eq(store_get_event(fixture, &events[0].id, NULL, NULL, &fault), FAULT);
        ck_assert(is_sound());
}
END_TEST

START_TEST(expiry_goes_on_over_many_slices)
{
        struct store_txn *txn = store_txn_new();
        struct store_execution e = execution_of("a");
        uint64_t total;

        for (int i = 0; i < 1700; i++) {
                e.id = id_new();
                e.status = i % 2 ? STORE_FAILED : STORE_REQUESTED;
                e.ended_ms = 1500;
                e.result = "{}";
                store_txn_execution(txn, &e, false);
        }
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(store_expire(fixture, 5000, 5000, NULL), 0);
        ck_assert_int_eq(store_list_executions(fixture, NULL, NULL, keep_execution,
                                               &(struct seen_execution){ .n = 0 }, &total, NULL),
                                               0);
        ck_assert_uint_eq(total, 850);
        ck_assert(is_sound());
}
END_TEST

START_TEST(a_backup_is_whole_and_restores)
{
        _free_ char *large = big('x', 100000);
        struct id a = finished("a", large), b;
        _fault_ struct fault fault = FAULT_INIT;
        struct seen_execution seen = { .n = 0 };
        char path[96], command[160];

        snprintf(path, sizeof path, "%s/copy.db", fixture_dir);
        ck_assert_int_eq(store_backup(fixture, path, &fault), 0);
        ck_assert_int_eq(store_backup(fixture, path, &fault), FAULT);
        ck_assert_int_eq(fault.status, 409);
        b = finished("b", "{}");
        ck_assert_int_eq(store_restore(fixture_dir, path, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.locked");
        fixture = store_close(fixture);
        snprintf(command, sizeof command, "rm '%s'/results/*", fixture_dir);
        ck_assert_int_eq(system(command), 0);
        ck_assert_int_eq(store_restore(fixture_dir, path, &fault), 0);
        fixture_open();
        reads(&a, large);
        ck_assert_int_eq(store_get_execution(fixture, &b, false, keep_execution, &seen, &fault),
                         FAULT);
        ck_assert(is_sound());
        fixture = store_close(fixture);
        /* What was there is kept beside it and is itself no backup. */
        snprintf(path, sizeof path, "%s/store.db.old", fixture_dir);
        ck_assert_int_eq(access(path, R_OK), 0);
        ck_assert_int_eq(store_restore(fixture_dir, path, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.not-a-backup");
        fixture_open();
        reads(&a, large);
}
END_TEST

struct traffic {
        _Atomic bool stop;
        unsigned done;
};

static void *write_meanwhile(void *arg)
{
        struct traffic *traffic = arg;

        while (!traffic->stop) {
                finished("t", "{\"some\":\"result\"}");
                traffic->done++;
        }
        return NULL;
}

START_TEST(a_backup_under_way_stops_nobody)
{
        struct traffic traffic = { false, 0 };
        pthread_t thread;
        uint64_t total = 0;
        char path[96];

        for (int i = 0; i < 40; i++) {
                struct store_txn *txn = store_txn_new();

                for (int n = 0; n < 500; n++) {
                        struct store_execution e = execution_of("filler");

                        store_txn_execution(txn, &e, false);
                }
                ck_assert_int_eq(commit(txn), STORE_DONE);
        }
        ck_assert_int_eq(pthread_create(&thread, NULL, write_meanwhile, &traffic), 0);
        for (int i = 0; i < 3; i++) {
                snprintf(path, sizeof path, "%s/copy%d.db", fixture_dir, i);
                ck_assert_int_eq(store_backup(fixture, path, NULL), 0);
        }
        traffic.stop = true;
        pthread_join(thread, NULL);
        ck_assert_uint_gt(traffic.done, 0);
        fixture = store_close(fixture);
        ck_assert_int_eq(store_restore(fixture_dir, path, NULL), 0);
        fixture_open();
        ck_assert(is_sound());
        store_list_executions(fixture, &(struct store_execution_filter){ .status = -1,
                                                                         .action = "filler" }, NULL,
                              keep_execution, &(struct seen_execution){ .n = 0 }, &total, NULL);
        ck_assert_uint_eq(total, 10000);        /* 20,000; totals count so far */
}
END_TEST

static void breaks(const char *sql, const char *code)
{
        _json_ json_t *report = NULL;
        char path[96];
        json_t *problem;
        bool found = false;
        sqlite3 *db;
        size_t i;

        fixture = store_close(fixture);
        snprintf(path, sizeof path, "%s/store.db", fixture_dir);
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        fixture_open();
        report = checked();
        ck_assert(json_is_false(json_object_get(report, "ok")));
        json_array_foreach(json_object_get(report, "problems"), i, problem)
                found |= strcmp(json_string_value(json_object_get(problem, "code")), code) == 0;
        ck_assert_msg(found, "%s was not found", code);
}

START_TEST(the_check_finds_planted_faults)
{
        struct store_execution e = execution_of("a");

        finished("a", "{}");
        finished("b", "{}");
        add_execution(&e, false);
        ck_assert(is_sound());
        breaks("DELETE FROM result WHERE seq=(SELECT min(seq) FROM result)", "execution.lost");
        breaks("DELETE FROM execution WHERE action='b'", "result.orphan");
        breaks("DELETE FROM queue", "queue.count");
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_upkeep");
        TCase *t = tcase_create("upkeep");

        tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, a_large_result_is_a_file_kept_once);
        tcase_add_test(t, expiry_takes_what_is_old_and_over);
        tcase_add_test(t, expiry_goes_on_over_many_slices);
        tcase_add_test(t, a_backup_is_whole_and_restores);
        tcase_add_test(t, a_backup_under_way_stops_nobody);
        tcase_add_test(t, the_check_finds_planted_faults);
        suite_add_tcase(s, t);
        return s;
}

int main(void)
{
        SRunner *runner = srunner_create(suite());
        int failed;

        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
