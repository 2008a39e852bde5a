/* SPDX-License-Identifier: Apache-2.0 */

/* A file of any bytes is refused with a reason, or taken, and then prints as what reads back. */

#include "conf/conf.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text that it was reading when a syntax error follows. */
const char *__lsan_default_suppressions(void)
{
        return "leak:libconfig";
}

static int load(const void *bytes, size_t len, struct conf **ret, struct text *problems)
{
        _close_ int fd = memfd_create("conf", MFD_CLOEXEC);
        char path[40];

        if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
                abort();
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        return conf_load(path, NULL, ret, problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _text_ struct text problems = TEXT_INIT, printed = TEXT_INIT, again = TEXT_INIT;
        struct conf *conf = NULL, *same = NULL;

        if (load(data, size, &conf, &problems) != 0) {
                if (!problems.s || conf)
                        abort();
                return 0;
        }
        conf_print(conf, &printed);
        if (load(printed.s, printed.len, &same, &again) != 0) {
                fprintf(stderr, "%s%s", printed.s, again.s);
                abort();
        }
        conf_free(same);
        conf_free(conf);
        return 0;
}
