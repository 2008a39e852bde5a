/* SPDX-License-Identifier: Apache-2.0 */

/* The hub's program: the command line, and what can be asked without starting anything. */

#include "base/cleanup.h"
#include "base/clock.h"
#include "bin/check.h"
#include "bin/daemon.h"
#include "bin/disk.h"
#include "bin/state.h"
#include "bin/upkeep.h"
#include "bin/version.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

CLEANUP_DEFINE(struct conf *, conf_free);

enum mode {
        MODE_RUN, MODE_CHECK, MODE_PRINT, MODE_DISK, MODE_STORE, MODE_RESTORE, MODE_VERSION,
        MODE_HELP, MODE_WRONG
};

struct command {
        enum mode mode;
        const char *config;
        const char *backup;             /* of --restore */
        json_t *overrides;
};

static const char help[] =
        "Usage: kanamed [-c FILE] [--state-dir DIR] [--listen ADDRESS]...\n"
        "The hub of Kaname: takes in events, runs actions through plugins, records changes.\n"
        "\n"
        "  -c, --config FILE    read this, and conf.d beside it, instead of\n"
        "                       " KN_SYSCONFDIR "/kanamed.conf\n"
        "  -f, --foreground     stay in the foreground (it always does)\n"
        "      --state-dir DIR  keep the state here\n"
        "      --listen ADDRESS listen here only: 127.0.0.1:8470, [::1]:8470, unix:/path;\n"
        "                       may be given several times\n"
        "\n"
        "Without starting the hub:\n"
        "      --check-config   tell all mistakes of the configuration; exit 0 if there is none\n"
        "      --print-config   print all settings, each with its origin\n"
        "      --check-disk     measure the durable commits a second of the state's disk\n"
        "      --check-store    judge the store, beside a hub or without one; exit 0 if sound\n"
        "      --restore FILE   put what kaname backup wrote in place of the store\n"
        "  -V, --version        versions of the hub, the plugin ABI and the libraries\n"
        "  -h, --help           this\n"
        "\n"
        "Signals: HUP reload all or nothing; TERM drain, then stop; INT stop at once;\n"
        "USR2 status to the log.\n"
        "\n"
        "Try it out:  kanamed --state-dir /tmp/hub\n"
        "See kanamed(8), kaname.conf(5), kaname(1).\n";

/* The daemon keeps its working directory, but other programs are told this path. */
static int set_state_dir(struct command *command, const char *dir)
{
        char cwd[PATH_MAX];

        if (*dir == '/')
                return json_object_set_new(command->overrides, "state_dir", json_string(dir));
        if (!getcwd(cwd, sizeof cwd))
                return -errno;
        return json_object_set_new(command->overrides, "state_dir",
                                   json_sprintf("%s/%s", cwd, dir));
}

static int add_listen(struct command *command, const char *address)
{
        if (!json_object_get(command->overrides, "listen"))
                json_object_set_new(command->overrides, "listen", json_array());
        return json_array_append_new(json_object_get(command->overrides, "listen"),
                                     json_string(address));
}

static int parse(int argc, char **argv, struct command *command)
{
        enum { STATE_DIR = 1000, LISTEN, CHECK, PRINT, DISK, STORE, RESTORE };
        static const struct option rows[] = {
                { "config", required_argument, NULL, 'c' },
                { "foreground", no_argument, NULL, 'f' },
                { "state-dir", required_argument, NULL, STATE_DIR },
                { "listen", required_argument, NULL, LISTEN },
                { "check-config", no_argument, NULL, CHECK },
                { "print-config", no_argument, NULL, PRINT },
                { "check-disk", no_argument, NULL, DISK },
                { "check-store", no_argument, NULL, STORE },
                { "restore", required_argument, NULL, RESTORE },
                { "version", no_argument, NULL, 'V' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int r = 0;

        for (int c; r == 0 && (c = getopt_long(argc, argv, "c:fVh", rows, NULL)) != -1;) {
                switch (c) {
                case 'c': command->config = optarg; break;
                case 'f': break;
                case STATE_DIR: r = set_state_dir(command, optarg); break;
                case LISTEN: r = add_listen(command, optarg); break;
                case CHECK: command->mode = MODE_CHECK; break;
                case PRINT: command->mode = MODE_PRINT; break;
                case DISK: command->mode = MODE_DISK; break;
                case STORE: command->mode = MODE_STORE; break;
                case RESTORE: command->mode = MODE_RESTORE; command->backup = optarg; break;
                case 'V': command->mode = MODE_VERSION; break;
                case 'h': command->mode = MODE_HELP; break;
                default: command->mode = MODE_WRONG; return 0;
                }
        }
        if (r == 0 && optind < argc) {
                fprintf(stderr, "kanamed: what is \"%s\"? It takes options only.\n", argv[optind]);
                command->mode = MODE_WRONG;
        }
        return r;
}

static int check_disk(const char *state_dir, struct fault *fault)
{
        struct disk_figures figures;
        int r = state_prepare(state_dir, fault);

        if (r == 0)
                r = disk_measure(state_dir, &figures, fault);
        if (r != 0)
                return r;
        printf("%s: %.0f durable commits/s one after another (%u made; median %.2f ms, 99%% within "
               "%.2f ms)\n", state_dir, figures.per_s, figures.n, figures.p50_ms, figures.p99_ms);
        return 0;
}

static int on_state(const struct command *command, const char *state_dir)
{
        _fault_ struct fault fault = FAULT_INIT;
        int r = command->mode == MODE_DISK ? check_disk(state_dir, &fault) :
                command->mode == MODE_STORE ? upkeep_check_store(state_dir, &fault) :
                upkeep_restore(state_dir, command->backup, &fault);

        if (r == 0)
                return 0;
        fflush(stdout);
        fault_errno(&fault, r, "kanamed");
        fprintf(stderr, "kanamed: error: %s%s%s", fault.what, fault.why ? "; " : "",
                fault.why ? fault.why : "");
        fprintf(stderr, fault.remedy ? " (try: %s)\n" : "\n", fault.remedy);
        return 1;
}

static int with_conf(const struct command *command, int64_t started_us)
{
        const struct daemon_options options = { command->config, command->overrides, started_us };
        _cleanup_(conf_freep) struct conf *conf = NULL;
        _text_ struct text text = TEXT_INIT;
        int r = conf_load(command->config, command->overrides, &conf, &text);

        if (text.s)
                fputs(text.s, stderr);
        if (r != 0)
                return 1;
        switch (command->mode) {
        case MODE_CHECK:
                return check_instances(conf);
        case MODE_PRINT:
                conf_print(conf, &text);
                fputs(text.s, stdout);
                return 0;
        case MODE_DISK:
        case MODE_STORE:
        case MODE_RESTORE:
                return on_state(command, conf->state_dir);
        default:
                return daemon_run(TAKE(conf), &options);
        }
}

int main(int argc, char **argv)
{
        int64_t started_us = clock_mono_us();
        struct command command = { .overrides = json_object() };
        int status = 2;

        umask(0027);
        if (parse(argc, argv, &command) < 0)
                fprintf(stderr, "kanamed: out of memory\n");
        else if (command.mode == MODE_HELP)
                status = fputs(help, stdout) < 0;
        else if (command.mode == MODE_VERSION)
                status = version_print("kanamed");
        else if (command.mode == MODE_WRONG)
                fprintf(stderr, "Try: kanamed --help\n");
        else
                status = with_conf(&command, started_us);
        json_decref(command.overrides);
        return status;
}
