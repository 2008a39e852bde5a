/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/tree.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES_MAX 512u
#define PATH_DEPTH_MAX 16u

static int bad_path(const char *path, const char *why, struct fault *fault)
{
        fault_set(fault, 422, "pack.path", "'%s' cannot be a file of a pack: %s", path, why);
        return fault_try(fault, "give the file a plain name below the pack's folder");
}

int tree_check_path(const char *path, struct fault *fault)
{
        unsigned depth = 0;

        if (!*path || strlen(path) > PATH_BYTES_MAX)
                return bad_path(path, "its path is empty or longer than 512 bytes", fault);
        if (*path == '/')
                return bad_path(path, "its path is absolute", fault);
        for (const char *s = path; *s; s++)
                if (*s < ' ' || *s > '~' || *s == '\\')
                        return bad_path(path, "its path holds more than printable ASCII", fault);
        for (const char *s = path;; s++) {
                if (++depth > PATH_DEPTH_MAX)
                        return bad_path(path, "it lies more than 16 folders deep", fault);
                if (*s == '.')
                        return bad_path(path, "a step of its path begins with a dot", fault);
                if (!*s || *s == '/')
                        return bad_path(path, "a step of its path is empty", fault);
                s += strcspn(s, "/");
                if (!*s)
                        return 0;
        }
}

int tree_check_size(size_t files, uint64_t bytes, struct fault *fault)
{
        if (files > TREE_FILES_MAX)
                return fault_set(fault, 422, "pack.too-many", "the pack has more than %u files",
                                 TREE_FILES_MAX);
        if (bytes > TREE_BYTES_MAX)
                return fault_set(fault, 413, "pack.too-big", "the pack holds more than 1 GiB");
        return 0;
}

static int add(struct tree *tree, const char *path, const struct stat *st)
{
        struct tree_file *bigger;

        if ((tree->n & (tree->n + 1)) == 0) {   /* full whenever n + 1 is a power of two */
                bigger = realloc(tree->files, (tree->n + 1) * 2 * sizeof *tree->files);
                if (!bigger)
                        return -ENOMEM;
                tree->files = bigger;
        }
        tree->files[tree->n] = (struct tree_file){
                .path = strdup(path), .size = (uint64_t)st->st_size,
                .is_executable = st->st_mode & S_IXUSR,
        };
        if (!tree->files[tree->n].path)
                return -ENOMEM;
        tree->bytes += (uint64_t)st->st_size;
        tree->n++;
        return 0;
}

static int special(const char *path, bool is_link, struct fault *fault)
{
        fault_set(fault, 422, is_link ? "pack.link" : "pack.special",
                  "'%s' is %s, which no pack may hold", path,
                  is_link ? "a link" : "neither a file nor a folder");
        return fault_try(fault, "put the file itself there");
}

/* One entry of the walk. */
static int visit(FTS *walk, FTSENT *entry, size_t root, struct tree *tree, struct fault *fault)
{
        const char *path = strlen(entry->fts_path) > root ? entry->fts_path + root + 1 : "";
        int r;

        if (entry->fts_level == 0 && entry->fts_info == FTS_D)
                return 0;
        if (entry->fts_name[0] == '.') {
                fts_set(walk, entry, FTS_SKIP);
                return 0;
        }
        switch (entry->fts_info) {
        case FTS_D:
        case FTS_DP:
                return 0;
        case FTS_F:
                break;
        case FTS_DNR:
        case FTS_NS:
        case FTS_ERR:
                return -entry->fts_errno;
        default:
                return special(path, entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE,
                               fault);
        }
        /* nor what `kaname pack build .` leaves in its own folder */
        if (text_equal(path, TREE_CHECKSUMS) || text_ends_with(path, ".kpack") ||
            text_ends_with(path, ".kpack.part"))
                return 0;
        r = tree_check_path(path, fault);
        if (r == 0)
                r = add(tree, path, entry->fts_statp);
        return r ? r : tree_check_size(tree->n, tree->bytes, fault);
}

static int by_path(const void *a, const void *b)
{
        const struct tree_file *x = a, *y = b;

        return strcmp(x->path, y->path);
}

