/* SPDX-License-Identifier: Apache-2.0 */
#include "host/child.h"

#include "base/cleanup.h"
#include "host/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WIRE_FD 3
#define DESCRIBE_MEMORY (1ull << 30)
#define DESCRIBE_CPU_S 5

/* The parent may have gone between its exec and our prctl: then the wire is at its end at once. */
static void die_with_parent(void)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
}

static void child_init(struct child *child)
{
        memset(child, 0, sizeof *child);
        child->socket = WIRE_FD;
        child->bell = -1;
        wire_reader_init(&child->reader, WIRE_FD);
        pthread_mutex_init(&child->sending, NULL);
        pthread_mutex_init(&child->lock, NULL);
        pthread_cond_init(&child->parked, NULL);
        pthread_cond_init(&child->idle, NULL);
        list_init(&child->calls);
        list_init(&child->instances);
        list_init(&child->jobs);
}

/* The first message is the hello, and nothing is read behind it before the sandbox stands. */
static json_t *read_hello(struct child *child)
{
        struct wire_message hello = { .fd = -1 };

        if (wire_read(&child->reader, &hello) != 1 || hello.type != WIRE_HELLO || hello.fd < 0)
                return NULL;
        child->bell = hello.fd;
        return wire_json(&hello);
}

static int send_ready(struct child *child, json_t *sandbox, const struct fault *fault)
{
        _json_ json_t *json = json_object();
        _free_ char *text = NULL;

        json_object_set(json, "sandbox", sandbox);
        if (fault->what)
                json_object_set_new(json, "what", json_string(fault->what));
        text = json_compact(json);
        return child_send(child, &(struct wire_message){ .type = WIRE_READY,
                                                         .json = text,
                                                         .json_len = text ? strlen(text) : 0,
                                                         .fd = -1 });
}

int child_main(const char *plugin)
{
        static struct child child; /* threads outlive no frame of it: the process ends by _exit */
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *hello = NULL, *report = NULL;
        struct sandbox sandbox = { .plugin = plugin };
        int r;

        die_with_parent();
        child_init(&child);
        hello = read_hello(&child);
        if (!hello)
                return EXIT_FAILURE;
        sandbox.access = json_object_get(hello, "access");
        sandbox.own_sockets = json_bool_of(hello, "own_sockets", false);
        sandbox.memory_max = (uint64_t)json_int_of(hello, "memory_max", 0);
        sandbox_enter(&sandbox, &report);
        r = module_open(plugin, 0, &child.module, &fault);
        if (r < 0)
                fault_errno(&fault, r, "loading the plugin");
        if (send_ready(&child, report, &fault) < 0 || r != 0)
                return EXIT_FAILURE;
        child_serve(&child);
        child_destroy_all(&child);
        return EXIT_SUCCESS;
}

/* ---- describe ---- */

static json_t *fault_json(const struct fault *fault)
{
        json_t *json = json_object();

        json_object_set_new(json, "status", json_integer(fault->status));
        json_object_set_new(json, "code", json_string(fault->code));
        json_set_text(json, "what", fault->what);
        json_set_text(json, "why", fault->why);
        json_set_text(json, "try", fault->remedy);
        return json;
}

/* The answer goes to a descriptor of its own: what the plugin prints on load is not part of it. */
static int print_answer(int fd, const json_t *answer)
{
        _free_ char *text = json_compact(answer);
        size_t len = text ? strlen(text) : 0;

        return text && write(fd, text, len) == (ssize_t)len && write(fd, "\n", 1) == 1
                       ? 0
                       : EXIT_FAILURE;
}

int child_describe(const char *plugin)
{
        const struct sandbox sandbox = { .plugin = plugin, .memory_max = DESCRIBE_MEMORY,
                                         .cpu_seconds = DESCRIBE_CPU_S };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *answer = json_object(), *report = NULL, *manifest = NULL;
        struct module *module = NULL;
        int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), r;

        die_with_parent();
        dup2(STDERR_FILENO, STDOUT_FILENO);
        sandbox_enter(&sandbox, &report);
        r = module_open(plugin, 0, &module, &fault);
        if (r == 0)
                r = module_describe(module, plugin, &manifest, &fault);
        if (r == 0) {
                json_object_set(answer, "manifest", manifest);
        } else {
                fault_errno(&fault, r, "describing the plugin");
                json_object_set_new(answer, "fault", fault_json(&fault));
        }
        r = print_answer(out, answer);
        module_free(module);
        return r;
}
