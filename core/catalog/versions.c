/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which version of a pack is active. "active" is a symbolic link beside the versions, replaced by
 * one rename. Before that rename a second link notes which version this one follows
 * ("before-2.0.0" -> "1.0.0"): a crash between the two leaves a note that nobody reads, never a
 * pack without its way back.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/pack.h"
#include "catalog/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ACTIVE "active"
#define BEFORE "before-"

static char *pack_dir(const char *state_dir, const char *name)
{
        char *dir = NULL;

        return asprintf(&dir, "%s/packs/%s", state_dir, name) < 0 ? NULL : dir;
}

/* A version's name can be part of a path, and is neither of our links. */
static bool is_version(const char *s)
{
        return isdigit((unsigned char)*s) && strlen(s) < 128 && !strpbrk(s, "/ \t\n");
}

static int not_installed(const char *name, const char *version, struct fault *fault)
{
        fault_set(fault, 404, "pack.unknown", "the pack '%s' is not installed%s%s", name,
                  version ? " in version " : "", version ? version : "");
        return fault_try(fault, "'kaname pack list' shows what is");
}

/* The folder of an installed pack; -1 with the fault set. */
static int open_pack(const char *state_dir, const char *name, struct fault *fault)
{
        _free_ char *dir = pack_dir(state_dir, name);
        int fd = dir && text_is_name(name) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd < 0)
                not_installed(name, NULL, fault);
        return fd;
}

/* What a link says, as a new string; NULL where there is none. */
static char *read_link(int fd, const char *link)
{
        char target[NAME_MAX + 1];
        ssize_t n = readlinkat(fd, link, target, sizeof target - 1);

        if (n <= 0)
                return NULL;
        target[n] = '\0';
        return is_version(target) ? strdup(target) : NULL;
}

