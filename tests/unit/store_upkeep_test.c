/* SPDX-License-Identifier: Apache-2.0 */

/* Large results, backup and restore, check, expiry. */

#include "store_fixture.h"

#include "store/output.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>

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

static unsigned moves(void)
{
        unsigned n = 0;
        char path[96];
        sqlite3 *db;
        sqlite3_stmt *stmt;

        snprintf(path, sizeof path, "%s/store.db", fixture_dir);
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM move", -1, &stmt, NULL),
                         SQLITE_OK);
        if (sqlite3_step(stmt) == SQLITE_ROW)
                n = (unsigned)sqlite3_column_int(stmt, 0);
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return n;
}

START_TEST(what_an_execution_went_through_goes_with_it)
{
        struct store_execution e = execution_of("a"), waits = execution_of("b");
        struct store_claim claim = add_execution(&e, true), again = { e.id, claim.epoch, 2 };
        struct store_txn *txn = store_txn_new();

        store_txn_requeue(txn, &claim, STORE_PAUSED, 0, NULL);
        add_execution(&waits, false);
        store_txn_restate(txn, &waits.id, STORE_HELD, 0, NULL);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_uint_eq(moves(), 3);          /* running, paused; held */
        txn = store_txn_new();
        store_txn_settle(txn, &again.id, STORE_CANCELED, "{}", 2000);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        ck_assert_int_eq(store_expire(fixture, 5000, 5000, NULL), 0);
        ck_assert_uint_eq(moves(), 1);
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

static int backed_up(void)
{
        _fault_ struct fault fault = FAULT_INIT;
        int fd = -1;

        ck_assert_msg(store_backup(fixture, &fd, &fault) == 0, "%s", fault.what);
        ck_assert_int_ge(fd, 0);
        return fd;
}

/* Read from its start, each time. */
static int restore(int fd, struct fault *fault)
{
        ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
        return store_restore(fixture_dir, fd, "the backup", fault);
}

static int open_in(const char *name, int flags)
{
        char path[96];
        int fd;

        snprintf(path, sizeof path, "%s/%s", fixture_dir, name);
        fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
        ck_assert_int_ge(fd, 0);
        return fd;
}

static bool is_there(const struct id *id)
{
        struct seen_execution seen = { .n = 0 };

        return store_get_execution(fixture, id, false, keep_execution, &seen, NULL) == 0;
}

START_TEST(a_backup_is_whole_and_restores)
{
        _free_ char *large = big('x', 100000);
        struct id a = finished("a", large), b;
        _fault_ struct fault fault = FAULT_INIT;
        _close_ int backup = backed_up(), old = -1;
        char command[160];

        b = finished("b", "{}");
        ck_assert_int_eq(restore(backup, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.locked");
        fixture = store_close(fixture);
        snprintf(command, sizeof command, "rm '%s'/results/*", fixture_dir);
        ck_assert_int_eq(system(command), 0);
        ck_assert_int_eq(restore(backup, &fault), 0);
        fixture_open();
        reads(&a, large);
        ck_assert(!is_there(&b));
        ck_assert(is_sound());
        fixture = store_close(fixture);
        /* What was there is kept beside it and is itself no backup. */
        old = open_in("store.db.old", 0);
        ck_assert_int_eq(restore(old, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.not-a-backup");
        fixture_open();
        reads(&a, large);
}
END_TEST

/* Bytes that are put into a backup: what refuses it, and that the store stays. */
static void spoiled(off_t at, const char *bytes, size_t len, const char *code)
{
        struct id a = finished("a", "{}");
        _fault_ struct fault fault = FAULT_INIT;
        _close_ int backup = backed_up(), copy = open_in("copy", O_CREAT | O_TRUNC);

        ck_assert_int_gt(sendfile(copy, backup, NULL, 1 << 30), 0);
        ck_assert_int_eq(pwrite(copy, bytes, len, at), len);
        fixture = store_close(fixture);
        ck_assert_int_eq(restore(copy, &fault), FAULT);
        ck_assert_str_eq(fault.code, code);
        ck_assert_ptr_nonnull(strstr(fault.remedy, "another file"));
        fixture_open();
        ck_assert(is_there(&a));
}

START_TEST(a_spoiled_backup_is_refused_and_the_store_stays)
{
        char garbage[4096];

        memset(garbage, 0x55, sizeof garbage);
        spoiled(0, "no database", 11, "store.damaged");
        spoiled(4096, garbage, sizeof garbage, "store.damaged");
        spoiled(60, "\0\0\0\143", 4, "store.newer");          /* user_version */
        spoiled(68, "\1\2\3\4", 4, "store.damaged");           /* application_id */
}
END_TEST

START_TEST(a_hub_that_stops_waits_for_no_upkeep)
{
        _fault_ struct fault fault = FAULT_INIT;
        int fd;

        finished("a", "{}");
        store_end_upkeep(fixture);
        ck_assert_int_eq(store_backup(fixture, &fd, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.ending");
        ck_assert_int_eq(store_expire(fixture, INT64_MAX, INT64_MAX, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.ending");
        ck_assert_int_eq(store_health(fixture, &fault), 0);
}
END_TEST

START_TEST(the_check_from_outside_reads_beside_a_hub)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *beside = NULL, *without = NULL, *none = NULL;

        finished("a", "{}");
        ck_assert_int_eq(store_check_dir(fixture_dir, &beside, &fault), 0);
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(beside, "counts"),
                                                            "results")), 1);
        fixture = store_close(fixture);
        ck_assert_int_eq(store_check_dir(fixture_dir, &without, &fault), 0);
        ck_assert(json_equal(beside, without));
        ck_assert_int_eq(store_check_dir("/nowhere", &none, &fault), FAULT);
        ck_assert_str_eq(fault.code, "store.none");
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
        _close_ int backup = -1;

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
                cleanup_close(&backup);
                backup = backed_up();
        }
        traffic.stop = true;
        pthread_join(thread, NULL);
        ck_assert_uint_gt(traffic.done, 0);
        fixture = store_close(fixture);
        ck_assert_int_eq(restore(backup, NULL), 0);
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
        breaks("INSERT INTO move VALUES(NULL, 99999, 6, 1)", "move.orphan");
}
END_TEST

/* What a killed hub's child holds for a moment, with the number of the dead hub in it. */
START_TEST(a_lock_whose_holder_is_dead_is_waited_for)
{
        struct store_options options = fixture_options();
        char path[96], dead[16];
        struct store *second = NULL;
        int fd, r;
        pid_t gone = fork(), child;

        if (gone == 0)
                _exit(0);
        ck_assert_int_eq(waitpid(gone, NULL, 0), gone);
        fixture = store_close(fixture);
        snprintf(path, sizeof path, "%s/lock", fixture_dir);
        fd = open(path, O_RDWR | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(flock(fd, LOCK_EX), 0);
        snprintf(dead, sizeof dead, "%d\n", (int)gone);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_gt(pwrite(fd, dead, strlen(dead), 0), 0);
        child = fork();
        if (child == 0) {
                nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
                _exit(0);
        }
        close(fd);
        r = store_open(&options, &second, NULL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        ck_assert_int_eq(r, 0);
        store_close(second);
        fixture_open();
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_upkeep");
        TCase *t = tcase_create("upkeep");

        tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, a_lock_whose_holder_is_dead_is_waited_for);
        tcase_add_test(t, a_large_result_is_a_file_kept_once);
        tcase_add_test(t, expiry_takes_what_is_old_and_over);
        tcase_add_test(t, what_an_execution_went_through_goes_with_it);
        tcase_add_test(t, expiry_goes_on_over_many_slices);
        tcase_add_test(t, a_backup_is_whole_and_restores);
        tcase_add_test(t, a_backup_under_way_stops_nobody);
        tcase_add_test(t, a_spoiled_backup_is_refused_and_the_store_stays);
        tcase_add_test(t, a_hub_that_stops_waits_for_no_upkeep);
        tcase_add_test(t, the_check_finds_planted_faults);
        tcase_add_test(t, the_check_from_outside_reads_beside_a_hub);
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
