/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kaname-host: the process of one plugin. The hub starts it with its wire as descriptor 3; a person
 * starts it with --describe to see what an object says of itself, in the same sandbox.
 */

#include "host/child.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
        fputs("usage: kaname-host --describe PLUGIN.so\n", stderr);
        return 2;
}

int main(int argc, char **argv)
{
        if (argc == 3 && strcmp(argv[1], "--describe") == 0)
                return child_describe(argv[2]);
        if (argc < 2 || argv[1][0] == '-' || fcntl(3, F_GETFD) < 0)
                return usage();
        close_range(4, ~0u, 0);
        /* The plugin's own threads may still run: nothing is torn down under them. */
        _exit(child_main(argv[1]));
}