int tree_scan(const char *dir, struct tree *ret, struct fault *fault)
{
        char *const roots[] = { (char *)dir, NULL };
        _tree_ struct tree tree = TREE_INIT;
        FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
        size_t root = strlen(dir);
        FTSENT *entry;
        int r = 0;

        if (!walk)
                return -errno;
        while (root > 1 && dir[root - 1] == '/')
                root--;
        while (r == 0 && (errno = 0, entry = fts_read(walk)))
                r = visit(walk, entry, root, &tree, fault);
        if (r == 0 && errno)
                r = -errno;
        fts_close(walk);
        if (r < 0)
                return fault_errno(fault, r, dir);
        if (r)
                return r;
        if (tree.n)
                qsort(tree.files, tree.n, sizeof *tree.files, by_path);
        *ret = tree;
        tree = (struct tree)TREE_INIT;
        return 0;
}

void tree_deinit(struct tree *tree)
{
        for (size_t i = 0; i < tree->n; i++)
                free(tree->files[i].path);
        free(tree->files);
        *tree = (struct tree)TREE_INIT;
}

/* ---- writing ---- */

/* The folder that holds path's last step, made where it is missing; *ret_name is that step. */
static int open_parent(int dir_fd, const char *path, const char **ret_name)
{
        int at = dup(dir_fd);

        while (at >= 0 && strchr(path, '/')) {
                size_t n = strcspn(path, "/");
                _free_ char *step = strndup(path, n);
                int next;

                if (step && mkdirat(at, step, 0755) < 0 && errno != EEXIST) {
                        next = -errno;
                } else {
                        next = step ? openat(at, step,
                                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
                        if (next < 0)
                                next = step ? -errno : -ENOMEM;
                }
                close(at);
                at = next;
                path += n + 1;
        }
        *ret_name = path;
        return at;
}

int tree_create(int dir_fd, const char *path, bool is_executable)
{
        const char *name;
        int parent = open_parent(dir_fd, path, &name), fd;

        if (parent < 0)
                return parent;
        fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    is_executable ? 0755 : 0644);
        if (fd < 0)
                fd = -errno;
        close(parent);
        return fd;
}

int tree_append(int fd, const char *data, size_t len)
{
        while (len) {
                ssize_t n = write(fd, data, len);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        data += n;
                        len -= (size_t)n;
                }
        }
        return 0;
}

int tree_write(const char *dir, const char *path, const char *text)
{
        _close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _close_ int fd = -1;

        if (dir_fd < 0)
                return -errno;
        fd = tree_create(dir_fd, path, false);
        return fd < 0 ? fd : tree_append(fd, text, strlen(text));
}

static int copy_file(int from, int to)
{
        char buffer[65536];
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = read(from, buffer, sizeof buffer)) != 0) {
                if (n < 0)
                        r = errno == EINTR ? 0 : -errno;
                else
                        r = tree_append(to, buffer, (size_t)n);
        }
        return r;
}

int tree_copy(const char *from, const struct tree *tree, const char *to)
{
        _close_ int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _close_ int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = from_fd < 0 || to_fd < 0 ? -errno : 0;

        for (size_t i = 0; r == 0 && i < tree->n; i++) {
                const struct tree_file *file = &tree->files[i];
                _close_ int in = openat(from_fd, file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                _close_ int out = in < 0 ? -errno : tree_create(to_fd, file->path,
                                                                file->is_executable);

                r = out < 0 ? out : copy_file(in, out);
        }
        return r;
}

int tree_remove(const char *dir)
{
        char *const roots[] = { (char *)dir, NULL };
        FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
        FTSENT *entry;
        int r = 0;

        if (!walk)
                return -errno;
        while ((entry = fts_read(walk))) {
                if (entry->fts_info == FTS_D ||
                    (entry->fts_level == 0 && entry->fts_info == FTS_NS))
                        continue;
                if (remove(entry->fts_path) < 0 && errno != ENOENT)
                        r = -errno;
        }
        fts_close(walk);
        return r;
}
