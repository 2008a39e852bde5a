/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What may go wrong below the store: a full disk, a disk that lies, a damaged or foreign file, a
 * second hub, and a hub that dies at any moment. Disks are played by a VFS of SQLite that fails on
 * demand.
 */

#include "store_fixture.h"

#include "base/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- a disk that fails ---- */

enum disk { DISK_GOOD, DISK_FULL_BUT_RESERVE, DISK_FULL, DISK_NO_SYNC, DISK_NO_WRITE };

static _Atomic int disk;
static sqlite3_vfs *below;
static struct sqlite3_vfs above;
static sqlite3_io_methods methods;

struct file {
        sqlite3_file base;
        sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *file)
{
        return ((struct file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
        sqlite3_file *real = real_of(file);
        int r = real->pMethods->xClose(real);

        free(real);
        return r;
}

static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
        return real_of(file)->pMethods->xRead(real_of(file), to, n, at);
}

static bool reserve_is_there(void)
{
        char path[96];
        struct stat st;

        snprintf(path, sizeof path, "%s/reserve", fixture_dir);
        return stat(path, &st) == 0 && st.st_size > 0;
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
        if (disk == DISK_FULL || (disk == DISK_FULL_BUT_RESERVE && reserve_is_there()))
                return SQLITE_FULL;
        if (disk == DISK_NO_WRITE)
                return SQLITE_IOERR_WRITE;
        return real_of(file)->pMethods->xWrite(real_of(file), from, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
        if (disk == DISK_NO_SYNC)
                return SQLITE_IOERR_FSYNC;
        return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
        return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int file_lock(sqlite3_file *file, int level)
{
        return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
        return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *ret)
{
        return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
        return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
        return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device(sqlite3_file *file)
{
        return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
        return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
        return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
        real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
        return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
        struct file *one = (struct file *)(void *)file;
        int r;

        (void)vfs;
        one->base.pMethods = NULL;
        one->real = calloc(1, (size_t)below->szOsFile);
        r = below->xOpen(below, name, one->real, flags, ret_flags);
        if (r == SQLITE_OK)
                one->base.pMethods = &methods;
        else
                free(one->real);
        return r;
}

static void disk_setup(void)
{
        methods = (sqlite3_io_methods){
                .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write,
                .xTruncate = file_truncate, .xSync = file_sync, .xFileSize = file_size,
                .xLock = file_lock, .xUnlock = file_unlock, .xCheckReservedLock = file_check_lock,
                .xFileControl = file_control, .xSectorSize = file_sector,
                .xDeviceCharacteristics = file_device, .xShmMap = file_shm_map,
                .xShmLock = file_shm_lock, .xShmBarrier = file_shm_barrier,
                .xShmUnmap = file_shm_unmap,
        };
        below = sqlite3_vfs_find(NULL);
        above = *below;
        above.zName = "failing";
        above.szOsFile = sizeof(struct file);
        above.xOpen = vfs_open;
        ck_assert_int_eq(sqlite3_vfs_register(&above, 1), SQLITE_OK);
        disk = DISK_GOOD;
        clock_fake(1000000);
        fixture_setup();
}

static void disk_teardown(void)
{
        disk = DISK_GOOD;
        fixture_teardown();
        sqlite3_vfs_unregister(&above);
        clock_fake(-1);
}

static enum store_outcome send_event(struct id *ret)
{
        struct store_event event = event_of("t");
        struct store_txn *txn = store_txn_new();

        store_txn_event(txn, &event);
        if (ret)
                *ret = event.id;
        return commit(txn);
}

static int see(void *arg, const struct store_event *event)
{
        (void)event;
        ++*(unsigned *)arg;
        return 0;
}

static bool has_event(const struct id *id)
{
        unsigned n = 0;

        return store_get_event(fixture, id, see, &n, NULL) == 0 && n == 1;
}

static void reopen_with_reserve(void)
{
        struct store_options options = fixture_options();

        fixture = store_close(fixture);
        options.reserve_bytes = 1 << 20;
        ck_assert_int_eq(store_open(&options, &fixture, NULL), 0);
}

START_TEST(a_full_disk_refuses_the_new_and_ends_the_running)
{
        struct store_execution running = execution_of("a");
        _fault_ struct fault fault = FAULT_INIT;
        struct store_claim claim;
        struct id before, refused;

        reopen_with_reserve();
        ck_assert(reserve_is_there());
        ck_assert_int_eq(send_event(&before), STORE_DONE);
        claim = add_execution(&running, true);
        disk = DISK_FULL_BUT_RESERVE;
        ck_assert_int_eq(send_event(&refused), STORE_FAILED_FULL);
        ck_assert(!reserve_is_there());
        ck_assert_int_eq(store_health(fixture, &fault), FAULT);
        ck_assert_int_eq(fault.status, 507);
        ck_assert_int_eq(send_event(NULL), STORE_FAILED_FULL);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_DONE);
        ck_assert(has_event(&before));
        ck_assert(!has_event(&refused));
        disk = DISK_GOOD;
        ck_assert_int_eq(send_event(NULL), STORE_FAILED_FULL);
        clock_fake_advance(1001);
        ck_assert_int_eq(send_event(NULL), STORE_DONE);
        ck_assert(reserve_is_there());
        ck_assert_int_eq(store_health(fixture, &fault), 0);
        ck_assert_int_eq(get(&running.id).e.status, STORE_SUCCEEDED);
}
END_TEST

START_TEST(a_disk_with_nothing_left_refuses_all_and_recovers)
{
        struct store_execution running = execution_of("a");
        struct store_claim claim = add_execution(&running, true);
        struct id id = id_new(), first;
        struct store_txn *txn = store_txn_new();

        disk = DISK_FULL;
        store_txn_once(txn, "s", "k", NULL, &id, INT64_MAX);
        ck_assert_int_eq(commit(txn), STORE_FAILED_FULL);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_FAILED_FULL);
        ck_assert_int_eq(get(&running.id).e.status, STORE_RUNNING);
        disk = DISK_GOOD;
        clock_fake_advance(1001);
        ck_assert_int_eq(finish(&claim, "{}"), STORE_DONE);
        txn = store_txn_new();
        store_txn_once(txn, "s", "k", NULL, &id, INT64_MAX);
        ck_assert_int_eq(store_commit_wait(fixture, txn, &first, NULL), STORE_DONE);
}
END_TEST

static void breaks_for_good(enum disk how)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct store_execution e = execution_of("a");
        struct id before;

        ck_assert_int_eq(send_event(&before), STORE_DONE);
        disk = how;
        ck_assert_int_eq(send_event(NULL), STORE_FAILED_IO);
        disk = DISK_GOOD;
        clock_fake_advance(100000);
        ck_assert_int_eq(send_event(NULL), STORE_FAILED_IO);
        ck_assert_int_eq(store_health(fixture, &fault), FAULT);
        ck_assert_int_eq(fault.status, 503);
        ck_assert(has_event(&before));
        fixture_reopen();
        ck_assert(has_event(&before));
        add_execution(&e, true);
        ck_assert_int_eq(store_health(fixture, &fault), 0);
}

START_TEST(a_failed_sync_is_never_repeated)
{
        breaks_for_good(DISK_NO_SYNC);
}
END_TEST

START_TEST(a_failed_write_ends_writing)
{
        breaks_for_good(DISK_NO_WRITE);
}
END_TEST

/* ---- files that cannot be used ---- */

static void refuses(const char *code, const char *in_text)
{
        struct store_options options = fixture_options();
        _fault_ struct fault fault = FAULT_INIT;
        struct store *store = NULL;

        ck_assert_int_eq(store_open(&options, &store, &fault), FAULT);
        ck_assert_ptr_null(store);
        ck_assert_str_eq(fault.code, code);
        ck_assert_msg(strstr(fault.what, in_text) || strstr(fault.why, in_text), "%s: %s",
                      fault.what, fault.why);
        ck_assert_ptr_nonnull(fault.remedy);
}

static void db_path(char path[96])
{
        snprintf(path, 96, "%s/store.db", fixture_dir);
}

static void alter(const char *sql)
{
        char path[96];
        sqlite3 *db;

        db_path(path);
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
}

START_TEST(a_second_hub_is_told_of_the_first)
{
        char pid[32];

        snprintf(pid, sizeof pid, "process %d", (int)getpid());
        refuses("store.locked", pid);
}
END_TEST

START_TEST(a_newer_store_is_refused)
{
        fixture = store_close(fixture);
        alter("PRAGMA user_version=99");
        refuses("store.newer", "schema 99");
        alter("PRAGMA user_version=4");
        fixture_open();
}
END_TEST

static int count_trace(void *arg, const struct store_trace *trace)
{
        *(int *)arg += trace->is_event ? 1 : 10;
        return 0;
}

START_TEST(an_older_store_is_taken_further_with_what_it_holds)
{
        struct store_execution e = execution_of("a"), part = execution_of("a"),
                               odd = execution_of("a");
        struct store_event event = event_of("t");
        struct store_txn *txn = store_txn_new();
        int found = 0;

        e.context = part.context = "{\"trace_context\": {\"trace_tag\": \"old\"}}";
        part.parent = e.id;
        odd.context = "{\"trace_context\": {\"trace_tag\": 7}}";
        event.trace = "old";
        store_txn_event(txn, &event);
        store_txn_execution(txn, &e, false);
        store_txn_execution(txn, &part, false);
        store_txn_execution(txn, &odd, false);
        ck_assert_int_eq(commit(txn), STORE_DONE);
        fixture = store_close(fixture);
        alter("DROP INDEX execution_trace; DROP INDEX execution_root; DROP INDEX event_trace;"
              "ALTER TABLE execution DROP COLUMN trace;"
              "ALTER TABLE queue DROP COLUMN idle; DROP TABLE move; PRAGMA user_version=1");
        fixture_open();
        ck_assert_int_eq(store_list_traces(fixture, "old", NULL, NULL, count_trace, &found, NULL,
                                           NULL), 0);
        ck_assert_int_eq(found, 11);
}
END_TEST

START_TEST(the_file_of_another_program_is_refused)
{
        fixture = store_close(fixture);
        alter("PRAGMA application_id=7");
        refuses("store.damaged", "another program");
}
END_TEST

START_TEST(a_damaged_file_is_refused)
{
        char path[96], garbage[4096];
        struct stat st;
        int fd;

        for (int i = 0; i < 500; i++)
                ck_assert_int_eq(send_event(NULL), STORE_DONE);
        fixture = store_close(fixture);
        db_path(path);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
        refuses("store.damaged", "malformed");
        memset(garbage, 'x', sizeof garbage);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        ck_assert_int_eq(write(fd, garbage, sizeof garbage), (ssize_t)sizeof garbage);
        close(fd);
        refuses("store.damaged", "not a database");
}
END_TEST

START_TEST(too_many_waiting_are_refused)
{
        struct store_options options = fixture_options();
        unsigned busy = 0;

        fixture = store_close(fixture);
        options.writes_max = 4;
        ck_assert_int_eq(store_open(&options, &fixture, NULL), 0);
        for (int i = 0; i < 20; i++) {
                struct store_txn *txns[5];

                for (int n = 0; n < 5; n++) {
                        struct store_event event = event_of("t");

                        txns[n] = store_txn_new();
                        store_txn_event(txns[n], &event);
                }
                store_commit_many(fixture, txns, 4, NULL, NULL);
                busy += commit(txns[4]) == STORE_FAILED_BUSY;
        }
        ck_assert_uint_gt(busy, 0);
        ck_assert_int_eq(store_health(fixture, NULL), 0);
}
END_TEST

/* ---- a hub that dies ---- */

struct ack {
        char what;                      /* 'a' accepted, 'f' finished */
        struct id event, execution;
};

struct flight {
        struct ack ack;
        struct store_claim claim;
};

static int ack_fd;

static void launch(void);

static void tell(const struct flight *flight, char what)
{
        struct ack ack = flight->ack;

        ack.what = what;
        if (write(ack_fd, &ack, sizeof ack) != (ssize_t)sizeof ack)
                _exit(1);
}

static void on_finished(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        (void)first;
        (void)seq;
        if (outcome == STORE_DONE)
                tell(arg, 'f');
        free(arg);
        launch();
}

static void on_accepted(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct flight *flight = arg;
        struct store_txn *txn = store_txn_new();

        (void)first;
        (void)seq;
        if (outcome != STORE_DONE)
                _exit(2);
        tell(flight, 'a');
        store_txn_finish(txn, &flight->claim, STORE_SUCCEEDED, "{}", 1);
        store_commit(fixture, txn, on_finished, flight);
}

static void launch(void)
{
        struct flight *flight = calloc(1, sizeof *flight);
        struct store_event event = event_of("t");
        struct store_execution e = execution_of("a");
        struct store_txn *txn = store_txn_new();
        char key[ID_TEXT_SIZE];

        flight->ack = (struct ack){ 0, event.id, e.id };
        flight->claim = (struct store_claim){ e.id, store_epoch(fixture), 1 };
        store_txn_once(txn, "crash", id_text(&event.id, key), NULL, &event.id, INT64_MAX);
        store_txn_event(txn, &event);
        store_txn_execution(txn, &e, true);
        store_commit(fixture, txn, on_accepted, flight);
}

static void run_hub(int fd)
{
        ack_fd = fd;
        clock_fake(-1);
        fixture_open();
        for (int i = 0; i < 24; i++)
                launch();
        for (;;)
                pause();
}

/* Acknowledged, so there, once, and known as a duplicate. */
static void check_ack(const struct ack *ack)
{
        struct store_txn *txn = store_txn_new();
        struct id other = id_new(), first;
        char key[ID_TEXT_SIZE];

        ck_assert(has_event(&ack->event));
        if (ack->what == 'f')
                ck_assert_int_eq(get(&ack->execution).e.status, STORE_SUCCEEDED);
        store_txn_once(txn, "crash", id_text(&ack->event, key), NULL, &other, INT64_MAX);
        ck_assert_int_eq(store_commit_wait(fixture, txn, &first, NULL), STORE_DUPLICATE);
        ck_assert(id_equal(&first, &ack->event));
}

static size_t read_acks(int fd, struct ack *acks, size_t max)
{
        size_t n = 0;

        while (n < max && read(fd, &acks[n], sizeof *acks) == (ssize_t)sizeof *acks)
                n++;
        return n;
}

static void die_once(unsigned after)
{
        static struct ack acks[4096];
        _json_ json_t *report = NULL;
        int fds[2], status;
        size_t n;
        pid_t pid;

        ck_assert_int_eq(pipe(fds), 0);
        pid = fork();
        if (pid == 0) {
                close(fds[0]);
                run_hub(fds[1]);
        }
        close(fds[1]);
        n = read_acks(fds[0], acks, after);
        kill(pid, SIGKILL);
        n += read_acks(fds[0], acks + n, 4096 - n);
        close(fds[0]);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        ck_assert_uint_ge(n, after);
        fixture_open();
        for (size_t i = 0; i < n; i++)
                check_ack(&acks[i]);
        ck_assert_int_eq(store_check(fixture, &report, NULL), 0);
        ck_assert_msg(json_is_true(json_object_get(report, "ok")), "the store is not sound");
        fixture = store_close(fixture);
}

START_TEST(what_was_acknowledged_survives_a_kill)
{
        fixture = store_close(fixture);
        srand((unsigned)getpid());
        for (int i = 0; i < 8; i++)
                die_once(20 + (unsigned)rand() % 300);
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_fault");
        TCase *t = tcase_create("disk"), *u = tcase_create("file");

        tcase_add_checked_fixture(t, disk_setup, disk_teardown);
        tcase_add_test(t, a_full_disk_refuses_the_new_and_ends_the_running);
        tcase_add_test(t, a_disk_with_nothing_left_refuses_all_and_recovers);
        tcase_add_test(t, a_failed_sync_is_never_repeated);
        tcase_add_test(t, a_failed_write_ends_writing);
        suite_add_tcase(s, t);
        tcase_add_checked_fixture(u, fixture_setup, fixture_teardown);
        tcase_set_timeout(u, 60);
        tcase_add_test(u, a_second_hub_is_told_of_the_first);
        tcase_add_test(u, a_newer_store_is_refused);
        tcase_add_test(u, an_older_store_is_taken_further_with_what_it_holds);
        tcase_add_test(u, the_file_of_another_program_is_refused);
        tcase_add_test(u, a_damaged_file_is_refused);
        tcase_add_test(u, too_many_waiting_are_refused);
        tcase_add_test(u, what_was_acknowledged_survives_a_kill);
        suite_add_tcase(s, u);
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
