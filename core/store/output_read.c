/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reading half: a place from the index, then lines from there on, in blocks. Another thread may
 * be appending; what its index names is whole in the log. Nothing in the files is trusted: one that
 * does not fit ends the reading.
 */

#include "store/output_file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RECORD_MAX (3 * 64 * 1024 + 64)         /* every byte replaced, and the head */

size_t output_utf8_len(const char *s, size_t len)
{
        const uint8_t *b = (const uint8_t *)s;
        size_t n = b[0] < 0x80 ? 1 : b[0] >= 0xc2 && b[0] < 0xe0 ? 2 : (b[0] & 0xf0) == 0xe0 ? 3 :
                   b[0] >= 0xf0 && b[0] < 0xf5 ? 4 : 0;

        if (!b[0] || !n || n > len)
                return 0;
        for (size_t i = 1; i < n; i++)
                if ((b[i] & 0xc0) != 0x80)
                        return 0;
        /* Overlong forms, surrogates, and what is beyond Unicode. */
        if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
            (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
                return 0;
        return n;
}

size_t output_utf8_whole(const char *s, size_t len)
{
        for (size_t back = 1; back <= 3 && back < len; back++) {
                uint8_t b = (uint8_t)s[len - back];
                size_t n = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;

                if ((b & 0xc0) != 0x80)
                        return n > back ? len - back : len;
        }
        return len;
}

static bool parse(char *record, size_t len, struct output_line *line)
{
        char *end;

        record[len] = '\0';
        line->at_ms = strtoll(record, &end, 10);
        if (end == record || end[0] != ' ' || (end[1] != 'o' && end[1] != 'e') || end[2] != ' ')
                return false;
        line->stream = end[1] == 'o' ? "stdout" : "stderr";
        line->text = end + 3;
        line->len = len - (size_t)(end + 3 - record);
        return true;
}

struct range {
        uint64_t first, limit;
        output_visit *visit;
        void *arg;
};

/* The lines of what is in the buffer; how many of its bytes they took, or -1 to stop. */
static ssize_t visit_block(char *block, size_t len, struct range *range)
{
        char *at = block, *end;

        while (range->limit && (end = memchr(at, '\n', len - (size_t)(at - block)))) {
                struct output_line line = { .n = range->first };

                if (!parse(at, (size_t)(end - at), &line) || range->visit(range->arg, &line))
                        return -1;
                range->first++;
                range->limit--;
                at = end + 1;
        }
        return range->limit ? at - block : -1;
}

static int visit_from(int log, uint64_t place, struct range *range)
{
        _free_ char *block = malloc(RECORD_MAX + 1);
        size_t have = 0;

        if (!block)
                return -ENOMEM;
        while (range->limit) {
                ssize_t n = pread(log, block + have, RECORD_MAX - have, (off_t)(place + have));
                ssize_t used;

                if (n < 0)
                        return -errno;
                used = visit_block(block, have + (size_t)n, range);
                if (used < 0 || n == 0)
                        return 0;
                have += (size_t)n - (size_t)used;
                memmove(block, block + used, have);
                place += (uint64_t)used;
                if (have == RECORD_MAX)
                        return 0;
        }
        return 0;
}

static int open_part(const char *state_dir, const struct id *execution, const char *suffix)
{
        _free_ char *path = output_path(state_dir, execution, suffix);
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

        return fd >= 0 ? fd : path ? -errno : -ENOMEM;
}

int output_read(const char *state_dir, const struct id *execution, int64_t first, size_t limit,
                output_visit *visit, void *arg, uint64_t *ret_lines, struct fault *fault)
{
        _close_ int log = open_part(state_dir, execution, ".log"),
                idx = open_part(state_dir, execution, ".idx");
        struct range range = { .limit = limit, .visit = visit, .arg = arg };
        char text[ID_TEXT_SIZE];
        uint64_t lines, place;
        struct stat st;

        if (log == -ENOENT || idx == -ENOENT)
                return fault_set(fault, 404, "output.none", "the execution %s has printed nothing",
                                 id_text(execution, text));
        if (log < 0 || idx < 0 || fstat(idx, &st) < 0)
                return fault_errno(fault, log < 0 ? log : idx < 0 ? idx : -errno,
                                   "reading the output");
        lines = (uint64_t)st.st_size / sizeof place;
        if (ret_lines)
                *ret_lines = lines;
        if (first < 0)
                first = (uint64_t)-first > lines ? 0 : (int64_t)lines + first;
        range.first = (uint64_t)first;
        if (range.first >= lines)
                return 0;
        if (range.limit > lines - range.first)
                range.limit = lines - range.first;
        if (pread(idx, &place, sizeof place,
                  (off_t)(range.first * sizeof place)) != (ssize_t)sizeof place)
                return fault_errno(fault, -EIO, "reading the output's index");
        return fault_errno(fault, visit_from(log, place, &range), "reading the output");
}

int output_remove(const char *state_dir, const struct id *execution)
{
        static const char *const suffixes[] = { ".idx", ".log" };
        _free_ char *path = NULL;
        char *slash;

        for (int i = 0; i < 2; i++) {
                free(path);
                path = output_path(state_dir, execution, suffixes[i]);
                if (!path)
                        return -ENOMEM;
                if (unlink(path) < 0 && errno != ENOENT)
                        return -errno;
        }
        slash = strrchr(path, '/');
        *slash = '\0';
        /* Fails while the folder holds others, which is what is meant. */
        (void)rmdir(path);
        return 0;
}
