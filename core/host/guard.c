/* SPDX-License-Identifier: Apache-2.0 */
#include "host/guard.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define ROWS 256
#define HASH_LEN 64

struct guard_row {
        char hash[HASH_LEN];            /* hex digits without a NUL; empty: free */
        _Atomic uint32_t running;
        uint32_t is_suspect;
        uint32_t room[14];
};

struct guard {
        struct guard_row *rows;
};

static void find_suspects(struct guard *guard)
{
        for (int i = 0; i < ROWS; i++) {
                if (guard->rows[i].running)
                        guard->rows[i].is_suspect = 1;
                guard->rows[i].running = 0;
        }
}

int guard_open(const char *state_dir, struct guard **ret, struct fault *fault)
{
        _free_ struct guard *guard = calloc(1, sizeof *guard);
        _close_ int fd = -1;
        char path[4096];
        void *map;

        snprintf(path, sizeof path, "%s/core-running", state_dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (!guard || fd < 0 || ftruncate(fd, ROWS * sizeof *guard->rows) < 0) {
                fault_set(fault, 500, "state.unwritable", "%s: %s", path, strerror(errno));
                return fault_try(fault,
                                 "the state directory must exist and belong to the hub's user");
        }
        map = mmap(NULL, ROWS * sizeof *guard->rows, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return fault_errno(fault, -errno, "mapping core-running");
        guard->rows = map;
        find_suspects(guard);
        *ret = TAKE(guard);
        return 0;
}

struct guard *guard_close(struct guard *guard)
{
        if (guard)
                munmap(guard->rows, ROWS * sizeof *guard->rows);
        free(guard);
        return NULL;
}

static int find(const struct guard *guard, const char *hash)
{
        for (int i = 0; i < ROWS; i++)
                if (strncmp(guard->rows[i].hash, hash, HASH_LEN) == 0)
                        return i;
        return -1;
}

/* A row that nobody holds against its plugin may go to another one. */
int guard_slot(struct guard *guard, const char *hash)
{
        int slot = find(guard, hash);

        for (int i = 0; slot < 0 && i < ROWS; i++)
                if (!guard->rows[i].hash[0])
                        slot = i;
        for (int i = 0; slot < 0 && i < ROWS; i++)
                if (!guard->rows[i].running && !guard->rows[i].is_suspect)
                        slot = i;
        if (slot >= 0)
                memcpy(guard->rows[slot].hash, hash, strnlen(hash, HASH_LEN));
        return slot;
}

void guard_enter(struct guard *guard, int slot)
{
        if (slot >= 0)
                guard->rows[slot].running++;
}

void guard_leave(struct guard *guard, int slot)
{
        if (slot >= 0)
                guard->rows[slot].running--;
}

bool guard_is_suspect(const struct guard *guard, const char *hash)
{
        int slot = find(guard, hash);

        return slot >= 0 && guard->rows[slot].is_suspect;
}

void guard_clear(struct guard *guard, const char *hash)
{
        int slot = find(guard, hash);

        if (slot >= 0)
                guard->rows[slot].is_suspect = 0;
}
