/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Output files of any bytes are read to an end, and are appended to without harm. The first byte
 * says how much of the input is the index; the rest is the log.
 */

#include "store/output.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct id id = { { 1, 2, 3, 4 } };

static void put(const char *dir, const char *suffix, const uint8_t *bytes, size_t len)
{
        char path[160], text[ID_TEXT_SIZE];
        _close_ int fd = -1;

        id_text(&id, text);
        snprintf(path, sizeof path, "%s/output/%.6s", dir, text);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/output/%.6s/%s%s", dir, text, text, suffix);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
                abort();
}

static int look(void *arg, const struct output_line *line)
{
        if (strlen(line->text) > line->len)
                abort();
        ++*(unsigned *)arg;
        return 0;
}

static uint64_t read_all(const char *dir)
{
        _fault_ struct fault fault = FAULT_INIT;
        uint64_t lines = 0;
        unsigned n = 0;

        if (output_read(dir, &id, -50, 50, look, &n, &lines, &fault) == 0 && n > lines)
                abort();
        output_read(dir, &id, 0, 3, look, &n, &lines, &fault);
        return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char dir[] = "/tmp/kn-fuzz-XXXXXX", path[64];
        size_t idx = size ? data[0] : 0;
        struct output *output;
        uint64_t lines;

        if (!size || !mkdtemp(dir))
                return 0;
        idx = idx < size ? idx : size - 1;
        snprintf(path, sizeof path, "%s/output", dir);
        mkdir(path, 0700);
        put(dir, ".idx", data + 1, idx);
        put(dir, ".log", data + 1 + idx, size - 1 - idx);
        read_all(dir);
        if (output_open(dir, &id, 1 << 20, &output) == 0) {
                int r = output_write(output, "stdout", "a\nb\xff\n", 5);

                output_close(output);
                lines = read_all(dir);
                if (r == 0 && lines < 2)
                        abort();
        }
        output_remove(dir, &id);
        rmdir(path);
        rmdir(dir);
        return 0;
}
