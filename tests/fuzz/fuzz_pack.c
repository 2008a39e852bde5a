/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a pack archive: refused with a reason, or a pack that stands where it should.
 * Whatever an archive says, nothing appears outside the state's folder.
 */
#include "base/cleanup.h"
#include "catalog/pack.h"
#include "catalog/tree.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, const struct fault *fault, const char *state, const char *where)
{
        struct stat st;

        if (r == FAULT ? !fault->what || !*fault->code : r != 0)
                abort();
        if (r == 0 && (strncmp(where, state, strlen(state)) != 0 || stat(where, &st) < 0))
                abort();
}

/* The folder beside the state holds one file, and still does afterwards. */
static void check_outside(const char *dir)
{
        _tree_ struct tree tree = TREE_INIT;
        _free_ char *inside = NULL;

        if (asprintf(&inside, "%s/beside", dir) < 0 || tree_scan(inside, &tree, NULL) != 0 ||
            tree.n != 1)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char dir[] = "/tmp/fuzz-pack-XXXXXX", state[64], beside[64];
        _close_ int fd = memfd_create("pack", MFD_CLOEXEC);
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *where = NULL;
        _json_ json_t *meta = NULL;
        int r;

        if (fd < 0 || !mkdtemp(dir) || write(fd, data, size) != (ssize_t)size ||
            lseek(fd, 0, SEEK_SET) != 0)
                abort();
        snprintf(state, sizeof state, "%s/state", dir);
        snprintf(beside, sizeof beside, "%s/beside", dir);
        if (mkdir(state, 0700) < 0 || mkdir(beside, 0700) < 0 ||
            tree_write(beside, "file", "x") < 0)
                abort();
        r = pack_unpack(state, fd, NULL, &meta, &where, &fault);
        check(r, &fault, state, where);
        check_outside(dir);
        tree_remove(dir);
        return 0;
}
