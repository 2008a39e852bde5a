/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/upkeep.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "bin/state.h"
#include "hub/hub.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

CLEANUP_DEFINE(struct store *, store_close);

static int become_owner(const char *state_dir, struct fault *fault)
{
        struct stat st;

        if (geteuid() != 0 || stat(state_dir, &st) < 0 || st.st_uid == 0)
                return 0;
        if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
            setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
                return fault_errno(fault, -errno, "becoming the owner of the state directory");
        return 0;
}

static void print_report(const char *state_dir, const json_t *report)
{
        const json_t *counts = json_object_get(report, "counts"), *problem;
        size_t i;

        printf("%s: %lld events, %lld executions (%lld unfinished), %lld changes: %s\n", state_dir,
               (long long)json_int_of(counts, "events", 0),
               (long long)json_int_of(counts, "executions", 0),
               (long long)json_int_of(counts, "unfinished", 0),
               (long long)json_int_of(counts, "changes", 0),
               json_bool_of(report, "ok", false) ? "sound" : "NOT SOUND");
        json_array_foreach(json_object_get(report, "problems"), i, problem)
                printf("  %s: %lld %s\n", json_text_of(problem, "code", "?"),
                       (long long)json_int_of(problem, "rows", 0),
                       json_text_of(problem, "what", ""));
}

int upkeep_check_store(const char *state_dir, struct fault *fault)
{
        _json_ json_t *report = NULL;
        int r = become_owner(state_dir, fault);

        if (r == 0)
                r = store_check_dir(state_dir, &report, fault);
        if (r != 0)
                return fault_errno(fault, r, "checking the store");
        print_report(state_dir, report);
        if (json_bool_of(report, "ok", false))
                return 0;
        fault_set(fault, 500, "store.unsound", "the store in %s is not sound", state_dir);
        return fault_try(fault, "with no hub running, put the last backup in place: kanamed "
                         "--restore FILE --state-dir %s", state_dir);
}

/*
 * What waited or ran when the backup was made may have been done since: nothing starts before a
 * person had a look. Opening the store also shows that a hub can.
 */
static int pause_restored(const char *state_dir, struct fault *fault)
{
        const struct store_options options = { .state_dir = state_dir, .hub_name = "restore",
                                               .reserve_bytes = -1 };
        _cleanup_(store_closep) struct store *store = NULL;
        int r = store_open(&options, &store, fault);

        return r == 0 ? hub_pause_next(store, "restore", "restored from a backup", fault) : r;
}

static void say_restored(const char *state_dir, const char *file)
{
        _free_ char *key = NULL;

        printf("%s: restored from %s\n"
               "The hub will start paused, since what waited when the backup was made may have run "
               "since:\n"
               "look with \"kaname execution list\", then \"kaname resume\".\n", state_dir, file);
        if (asprintf(&key, "%s/master.key", state_dir) >= 0 && access(key, F_OK) < 0)
                printf("There is no master.key in %s: bring that of the hub which was backed up "
                       "before the start,\nor the secrets in the backup cannot be opened.\n",
                       state_dir);
}

int upkeep_restore(const char *state_dir, const char *file, struct fault *fault)
{
        _close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
        int r;

        if (fd < 0) {
                fault_set(fault, 422, "store.not-a-backup", "%s: %s", file, strerror(errno));
                return fault_try(fault, "name a file that kaname backup made");
        }
        r = become_owner(state_dir, fault);
        if (r == 0)
                r = state_prepare(state_dir, fault);
        if (r == 0)
                r = store_restore(state_dir, fd, file, fault);
        if (r == 0)
                r = pause_restored(state_dir, fault);
        if (r != 0)
                return fault_errno(fault, r, "restoring");
        say_restored(state_dir, file);
        return 0;
}
