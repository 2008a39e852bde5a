/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From an archive or a folder to STATE/packs/NAME/VERSION. Everything happens in a hidden folder
 * beside, under a lock, and ends in one rename: what has a version's name is whole, checked and on
 * the disk. What a crash left in hidden folders is swept by whoever holds the lock next.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/archive.h"
#include "catalog/pack.h"
#include "catalog/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define HIDDEN ".unpack-"

static void drop_tree(char **dir)
{
        if (*dir)
                tree_remove(*dir);
        free(*dir);
}

static char *join(const char *dir, const char *name)
{
        char *path = NULL;

        return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static int is_leftover(const struct dirent *entry)
{
        return text_starts_with(entry->d_name, HIDDEN);
}

static void sweep(const char *packs)
{
        struct dirent **entries;
        int n = scandir(packs, &entries, is_leftover, alphasort);

        for (int i = 0; i < n; i++) {
                _cleanup_(drop_tree) char *dir = join(packs, entries[i]->d_name);

                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
}

/* The folder of all packs, made where it is missing, and its lock. */
static int open_packs(const char *state_dir, char **ret_packs, int *ret_lock)
{
        _free_ char *packs = join(state_dir, "packs"), *path = NULL;
        _close_ int fd = -1;

        if (!packs)
                return -ENOMEM;
        if (mkdir(packs, 0755) < 0 && errno != EEXIST)
                return -errno;
        path = join(packs, ".lock");
        fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
        if (fd < 0 || flock(fd, LOCK_EX) < 0)
                return path ? -errno : -ENOMEM;
        sweep(packs);
        *ret_packs = TAKE(packs);
        *ret_lock = TAKE_FD(fd);
        return 0;
}

/* ---- filling the hidden folder ---- */

static int from_folder(const char *folder, const char *dir, struct fault *fault)
{
        _tree_ struct tree tree = TREE_INIT;
        _free_ char *sums = NULL;
        int r = tree_scan(folder, &tree, fault);

        if (r == 0)
                r = fault_errno(fault, tree_copy(folder, &tree, dir), folder);
        if (r == 0)
                r = tree_checksums(dir, &tree, &sums, fault);
        return r ? r : fault_errno(fault, tree_write(dir, TREE_CHECKSUMS, sums), folder);
}

static int from_archive(int fd, const char *dir, struct fault *fault)
{
        _tree_ struct tree tree = TREE_INIT;
        int r = archive_unpack(fd, dir, fault);

        if (r == 0)
                r = tree_scan(dir, &tree, fault);
        return r ? r : tree_verify(dir, &tree, fault);
}

/* A person knows the file in the pack, not the hidden folder that it lies in for a moment. */
static void forget_dir(struct fault *fault, const char *dir)
{
        size_t n = strlen(dir);

        if (fault && fault->what && text_starts_with(fault->what, dir))
                memmove(fault->what, fault->what + n + (fault->what[n] == '/'),
                        strlen(fault->what + n + (fault->what[n] == '/')) + 1);
}

static int read_meta(const char *dir, json_t **ret, struct fault *fault)
{
        _free_ char *path = join(dir, "pack.yaml");
        int r;

        if (!path)
                return -ENOMEM;
        if (access(path, F_OK) < 0) {
                fault_set(fault, 422, "pack.no-meta", "it has no pack.yaml");
                return fault_try(fault, "every pack has one, with at least 'name' and 'version'");
        }
        r = pack_read_meta(dir, ret, fault);
        if (r == FAULT)
                forget_dir(fault, dir);
        return r;
}

/* ---- putting it in place ---- */

static bool is_active(const char *pack, const char *version)
{
        _free_ char *path = join(pack, "active");
        char target[256];
        ssize_t n = path ? readlink(path, target, sizeof target - 1) : -1;

        if (n < 0)
                return false;
        target[n] = '\0';
        return text_equal(target, version);
}

static bool is_same(const char *a, const char *b)
{
        _free_ char *one = join(a, TREE_CHECKSUMS), *other = join(b, TREE_CHECKSUMS);
        _free_ char *x = NULL, *y = NULL;
        size_t n = 0, m = 0, max = (size_t)TREE_FILES_MAX * 640;

        return one && other && file_read(one, max, &x, &n, NULL) == 0 &&
               file_read(other, max, &y, &m, NULL) == 0 && n == m && memcmp(x, y, n) == 0;
}

static int sync_into_place(const char *from, const char *pack, const char *target)
{
        _close_ int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _close_ int pack_fd = open(pack, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (from_fd < 0 || pack_fd < 0 || chmod(from, 0755) < 0 || syncfs(from_fd) < 0 ||
            rename(from, target) < 0 || fsync(pack_fd) < 0)
                return -errno;
        return 0;
}

static int place(const char *packs, const char *from, const json_t *meta, char **ret_dir,
                 struct fault *fault)
{
        const char *name = json_text_of(meta, "ref", "");
        const char *version = json_text_of(meta, "version", "");
        _free_ char *pack = join(packs, name), *target = pack ? join(pack, version) : NULL;
        int r;

        if (!target)
                return -ENOMEM;
        if (mkdir(pack, 0755) < 0 && errno != EEXIST)
                return fault_errno(fault, -errno, pack);
        if (access(target, F_OK) == 0 && is_same(from, target)) {
                *ret_dir = TAKE(target);
                return 0;
        }
        if (access(target, F_OK) == 0 && is_active(pack, version)) {
                fault_set(fault, 409, "pack.version-taken",
                          "%s %s is installed and active with other content",
                          name, version);
                return fault_try(fault, "give the changed pack a higher version");
        }
        tree_remove(target);
        r = sync_into_place(from, pack, target);
        if (r == 0)
                *ret_dir = TAKE(target);
        return fault_errno(fault, r, "putting the pack in place");
}

int pack_unpack(const char *state_dir, int archive_fd, const char *folder, json_t **ret_meta,
                char **ret_dir, struct fault *fault)
{
        _free_ char *packs = NULL, *placed = NULL;
        _cleanup_(drop_tree) char *dir = NULL;
        _close_ int lock = -1;
        _json_ json_t *meta = NULL;
        int r = open_packs(state_dir, &packs, &lock);

        if (r < 0)
                return fault_errno(fault, r, state_dir);
        dir = join(packs, HIDDEN "XXXXXX");
        if (!dir || !mkdtemp(dir))
                return fault_errno(fault, dir ? -errno : -ENOMEM, packs);
        r = folder ? from_folder(folder, dir, fault) : from_archive(archive_fd, dir, fault);
        if (r == 0)
                r = read_meta(dir, &meta, fault);
        if (r == 0)
                r = place(packs, dir, meta, &placed, fault);
        if (r)
                return r;
        *ret_meta = TAKE(meta);
        *ret_dir = TAKE(placed);
        return 0;
}

/* ---- and the way out ---- */

static int build_into(const char *dir, int fd, struct fault *fault)
{
        _tree_ struct tree tree = TREE_INIT;
        _free_ char *sums = NULL;
        int r = tree_scan(dir, &tree, fault);

        if (r == 0)
                r = tree_checksums(dir, &tree, &sums, fault);
        return r ? r : archive_build(dir, &tree, sums, fd, fault);
}

int pack_build(const char *dir, const char *out_dir, char **ret_path, struct fault *fault)
{
        _json_ json_t *meta = NULL;
        _free_ char *path = NULL, *part = NULL;
        _close_ int fd = -1;
        int r = pack_read_meta(dir, &meta, fault);

        if (r)
                return r;
        if (asprintf(&path, "%s/%s-%s.kpack", out_dir, json_text_of(meta, "ref", ""),
                     json_text_of(meta, "version", "")) < 0 || asprintf(&part, "%s.part", path) < 0)
                return -ENOMEM;
        fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0)
                return fault_errno(fault, -errno, part);
        r = build_into(dir, fd, fault);
        if (r == 0 && rename(part, path) < 0)
                r = fault_errno(fault, -errno, path);
        if (r)
                unlink(part);
        else
                *ret_path = TAKE(path);
        return r;
}
