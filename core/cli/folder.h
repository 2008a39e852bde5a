/* SPDX-License-Identifier: Apache-2.0 */

/* A folder of our own for the time of one command; removed with everything in it. */

#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

struct folder {
        char *path;
};

#define FOLDER_INIT { NULL }

int folder_make(struct folder *ret);    /* under $TMPDIR; 0 or -errno */
void folder_remove(struct folder *folder);

#define _folder_ __attribute__((cleanup(folder_remove)))

#endif
