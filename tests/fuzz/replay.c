/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The main() of a fuzz target where no libFuzzer is linked (see --enable-fuzzer): it hands each
 * file of the seed corpus, tests/fuzz/corpus/NOUN/ for fuzz_NOUN, to the target, so that every
 * input that ever broke something is a test of `make check` on any compiler. Files or folders may
 * be named instead.
 */
#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, unsigned *count)
{
        FILE *file = fopen(path, "rb");
        _free_ uint8_t *data = NULL;
        struct stat st;
        size_t n;

        if (!file || fstat(fileno(file), &st) < 0) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                return 1;
        }
        /* Exactly as long as the input, so that a sanitizer sees one byte too far. */
        data = malloc(st.st_size ? (size_t)st.st_size : 1);
        n = data ? fread(data, 1, (size_t)st.st_size, file) : 0;
        fclose(file);
        if (!data || n != (size_t)st.st_size) {
                fprintf(stderr, "%s: not read whole\n", path);
                return 1;
        }
        fprintf(stderr, "%s\n", path);          /* the last line names the input that broke it */
        LLVMFuzzerTestOneInput(data, n);
        (*count)++;
        return 0;
}

static int replay(const char *path, unsigned *count)
{
        struct dirent **entries;
        int n = scandir(path, &entries, NULL, alphasort), failed = 0;

        if (n < 0)
                return replay_file(path, count);
        for (int i = 0; i < n; i++) {
                _free_ char *below = NULL;

                if (entries[i]->d_name[0] != '.' &&
                    asprintf(&below, "%s/%s", path, entries[i]->d_name) > 0)
                        failed |= replay_file(below, count);
                free(entries[i]);
        }
        free(entries);
        return failed;
}

int main(int argc, char **argv)
{
        const char *top = getenv("TOP_SRCDIR"), *noun = strstr(argv[0], "fuzz_");
        unsigned count = 0;
        int failed = 0;

        for (int i = 1; i < argc; i++)
                failed |= replay(argv[i], &count);
        if (argc == 1 && top && noun) {
                _free_ char *path = NULL;

                noun = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : noun;
                if (asprintf(&path, "%s/tests/fuzz/corpus/%s", top, noun + strlen("fuzz_")) > 0)
                        failed |= replay(path, &count);
        }
        if (!count) {
                fprintf(stderr, "%s: no input: set TOP_SRCDIR or name files\n", argv[0]);
                return 1;
        }
        printf("%u inputs replayed\n", count);
        return failed;
}
