/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The writing half. Two files an execution: OUTPUT/xxxxxx/ID.log, a text line a record ("time o|e
 * text"), and ID.idx, eight bytes a line: where it begins. The log is written before its index, so
 * a crash leaves lines that are not indexed, never an index into nothing; opening again indexes
 * them. Neither is synced: output is what a person reads meanwhile, the result is what counts. The
 * files are made at the first line, since most executions print nothing. Folders are named by the
 * first half of the id's time, 4.7 hours each, so that no folder grows without end.
 */

#include "store/output_file.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PARTIAL_MAX (64 * 1024)

struct partial {                        /* a line that has no newline yet */
        char *bytes;
        size_t len;
};

struct output {
        char *state_dir;
        struct id id;
        uint64_t bytes_max, bytes, lines;
        int log, idx;
        int error;                      /* of the files: nothing more is recorded */
        bool cut;
        struct partial partials[2];     /* stdout, stderr */
        struct text pending;            /* records of this call, */
        struct text offsets;            /* and their places: one write each */
        output_visit *visit;
        void *arg;
        pthread_mutex_t lock;
};

static const char *const streams[] = { "stdout", "stderr" };

char *output_path(const char *state_dir, const struct id *id, const char *suffix)
{
        char text[ID_TEXT_SIZE], *path;

        id_text(id, text);
        return asprintf(&path, "%s/output/%.6s/%s%s", state_dir, text, text, suffix) < 0 ? NULL :
                path;
}

static int open_file(const struct output *output, const char *suffix)
{
        _free_ char *path = output_path(output->state_dir, &output->id, suffix), *slash = NULL;
        int fd;

        if (!path)
                return -ENOMEM;
        slash = strdup(path);
        if (!slash)
                return -ENOMEM;
        *strrchr(slash, '/') = '\0';
        if (mkdir(slash, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

/* Index the whole lines behind what is indexed, and cut off a line that a crash left half. */
static int reindex(struct output *output, uint64_t from)
{
        _text_ struct text offsets = TEXT_INIT;
        uint64_t at = from, line = from;
        char block[65536];
        ssize_t n;

        while ((n = pread(output->log, block, sizeof block, (off_t)at)) > 0)
                for (ssize_t i = 0; i < n; i++, at++)
                        if (block[i] == '\n') {
                                text_add_bytes(&offsets, &line, sizeof line);
                                line = at + 1;
                                output->lines++;
                        }
        if (n < 0 || ftruncate(output->log, (off_t)line) < 0)
                return -errno;
        if (offsets.failed)
                return -ENOMEM;
        if (offsets.len && write(output->idx, offsets.s, offsets.len) != (ssize_t)offsets.len)
                return -EIO;
        output->bytes = line;
        return 0;
}

/* Where the line behind the last indexed one begins. */
static int end_of_last(const struct output *output, uint64_t lines, uint64_t *ret)
{
        char block[65536];
        uint64_t at;
        ssize_t n;

        if (pread(output->idx, &at, sizeof at,
                  (off_t)((lines - 1) * sizeof at)) != (ssize_t)sizeof at)
                return -EIO;
        while ((n = pread(output->log, block, sizeof block, (off_t)at)) > 0) {
                const char *end = memchr(block, '\n', (size_t)n);

                if (end) {
                        *ret = at + (uint64_t)(end - block) + 1;
                        return 0;
                }
                at += (uint64_t)n;
        }
        return n < 0 ? -errno : -EIO;
}

static int resume(struct output *output)
{
        struct stat st;
        uint64_t from = 0;

        if (fstat(output->idx, &st) < 0)
                return -errno;
        output->lines = (uint64_t)st.st_size / sizeof(uint64_t);
        /* An index that does not fit its log, as a power cut may leave it, is made anew. */
        if (output->lines && end_of_last(output, output->lines, &from) < 0)
                from = output->lines = 0;
        if (ftruncate(output->idx, (off_t)(output->lines * sizeof(uint64_t))) < 0)
                return -errno;
        return reindex(output, from);
}

static int open_files(struct output *output)
{
        int r;

        if (output->log >= 0)
                return 0;
        output->log = open_file(output, ".log");
        output->idx = output->log < 0 ? -1 : open_file(output, ".idx");
        r = output->log < 0 ? output->log : output->idx < 0 ? output->idx : resume(output);
        if (r == 0 && output->bytes >= output->bytes_max)
                output->cut = true;
        return r;
}

int output_open(const char *state_dir, const struct id *execution, uint64_t bytes_max,
                struct output **ret)
{
        struct output *output = calloc(1, sizeof *output);

        if (!output)
                return -ENOMEM;
        output->state_dir = strdup(state_dir);
        output->id = *execution;
        output->bytes_max = bytes_max;
        output->log = output->idx = -1;
        pthread_mutex_init(&output->lock, NULL);
        if (!output->state_dir) {
                output_close(output);
                return -ENOMEM;
        }
        *ret = output;
        return 0;
}

/* What is not UTF-8, and NUL, becomes U+FFFD, so that every reader gets text. */
static void add_clean(struct text *text, const char *s, size_t len)
{
        size_t plain = 0;

        while (plain < len) {
                size_t n = output_utf8_len(s + plain, len - plain);

                if (n) {
                        plain += n;
                        continue;
                }
                text_add_bytes(text, s, plain);
                text_add(text, "\xef\xbf\xbd");
                s += plain + 1;
                len -= plain + 1;
                plain = 0;
        }
        text_add_bytes(text, s, plain);
}

static void record(struct output *output, int stream, const char *s, size_t len)
{
        uint64_t place = output->bytes + output->pending.len;
        struct output_line line = { .n = output->lines, .at_ms = clock_real_ms(),
                                    .stream = streams[stream] };
        size_t head;

        text_addf(&output->pending, "%lld %c ", (long long)line.at_ms, "oe"[stream]);
        head = (size_t)(output->bytes + output->pending.len - place);
        add_clean(&output->pending, s, len);
        text_add_bytes(&output->offsets, &place, sizeof place);
        line.text = output->pending.s + (place - output->bytes) + head;
        line.len = output->pending.len - (size_t)(place - output->bytes) - head;
        if (output->visit && !output->pending.failed)
                output->visit(output->arg, &line);
        text_add(&output->pending, "\n");
        if (output->pending.failed || output->offsets.failed)
                output->error = -ENOMEM;
        output->lines++;
}

static void record_capped(struct output *output, int stream, const char *s, size_t len)
{
        char mark[96];

        if (output->error || output->cut)
                return;
        if (output->bytes + output->pending.len + len + 32 <= output->bytes_max) {
                record(output, stream, s, len);
                return;
        }
        output->cut = true;
        snprintf(mark, sizeof mark, "[output cut: the limit of %llu bytes is reached]",
                 (unsigned long long)output->bytes_max);
        record(output, 1, mark, strlen(mark));
}

static void write_whole(struct output *output, int fd, struct text *text)
{
        size_t done = 0;

        while (!output->error && done < text->len) {
                ssize_t n = write(fd, text->s + done, text->len - done);

                if (n >= 0)
                        done += (size_t)n;
                else if (errno != EINTR)
                        output->error = -errno;
        }
        text->len = 0;
}

static void flush(struct output *output)
{
        size_t len = output->pending.len;

        write_whole(output, output->log, &output->pending);
        write_whole(output, output->idx, &output->offsets);
        output->bytes += len;
}

/* Take bytes into the line that is being built; records it at its newline, or when it is long. */
static size_t feed(struct output *output, int stream, const char *s, size_t len)
{
        struct partial *partial = &output->partials[stream];
        const char *end = memchr(s, '\n', len);
        size_t n = end ? (size_t)(end - s) : len;

        if (end && !partial->len && n <= PARTIAL_MAX) {
                record_capped(output, stream, s, n);
                return n + 1;
        }
        if (!partial->bytes && !(partial->bytes = malloc(PARTIAL_MAX))) {
                output->error = -ENOMEM;
                return len;
        }
        if (n > PARTIAL_MAX - partial->len) {
                n = PARTIAL_MAX - partial->len;
                end = NULL;
        }
        memcpy(partial->bytes + partial->len, s, n);
        partial->len += n;
        if (end) {
                record_capped(output, stream, partial->bytes, partial->len);
                partial->len = 0;
                return n + 1;
        }
        if (partial->len == PARTIAL_MAX) {
                /* A character that the limit would split goes into the next line. */
                size_t whole = output_utf8_whole(partial->bytes, partial->len);

                record_capped(output, stream, partial->bytes, whole);
                partial->len -= whole;
                memmove(partial->bytes, partial->bytes + whole, partial->len);
        }
        return n;
}

int output_write(struct output *output, const char *stream, const void *data, size_t len)
{
        int which = strcmp(stream, streams[1]) == 0, r;
        const char *s = data;

        pthread_mutex_lock(&output->lock);
        if (!output->error)
                output->error = open_files(output);
        while (len && !output->error && !output->cut) {
                size_t n = feed(output, which, s, len);

                s += n;
                len -= n;
        }
        if (output->log >= 0 && output->idx >= 0)
                flush(output);
        r = output->error;
        pthread_mutex_unlock(&output->lock);
        return r;
}

void output_tap(struct output *output, output_visit *visit, void *arg)
{
        pthread_mutex_lock(&output->lock);
        output->visit = visit;
        output->arg = arg;
        pthread_mutex_unlock(&output->lock);
}

struct output *output_close(struct output *output)
{
        if (!output)
                return NULL;
        for (int i = 0; i < 2; i++) {
                if (output->partials[i].len && !output->error)
                        record_capped(output, i, output->partials[i].bytes,
                                      output->partials[i].len);
                free(output->partials[i].bytes);
        }
        if (output->idx >= 0)
                flush(output);
        cleanup_close(&output->log);
        cleanup_close(&output->idx);
        text_deinit(&output->pending);
        text_deinit(&output->offsets);
        pthread_mutex_destroy(&output->lock);
        free(output->state_dir);
        free(output);
        return NULL;
}
