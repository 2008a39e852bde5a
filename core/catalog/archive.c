/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Nothing of an entry is believed but its path, its kind, its bytes and whether it is executable;
 * owner, times, modes and links of the archive play no part, neither when reading nor when
 * writing. Sizes are counted as bytes come out, since a header may say anything.
 */
#include "catalog/archive.h"

#include "base/cleanup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 65536

static void free_reader(struct archive **archive)
{
        archive_read_free(*archive);
}

static void free_writer(struct archive **archive)
{
        archive_write_free(*archive);
}

static void free_entry(struct archive_entry **entry)
{
        archive_entry_free(*entry);
}

static int broken(struct archive *archive, struct fault *fault)
{
        const char *why = archive_error_string(archive);

        fault_set(fault, 422, "pack.archive", "it cannot be read as a pack archive (tar in zstd)");
        if (why)
                fault_why(fault, "%s", why);
        return fault_try(fault, "fetch it again, or build it with 'kaname pack build FOLDER'");
}

static int write_data(struct archive *archive, int fd, uint64_t *bytes, struct fault *fault)
{
        char buffer[BLOCK];
        la_ssize_t n;
        int r = 0;

        while (r == 0 && (n = archive_read_data(archive, buffer, sizeof buffer)) != 0) {
                if (n < 0)
                        return broken(archive, fault);
                *bytes += (uint64_t)n;
                r = tree_check_size(0, *bytes, fault);
                if (r == 0)
                        r = fault_errno(fault, tree_append(fd, buffer, (size_t)n), "unpacking");
        }
        return r;
}

static int check_kind(struct archive_entry *entry, const char *path, struct fault *fault)
{
        bool is_link = archive_entry_hardlink(entry) || archive_entry_symlink(entry) ||
                       archive_entry_filetype(entry) == AE_IFLNK;

        if (!is_link &&
            (archive_entry_filetype(entry) == AE_IFREG ||
             archive_entry_filetype(entry) == AE_IFDIR))
                return 0;
        fault_set(fault, 422, is_link ? "pack.link" : "pack.special",
                  "'%s' is %s, which no pack may hold",
                  path, is_link ? "a link" : "neither a file nor a folder");
        return fault_try(fault, "build the archive with 'kaname pack build FOLDER'");
}

static int unpack_file(struct archive *archive, struct archive_entry *entry, int dir_fd,
                       const char *path, uint64_t *bytes, struct fault *fault)
{
        _close_ int fd = tree_create(dir_fd, path, archive_entry_mode(entry) & S_IXUSR);

        if (fd == -EEXIST || fd == -ENOTDIR || fd == -EISDIR)
                return fault_set(fault, 422, "pack.duplicate-file", "the archive holds '%s' twice",
                                 path);
        if (fd < 0)
                return fault_errno(fault, fd, path);
        return write_data(archive, fd, bytes, fault);
}

static int unpack_entry(struct archive *archive, struct archive_entry *entry, int dir_fd,
                        uint64_t *bytes, struct fault *fault)
{
        const char *path = archive_entry_pathname(entry);
        bool is_dir = archive_entry_filetype(entry) == AE_IFDIR;
        char plain[1024];
        size_t n;
        int r;

        if (!path)
                path = "";
        while (path[0] == '.' && path[1] == '/')        /* what `tar -c .` writes */
                path += 2;
        n = strlen(path);
        while (is_dir && n > 1 && path[n - 1] == '/')
                n--;
        if (n >= sizeof plain)
                return tree_check_path(path, fault);
        memcpy(plain, path, n);
        plain[n] = '\0';
        if (is_dir && (n == 0 || strcmp(plain, ".") == 0))
                return 0;
        r = tree_check_path(plain, fault);
        if (r == 0)
                r = check_kind(entry, plain, fault);
        return r || is_dir ? r : unpack_file(archive, entry, dir_fd, plain, bytes, fault);
}

