/* SPDX-License-Identifier: Apache-2.0 */

/* CHECKSUMS: what sha256sum prints, so that anybody can check a pack without Kaname. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/text.h"
#include "catalog/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define CHECKSUMS_MAX ((size_t)TREE_FILES_MAX * 640)

static int hash_of(const char *dir, const char *path, char ret[HASH_TEXT_SIZE])
{
        _free_ char *whole = NULL;
        uint8_t hash[HASH_SIZE];
        int r;

        if (asprintf(&whole, "%s/%s", dir, path) < 0) {
                whole = NULL;
                return -ENOMEM;
        }
        _close_ int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return -errno;
        r = hash_fd(fd, hash);
        if (r == 0)
                hash_text(hash, ret);
        return r;
}

int tree_checksums(const char *dir, const struct tree *tree, char **ret, struct fault *fault)
{
        _text_ struct text sums = TEXT_INIT;
        char hash[HASH_TEXT_SIZE];
        int r = 0;

        for (size_t i = 0; r == 0 && i < tree->n; i++) {
                r = hash_of(dir, tree->files[i].path, hash);
                if (r == 0)
                        text_addf(&sums, "%s  %s\n", hash, tree->files[i].path);
                else
                        fault_errno(fault, r, tree->files[i].path);
        }
        if (r)
                return FAULT;
        *ret = text_take(&sums);
        return *ret ? 0 : -ENOMEM;
}

static int bad(struct fault *fault)
{
        return fault_try(fault,
                         "fetch the archive again, or build it anew with 'kaname pack build'");
}

/* One line into the map: path → its hash in the text, which is cut into strings. */
static int read_line(char *line, unsigned number, struct map *sums, struct fault *fault)
{
        char *path = line + HASH_TEXT_SIZE + 1;
        void *old = NULL;
        int r;

        if (strlen(line) <= HASH_TEXT_SIZE + 1 ||
            strspn(line, "0123456789abcdef") != HASH_TEXT_SIZE - 1 ||
            (strncmp(line + HASH_TEXT_SIZE - 1, "  ", 2) != 0 &&
             strncmp(line + HASH_TEXT_SIZE - 1, " *", 2) != 0)) {
                fault_set(fault, 422, "pack.checksum",
                          "CHECKSUMS:%u: the line is not of sha256sum's form", number);
                return bad(fault);
        }
        line[HASH_TEXT_SIZE - 1] = '\0';
        r = map_put(sums, path, line, &old);
        if (r == 0 && old)
                r = fault_set(fault, 422, "pack.checksum", "CHECKSUMS:%u: it names '%s' twice",
                              number, path);
        return r;
}

static int read_lines(char *text, struct map *sums, struct fault *fault)
{
        char *line, *next = text;
        int r = 0;

        for (unsigned number = 1; r == 0 && (line = strsep(&next, "\n")); number++)
                if (*line)
                        r = read_line(line, number, sums, fault);
        return r;
}

static int compare(const char *dir, const struct tree *tree, struct map *sums, struct fault *fault)
{
        char found[HASH_TEXT_SIZE];
        const char *wanted, *left;
        int r;

        for (size_t i = 0; i < tree->n; i++) {
                wanted = map_remove(sums, tree->files[i].path);
                if (!wanted) {
                        fault_set(fault, 422, "pack.checksum", "CHECKSUMS does not name '%s'",
                                  tree->files[i].path);
                        return bad(fault);
                }
                r = hash_of(dir, tree->files[i].path, found);
                if (r)
                        return fault_errno(fault, r, tree->files[i].path);
                if (!text_equal(wanted, found)) {
                        fault_set(fault, 422, "pack.checksum", "'%s' is not what CHECKSUMS says",
                                  tree->files[i].path);
                        fault_why(fault, "wanted %s, found %s", wanted, found);
                        return bad(fault);
                }
        }
        if (!map_next(sums, &(size_t){ 0 }, &left, NULL))
                return 0;
        fault_set(fault, 422, "pack.checksum", "CHECKSUMS names '%s', which is not there", left);
        return bad(fault);
}

int tree_verify(const char *dir, const struct tree *tree, struct fault *fault)
{
        _free_ char *path = NULL, *text = NULL;
        struct map sums = MAP_INIT;
        size_t len;
        int r;

        if (asprintf(&path, "%s/" TREE_CHECKSUMS, dir) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = file_read(path, CHECKSUMS_MAX, &text, &len, NULL);
        if (r) {
                fault_set(fault, 422, "pack.checksum", "it has no CHECKSUMS that can be read");
                return bad(fault);
        }
        r = read_lines(text, &sums, fault);
        if (r == 0)
                r = compare(dir, tree, &sums, fault);
        map_deinit(&sums, NULL);
        return r;
}
