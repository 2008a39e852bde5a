/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A backup that broke off must not look like one: it grows under another name, and gets its own
 * once all of it is on the disk. The hub has checked the copy before it sends it.
 */

#include "cli/backup.h"

#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

static int fault_write(const char *path, int error, struct fault *fault)
{
        fault_set(fault, error == EACCES ? 403 : 500, "backup.write", "%s: %s", path,
                  error ? strerror(error) : "it could not be written to its end");
        return fault_try(fault, "name a file in a folder that is yours and has room (df -h .)");
}

static int fetch(struct cli *cli, FILE *to, const char *part, struct fault *fault)
{
        const struct request request = { .method = "POST", .path = "/api/v1/backup", .save = to };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = client_call(cli, &request, &answer, fault);

        if (r && ferror(to))
                return fault_write(part, 0, fault);
        if (r)
                return r;
        return fflush(to) || fsync(fileno(to)) < 0 ? fault_write(part, errno, fault) : 0;
}

static int sync_folder_of(const char *path)
{
        _free_ char *copy = strdup(path);
        _close_ int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int put_in_place(const char *part, const char *path, struct fault *fault)
{
        if (rename(part, path) < 0 || sync_folder_of(path) < 0)
                return fault_write(path, errno, fault);
        return 0;
}

static int backup_to(struct cli *cli, const char *part, const char *path, struct fault *fault)
{
        int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;
        _cleanup_(cleanup_file) FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
        struct stat st;

        if (!to)
                return fault_write(part, errno, fault);
        r = fetch(cli, to, part, fault);
        if (r == 0)
                r = put_in_place(part, path, fault);
        if (r || fstat(fd, &st) < 0) {
                unlink(part);
                return r;
        }
        cli_note(cli, "%s: %.1f MiB; to restore it: kanamed --restore %s   (keep the hub's "
                 "master.key elsewhere: it opens the secrets and is not in there)", path,
                 (double)st.st_size / (1 << 20), path);
        return 0;
}

int verb_backup(struct cli *cli, struct fault *fault)
{
        const char *path = cli->operands[0];
        _free_ char *part = NULL;
        struct stat st;
        int r;

        if (lstat(path, &st) == 0) {
                fault_set(fault, 409, "backup.exists", "the file %s exists already", path);
                return fault_try(fault, "kaname backup kaname-$(date +%%F-%%H%%M).backup");
        }
        if (asprintf(&part, "%s.part", path) < 0)
                return -ENOMEM;
        r = client_catch_interrupt(cli, fault);
        return r ? r : backup_to(cli, part, path, fault);
}