static int unpack_all(struct archive *archive, int dir_fd, struct fault *fault)
{
        struct archive_entry *entry;
        uint64_t bytes = 0;
        int r = 0, got;

        for (size_t files = 1; r == 0; files++) {
                got = archive_read_next_header(archive, &entry);
                if (got == ARCHIVE_EOF)
                        return files > 1 ? 0 : broken(archive, fault);
                if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
                        return broken(archive, fault);
                r = tree_check_size(files, bytes, fault);
                if (r == 0)
                        r = unpack_entry(archive, entry, dir_fd, &bytes, fault);
        }
        return r;
}

int archive_unpack(int fd, const char *dir, struct fault *fault)
{
        _cleanup_(free_reader) struct archive *archive = archive_read_new();
        _close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir_fd < 0)
                return fault_errno(fault, -errno, dir);
        if (!archive || archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
            archive_read_support_format_tar(archive) != ARCHIVE_OK)
                return -ENOMEM;
        if (archive_read_open_fd(archive, fd, BLOCK) != ARCHIVE_OK)
                return broken(archive, fault);
        return unpack_all(archive, dir_fd, fault);
}

/* ---- writing ---- */

static int put_header(struct archive *archive, const char *path, uint64_t size, bool is_executable)
{
        _cleanup_(free_entry) struct archive_entry *entry = archive_entry_new();

        if (!entry)
                return -ENOMEM;
        archive_entry_set_pathname(entry, path);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, is_executable ? 0755 : 0644);
        archive_entry_set_size(entry, (la_int64_t)size);
        archive_entry_set_mtime(entry, 0, 0);
        archive_entry_set_uid(entry, 0);
        archive_entry_set_gid(entry, 0);
        return archive_write_header(archive, entry) == ARCHIVE_OK ? 0 : -EIO;
}

static int put_text(struct archive *archive, const char *path, const char *text)
{
        size_t len = strlen(text);
        int r = put_header(archive, path, len, false);

        return r ? r : archive_write_data(archive, text, len) == (la_ssize_t)len ? 0 : -EIO;
}

static int put_file(struct archive *archive, int dir_fd, const struct tree_file *file)
{
        _close_ int fd = openat(dir_fd, file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        uint64_t left = file->size;
        char buffer[BLOCK];
        ssize_t n;
        int r = fd < 0 ? -errno : put_header(archive, file->path, file->size, file->is_executable);

        while (r == 0 && (n = read(fd, buffer, sizeof buffer)) != 0) {
                if (n < 0 || (uint64_t)n > left ||
                    archive_write_data(archive, buffer, (size_t)n) != n)
                        return n < 0 ? -errno : -EIO;
                left -= (uint64_t)n;
        }
        return r ? r : left ? -EIO : 0;
}

static int put_all(struct archive *archive, int dir_fd, const struct tree *tree,
                   const char *checksums, struct fault *fault)
{
        int r = put_text(archive, TREE_CHECKSUMS, checksums);

        for (size_t i = 0; r == 0 && i < tree->n; i++) {
                r = put_file(archive, dir_fd, &tree->files[i]);
                if (r)
                        return fault_errno(fault, r, tree->files[i].path);
        }
        if (r == 0 && archive_write_close(archive) != ARCHIVE_OK)
                r = -EIO;
        return fault_errno(fault, r, "writing the archive");
}

int archive_build(const char *dir, const struct tree *tree, const char *checksums, int fd,
                  struct fault *fault)
{
        _cleanup_(free_writer) struct archive *archive = archive_write_new();
        _close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir_fd < 0)
                return fault_errno(fault, -errno, dir);
        if (!archive || archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
            archive_write_add_filter_zstd(archive) != ARCHIVE_OK ||
            archive_write_set_options(archive, "zstd:compression-level=9") != ARCHIVE_OK ||
            archive_write_open_fd(archive, fd) != ARCHIVE_OK)
                return fault_errno(fault, -EIO, "starting the archive");
        return put_all(archive, dir_fd, tree, checksums, fault);
}
