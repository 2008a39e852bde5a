/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A commit that nobody shares is a write to the log and an fdatasync. That is measured here on a
 * file beside the state, one after another: the rate at which a single client that waits for each
 * answer can be served. Many clients share commits, so the hub as a whole does more.
 */

#include "bin/disk.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define FRAME 4120              /* a page of the log with its header */
#define SAMPLES_MAX 20000
#define TIME_US 1000000
#define FILE_FRAMES 1000        /* then from the start, as a log that is checkpointed */

static int compare(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

static int commit_once(int fd, unsigned n)
{
        char frame[FRAME];

        memset(frame, (int)n, sizeof frame);
        if (pwrite(fd, frame, sizeof frame, (off_t)(n % FILE_FRAMES) * FRAME) != FRAME)
                return errno ? -errno : -EIO;
        return fdatasync(fd) < 0 ? -errno : 0;
}

static int sample(int fd, int64_t *took_us, struct disk_figures *figures)
{
        int64_t start_us = clock_mono_us(), before_us = start_us, now_us = start_us;
        unsigned n;

        for (n = 0; n < SAMPLES_MAX && now_us - start_us < TIME_US; n++) {
                int r = commit_once(fd, n);

                if (r < 0)
                        return r;
                now_us = clock_mono_us();
                took_us[n] = now_us - before_us;
                before_us = now_us;
        }
        qsort(took_us, n, sizeof *took_us, compare);
        figures->n = n;
        figures->per_s = n * 1e6 / (double)(now_us - start_us);
        figures->p50_ms = (double)took_us[n / 2] / 1000;
        figures->p99_ms = (double)took_us[n - 1 - n / 100] / 1000;
        return 0;
}

int disk_measure(const char *dir, struct disk_figures *ret, struct fault *fault)
{
        _free_ int64_t *took_us = calloc(SAMPLES_MAX, sizeof *took_us);
        _close_ int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        struct disk_figures figures = { 0 };
        int r;

        if (fd < 0) {
                fault_set(fault, 500, "disk.unwritable", "cannot write in %s: %s", dir,
                          strerror(errno));
                return fault_try(fault, "make the folder, or name another with --state-dir");
        }
        r = took_us ? sample(fd, took_us, &figures) : -ENOMEM;
        if (r != 0)
                return fault_errno(fault, r, "measure the disk");
        *ret = figures;
        return 0;
}
