/* SPDX-License-Identifier: Apache-2.0 */

/* The command. All of it is in core/cli; here it gets its streams and its locale. */

#include "cli/cli.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

int main(int argc, char **argv)
{
        setlocale(LC_ALL, "");
        /* the API speaks UTF-8; a bare C locale would show it as escapes */
        if (strcmp(nl_langinfo(CODESET), "UTF-8"))
                setlocale(LC_CTYPE, "C.UTF-8");
        setlocale(LC_NUMERIC, "C");
        return cli_main(argc, argv, stdin, stdout, stderr);
}
