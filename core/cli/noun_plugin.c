/* SPDX-License-Identifier: Apache-2.0 */

/* Plugins: those in the hub, and one's own while it is being written, which needs no hub. */

#include "cli/nouns.h"

#include "cli/author.h"
#include "cli/generic.h"

static const struct column columns[] = {
        { "NAME", "name", COLUMN_TEXT, false }, { "VERSION", "version", COLUMN_TEXT, false },
        { "DOMAIN", "domain", COLUMN_TEXT, false }, { "HOME", "home.home", COLUMN_TEXT, false },
        { "STATE", "home.state", COLUMN_STATUS, false },
        { "SUMMARY", "summary", COLUMN_TEXT, false },
        { "WHY", "home.why", COLUMN_TEXT, true }, { "PID", "home.pid", COLUMN_NUMBER, true },
        { "CRASHES", "home.crashes", COLUMN_NUMBER, true }, { "HASH", "hash", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct verb_option new_options[] = {
        { .name = "kind", .letter = 'k', .argument = "KINDS",
          .summary = "action, sensor, or both with a comma" },
        { .name = "directory", .letter = 'd', .argument = "DIR",
          .summary = "where to make it; the name otherwise", .complete = COMPLETE_FOLDER },
        { .name = NULL }
};

static const struct verb_option run_options[] = {
        { .name = "config", .letter = 'c', .argument = "KEY=VALUE|FILE",
          .summary = "the instance's configuration; may be repeated", .complete = COMPLETE_FILE },
        { .name = "file", .letter = 'f', .argument = "FILE",
          .summary = "arguments from JSON or YAML", .complete = COMPLETE_FILE },
        { .name = "plan", .letter = 'n', .summary = "show what it would change, and do not" },
        { .name = "timeout", .argument = "TIME", .summary = "end it after this long" },
        { .name = NULL }
};

static const struct verb_option test_options[] = {
        { .name = "cases", .argument = "FILE",
          .summary = "calls and what to expect of them (SO's name with .test.yaml)",
          .complete = COMPLETE_FILE },
        { .name = "only", .argument = "CHECK",
          .summary = "one check, in this process: for a debugger" },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "the hub's plugins, and where each one runs", .run = verb_list,
          .path = "/api/v1/plugins", .columns = columns, .name_path = "name" },
        { .name = "trust", .operands = "NAME...",
          .summary = "let this very file into the core process", .run = verb_post,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/plugins/{}/trust",
          .done = "trusted",
          .complete = COMPLETE_PLUGIN },
        { .name = "new", .operands = "NAME",
          .summary = "begin a plugin: a folder that builds and runs at once",
          .run = verb_plugin_new, .operands_min = 1, .operands_max = 1, .options = new_options },
        { .name = "run", .operands = "SO ACTION [KEY=VALUE...]",
          .summary = "call an action of a file, without a hub",
          .run = verb_plugin_run, .operands_min = 2, .operands_max = -1, .options = run_options,
          .complete = COMPLETE_FILE },
        { .name = "test", .operands = "SO",
          .summary = "hold a file to the contract; a line for each check",
          .run = verb_plugin_test, .operands_min = 1, .operands_max = 1, .options = test_options,
          .complete = COMPLETE_FILE },
        { .name = "inspect", .operands = "SO",
          .summary = "what a file says of itself, learnt in a sandbox",
          .run = verb_plugin_inspect, .operands_min = 1, .operands_max = 1,
          .complete = COMPLETE_FILE },
        { .name = NULL }
};

const struct noun noun_plugin = {
        .name = "plugin", .summary = "the code that speaks to one kind of system", .verbs = verbs,
        .about =
                "A plugin is a shared object; see\n.Xr kaname-plugin 3\nfor writing one.\n"
                ".Cm new , run , test\nand\n.Cm inspect\nneed no hub.\n"
                ".Cm run\nloads the file into this process with the doors of a test:\n"
                "what it asks the network for really happens, except with\n.Fl \\-plan .\n"
                ".Pp\n"
                "The cases of\n.Cm test\nare a list of\n.Dq action , args , config , replies , "
                "result\nand\n.Dq code ;\n"
                "actions that need arguments are called only where a case has them.",
        .examples =
                "kaname plugin new greeter && cd greeter && make\n"
                "kaname plugin run ./greeter.so greet name=Ada\n"
                "kaname plugin test ./greeter.so\n"
                "kaname plugin list -o wide",
};
