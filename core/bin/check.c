/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/check.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bin/own_files.h"
#include "catalog/tree.h"
#include "content/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "FILE:LINE: instance 'n': …" as the mistakes of the file's form are told. */
static void say(const json_t *problem, const char *severity)
{
        const char *what = json_text_of(problem, "what", "?");
        const char *remedy = json_text_of(problem, "try", NULL);
        const char *text = strstr(what, ": instance '");

        if (text)
                fprintf(stderr, "%.*s: %s: %s", (int)(text - what), what, severity, text + 2);
        else
                fprintf(stderr, "%s: %s", severity, what);
        fprintf(stderr, remedy ? " (try: %s)\n" : "\n", remedy);
}

int check_instances(const struct conf *conf)
{
        char copies[] = "/tmp/kanamed-check-XXXXXX";
        struct own_files own;
        struct content_options options = {
                .state_dir = conf->state_dir, .copies_dir = copies, .host_program = own.program,
                .plugin_path = conf->plugin_path, .pack_path = conf->pack_path,
                .contract_path = conf->contract_path, .instances = conf->instances,
        };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *problems = NULL;
        json_t *problem;
        size_t i;
        int r, status = 0;

        if (json_array_size(conf->instances) == 0)
                return 0;
        own_files_find(&own);
        r = mkdtemp(copies) ? content_check(&options, &problems, &fault) : -1;
        tree_remove(copies);
        if (r != 0) {
                fprintf(stderr, "error: %s\n", fault.what ? fault.what : copies);
                return 1;
        }
        json_array_foreach(problems, i, problem) {
                bool is_ours = text_equal(json_text_of(problem, "kind", ""), "instance");

                say(problem, is_ours ? "error" : "warning");
                status |= is_ours;
        }
        return status;
}