static int put_link(int fd, const char *link, const char *target)
{
        _free_ char *made = NULL;

        if (asprintf(&made, ".%s.new", link) < 0) {
                made = NULL;
                return -ENOMEM;
        }
        if (unlinkat(fd, made, 0) < 0 && errno != ENOENT)
                return -errno;
        if (symlinkat(target, fd, made) < 0 || renameat(fd, made, fd, link) < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

static bool has_version(int fd, const char *version)
{
        struct stat st;

        return is_version(version) && fstatat(fd, version, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISDIR(st.st_mode);
}

/* The version that was active before this one. */
static char *read_note(int fd, const char *version)
{
        _free_ char *note = NULL;

        if (version && asprintf(&note, BEFORE "%s", version) >= 0)
                return read_link(fd, note);
        note = NULL;
        return NULL;
}

int pack_activate(const char *state_dir, const char *name, const char *version, struct fault *fault)
{
        _close_ int fd = open_pack(state_dir, name, fault);
        _free_ char *now = NULL, *note = NULL, *before = NULL;
        int r = 0;

        if (fd < 0)
                return FAULT;
        if (!has_version(fd, version))
                return not_installed(name, version, fault);
        now = read_link(fd, ACTIVE);
        if (text_equal(now, version))
                return 0;
        if (asprintf(&note, BEFORE "%s", version) < 0) {
                note = NULL;
                return -ENOMEM;
        }
        before = read_note(fd, now);
        if (text_equal(before, version))
                r = 0;          /* a way back leaves the notes of the way there */
        else if (now)
                r = put_link(fd, note, now);
        else if (unlinkat(fd, note, 0) < 0 && errno != ENOENT)
                r = -errno;
        if (r == 0)
                r = put_link(fd, ACTIVE, version);
        return fault_errno(fault, r, "activating the pack");
}

int pack_previous(const char *state_dir, const char *name, char **ret_version, struct fault *fault)
{
        _close_ int fd = open_pack(state_dir, name, fault);
        _free_ char *now = NULL, *note = NULL, *before = NULL;

        if (fd < 0)
                return FAULT;
        now = read_link(fd, ACTIVE);
        if (!now)
                return not_installed(name, NULL, fault);
        if (asprintf(&note, BEFORE "%s", now) < 0) {
                note = NULL;
                return -ENOMEM;
        }
        before = read_link(fd, note);
        if (!before || !has_version(fd, before)) {
                fault_set(fault, 409, "pack.no-previous",
                          "no version of the pack '%s' was active before %s", name, now);
                return fault_try(fault, "install the version that you want");
        }
        *ret_version = TAKE(before);
        return 0;
}

int pack_deactivate(const char *state_dir, const char *name, struct fault *fault)
{
        _close_ int fd = open_pack(state_dir, name, fault);

        if (fd < 0)
                return FAULT;
        if (unlinkat(fd, ACTIVE, 0) < 0)
                return errno == ENOENT ? not_installed(name, NULL, fault)
                        : fault_errno(fault, -errno, "deactivating the pack");
        return fault_errno(fault, fsync(fd) < 0 ? -errno : 0, "deactivating the pack");
}

/* Out of sight by one rename first, so that nobody ever finds half a version. */
static int remove_version(const char *dir, int fd, const char *version)
{
        _free_ char *hidden = NULL, *path = NULL, *note = NULL;

        if (asprintf(&hidden, ".%s.old", version) < 0 ||
            asprintf(&path, "%s/.%s.old", dir, version) < 0 ||
            asprintf(&note, BEFORE "%s", version) < 0)
                return -ENOMEM;
        tree_remove(path);
        if (renameat(fd, version, fd, hidden) < 0)
                return -errno;
        unlinkat(fd, note, 0);
        return tree_remove(path);
}

int pack_discard(const char *state_dir, const char *name, const char *version, struct fault *fault)
{
        _close_ int fd = open_pack(state_dir, name, fault);
        _free_ char *dir = pack_dir(state_dir, name), *now = NULL, *before = NULL;
        int r;

        if (fd < 0 || !dir)
                return FAULT;
        now = read_link(fd, ACTIVE);
        before = read_note(fd, now);
        if (!has_version(fd, version) || text_equal(version, now) || text_equal(version, before))
                return 0;
        r = remove_version(dir, fd, version);
        rmdir(dir);             /* where nothing else is in it */
        return fault_errno(fault, r, dir);
}

/* What stays of a pack: the active version, another (or NULL), and what is wanted (if asked). */
struct keeping {
        const char *now, *other, *name;
        bool (*is_wanted)(void *arg, const char *name, const char *version);
        void *arg;
};

static bool keeps(const struct keeping *keeping, const char *version)
{
        return text_equal(version, keeping->now) || text_equal(version, keeping->other) ||
               (keeping->is_wanted && keeping->is_wanted(keeping->arg, keeping->name, version));
}

static int remove_others(const char *dir, int fd, const struct keeping *keeping)
{
        struct dirent **entries;
        int n = scandir(dir, &entries, NULL, alphasort), r = 0;

        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                const char *version = entries[i]->d_name;

                if (r == 0 && has_version(fd, version) && !keeps(keeping, version))
                        r = remove_version(dir, fd, version);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int pack_prune(const char *state_dir, const char *name, const char *keep_version,
               struct fault *fault)
{
        _close_ int fd = open_pack(state_dir, name, fault);
        _free_ char *dir = pack_dir(state_dir, name), *now = NULL;
        struct keeping keeping = { .other = keep_version };
        int r;

        if (fd < 0 || !dir)
                return FAULT;
        keeping.now = now = read_link(fd, ACTIVE);
        r = remove_others(dir, fd, &keeping);
        if (r == 0 && !now && !keep_version)
                r = tree_remove(dir);
        return fault_errno(fault, r, dir);
}

static int is_pack(const struct dirent *entry)
{
        return text_is_name(entry->d_name);
}

/* The version that a rollback goes to stays, too. */
static int sweep_pack(const char *state_dir, struct keeping keeping, struct fault *fault)
{
        _close_ int fd = open_pack(state_dir, keeping.name, fault);
        _free_ char *dir = pack_dir(state_dir, keeping.name), *now = NULL, *before = NULL;
        int r;

        if (fd < 0 || !dir)
                return FAULT;
        keeping.now = now = read_link(fd, ACTIVE);
        keeping.other = before = read_note(fd, now);
        r = remove_others(dir, fd, &keeping);
        if (!now)
                rmdir(dir);             /* where nothing else is in it */
        return fault_errno(fault, r, dir);
}

int pack_sweep(const char *state_dir,
               bool (*is_wanted)(void *arg, const char *name, const char *version), void *arg,
               struct fault *fault)
{
        _free_ char *packs = NULL;
        struct dirent **entries;
        int n, r = 0;

        if (asprintf(&packs, "%s/packs", state_dir) < 0) {
                packs = NULL;
                return -ENOMEM;
        }
        n = scandir(packs, &entries, is_pack, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0 : fault_errno(fault, -errno, packs);
        for (int i = 0; i < n; i++) {
                const struct keeping keeping = { .name = entries[i]->d_name,
                                                 .is_wanted = is_wanted, .arg = arg };

                if (r == 0)
                        r = sweep_pack(state_dir, keeping, fault);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int visit_active(const char *packs, const char *name,
                        int (*visit)(void *arg, const char *name, const char *dir), void *arg)
{
        _free_ char *dir = NULL, *version = NULL, *active = NULL;

        if (asprintf(&dir, "%s/%s", packs, name) < 0) {
                dir = NULL;
                return -ENOMEM;
        }
        _close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        version = fd < 0 ? NULL : read_link(fd, ACTIVE);
        if (!version)
                return 0;
        if (asprintf(&active, "%s/%s", dir, version) < 0) {
                active = NULL;
                return -ENOMEM;
        }
        return visit(arg, name, active);
}

int pack_each_active(const char *state_dir,
                     int (*visit)(void *arg, const char *name, const char *dir),
                     void *arg)
{
        _free_ char *packs = pack_dir(state_dir, "");
        struct dirent **entries;
        int n, r = 0;

        if (!packs)
                return -ENOMEM;
        packs[strlen(packs) - 1] = '\0';
        n = scandir(packs, &entries, is_pack, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = visit_active(packs, entries[i]->d_name, visit, arg);
                free(entries[i]);
        }
        free(entries);
        return r;
}
