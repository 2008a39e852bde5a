/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A pack's files as a list: what a folder holds, sorted, each by its relative path; and CHECKSUMS,
 * which says the same of an archive. Only regular files under plain names are part of a pack: no
 * links, no devices, nothing whose path leads elsewhere.
 */

#ifndef CATALOG_TREE_H
#define CATALOG_TREE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_FILES_MAX 10000u
#define TREE_BYTES_MAX ((uint64_t)1 << 30)
#define TREE_CHECKSUMS "CHECKSUMS"

struct tree_file {
        char *path;
        uint64_t size;
        bool is_executable;
};

struct tree {
        struct tree_file *files;
        size_t n;
        uint64_t bytes;
};

#define TREE_INIT { NULL, 0, 0 }

/* May a file of a pack have this path? FAULT 422 pack.path says what is wrong with it. */
int tree_check_path(const char *path, struct fault *fault);
/* 422 pack.too-many, 413 pack.too-big. */
int tree_check_size(size_t files, uint64_t bytes, struct fault *fault);
/* Hidden files and CHECKSUMS are left out. FAULT 422 pack.link, pack.special, pack.path, … */
int tree_scan(const char *dir, struct tree *ret, struct fault *fault);
void tree_deinit(struct tree *tree);

/* sha256sum's lines for all files; new string. */
int tree_checksums(const char *dir, const struct tree *tree, char **ret, struct fault *fault);
/*
 * Is CHECKSUMS there, and does it name exactly these files with what they hold? FAULT 422
 * pack.checksum.
 */
int tree_verify(const char *dir, const struct tree *tree, struct fault *fault);

/*
 * Create a file under dir with the folders on its way; it must not exist. The descriptor, or
 * -errno.
 */
int tree_create(int dir_fd, const char *path, bool is_executable);
int tree_append(int fd, const char *data, size_t len);
int tree_write(const char *dir, const char *path, const char *text);
int tree_copy(const char *from, const struct tree *tree, const char *to);
/* Remove dir and all in it; 0 or -errno. */
int tree_remove(const char *dir);

#define _tree_ __attribute__((cleanup(tree_deinit)))

#endif
