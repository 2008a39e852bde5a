/* SPDX-License-Identifier: Apache-2.0 */

/*
 * StackStorm's local runners. core.local: argv starts a program without a shell, so values are
 * never parsed again; cmd runs in /bin/sh where that was asked for. A script of a pack gets the
 * action's parameters as StackStorm hands them over: those with a position in their order, the
 * others before them as --name=value. It is never a shell that takes them apart.
 *
 * Both get KANAME_IDEMPOTENCY_KEY (the same over attempts) and KANAME_FENCE (the attempt).
 */
#include "runner/room.h"

#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "hub/running.h"
#include "runner/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what both have ---- */

static bool add_env(struct command *command, const struct running *r)
{
        const json_t *given = json_object_get(r->params, "env"), *value;
        struct words *env = &command->env;
        char id[ID_TEXT_SIZE], attempt[16];
        const char *name;
        bool ok;

        snprintf(attempt, sizeof attempt, "%u", r->claim.attempt);
        ok = words_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") &&
             words_add(env, "LANG=C.UTF-8") && words_add(env, "HOME=/") &&
             words_add_pair(env, "KANAME_IDEMPOTENCY_KEY", id_text(&r->claim.id, id)) &&
             words_add_pair(env, "KANAME_FENCE", attempt);
        json_object_foreach((json_t *)given, name, value) {
                _free_ char *text = json_is_string(value) ? strdup(json_string_value(value))
                                                          : json_compact(value);

                if (ok && text && !strchr(name, '='))
                        ok = words_add_pair(env, name, text);
        }
        return ok;
}

/* Nobody is there to answer a question: with a password it is handed one, else it asks nothing. */
static bool add_sudo(struct command *command, const struct running *r)
{
        const char *password = json_text_of(r->params, "sudo_password", NULL);

        if (!json_bool_of(r->params, "sudo", false))
                return true;
        if (password && asprintf(&command->input, "%s\n", password) < 0) {
                command->input = NULL;
                return false;
        }
        return words_add(&command->argv, "sudo") &&
               words_add(&command->argv, password ? "-S" : "-n") &&
               words_add(&command->argv, "-E") && words_add(&command->argv, "--");
}

static int too_many(struct fault *fault)
{
        return fault_set(fault, 422, "local.start",
                         "a command may have 255 words, and so may its environment");
}

static int make(const struct running *r, struct command *command, struct fault *fault)
{
        const char *cwd = json_text_of(r->params, "cwd", NULL);

        command->timeout_ms = json_int_of(r->params, "timeout", r->timeout_ms / 1000) * 1000;
        command->cwd = cwd ? strdup(cwd) : NULL;
        if ((cwd && !command->cwd) || !add_env(command, r) || !add_sudo(command, r))
                return too_many(fault);
        return 0;
}

typedef int add_words(struct command *command, const struct running *r, struct fault *fault);

static void start(struct running *r, add_words *add)
{
        _cleanup_(command_freep) struct command *command = calloc(1, sizeof *command);
        _fault_ struct fault fault = FAULT_INIT;
        int failed = command ? make(r, command, &fault) : -ENOMEM;

        if (!failed)
                failed = add(command, r, &fault);
        if (!failed)
                program_start(r, TAKE(command));
        else
                running_fail(r, STORE_FAILED, *fault.code ? fault.code : "internal",
                             fault.what ? fault.what : "out of memory");
}

/* ---- local-shell-cmd ---- */

static int add_command(struct command *command, const struct running *r, struct fault *fault)
{
        const json_t *list = json_object_get(r->params, "argv"), *word;
        const char *cmd = json_text_of(r->params, "cmd", NULL);
        size_t i;

        if (json_array_size(list)) {
                json_array_foreach(list, i, word)
                        if (!json_is_string(word) ||
                            !words_add(&command->argv, json_string_value(word)))
                                return too_many(fault);
                return 0;
        }
        if (!cmd)
                return fault_set(fault, 422, "local.start",
                                 "give argv (a list, no shell) or cmd (a line for /bin/sh)");
        return words_add(&command->argv, json_text_of(r->params, "shell", "/bin/sh")) &&
                               words_add(&command->argv, "-c") && words_add(&command->argv, cmd)
                       ? 0 : too_many(fault);
}

void local_start(struct running *r)
{
        start(r, add_command);
}

/* ---- local-shell-script ---- */

/*
 * StackStorm makes a script executable before it runs it. A pack's folder may not be ours to
 * change: what its first line names runs it then, with one argument at most, as execve(2) does it.
 */
static bool add_script(struct words *argv, const char *path)
{
        char line[256] = "", *name, *argument;
        FILE *file = access(path, X_OK) < 0 ? fopen(path, "re") : NULL;

        if (!file)
                return words_add(argv, path);
        if (!fgets(line, sizeof line, file) || strncmp(line, "#!", 2) != 0)
                strcpy(line, "#!/bin/sh");
        fclose(file);
        line[strcspn(line, "\r\n")] = '\0';
        name = line + 2 + strspn(line + 2, " \t");
        argument = name + strcspn(name, " \t");
        if (*argument) {
                *argument++ = '\0';
                argument += strspn(argument, " \t");
        }
        return words_add(argv, name) && (!*argument || words_add(argv, argument)) &&
               words_add(argv, path);
}

/* A list comes as a,b,c and true as 1 where it has a position; the rest as JSON. */
static char *positional(const json_t *value)
{
        _text_ struct text text = TEXT_INIT;
        const json_t *item;
        size_t i;

        if (!value || json_is_null(value))
                return strdup("");
        if (json_is_boolean(value))
                return strdup(json_is_true(value) ? "1" : "0");
        if (!json_is_array(value))
                return json_is_string(value) ? strdup(json_string_value(value))
                                             : json_compact(value);
        json_array_foreach(value, i, item) {
                _free_ char *one = json_is_string(item) ? NULL : json_compact(item);

                text_addf(&text, "%s%s", i ? "," : "", one ? one : json_string_value(item));
        }
        text_add(&text, "");
        return text_take(&text);
}

/* false says no more than nothing does, and true is a flag. */
static bool add_named(struct words *argv, const char *mark, const char *name, const json_t *value)
{
        _free_ char *text = NULL, *flag = NULL;

        if (json_is_null(value) || json_is_false(value) ||
            (json_is_string(value) && !json_string_length(value)))
                return true;
        if (asprintf(&flag, "%s%s", mark, name) < 0) {
                flag = NULL;
                return false;
        }
        if (json_is_true(value))
                return words_add(argv, flag);
        text = json_is_string(value) ? strdup(json_string_value(value)) : json_compact(value);
        return text && words_add_pair(argv, flag, text);
}

struct argument {
        int64_t position;
        const json_t *value;            /* NULL: not given */
};

static int by_position(const void *a, const void *b)
{
        const struct argument *one = a, *other = b;

        return (one->position > other->position) - (one->position < other->position);
}

/* The action's own parameters; those of its runner are none of the script's. */
static bool add_arguments(struct words *argv, const struct running *r, const json_t *of_runner)
{
        const json_t *own = json_object_get(r->action->metadata, "parameters"), *parameter;
        const char *mark = json_text_of(r->params, "kwarg_op", "--"), *name;
        struct argument sorted[256];
        size_t n = 0;
        bool ok = true;

        json_object_foreach((json_t *)own, name, parameter) {
                const json_t *value = json_object_get(r->params, name);

                if (!ok || json_object_get(of_runner, name))
                        continue;
                if (!json_object_get(parameter, "position"))
                        ok = !value || add_named(argv, mark, name, value);
                else if (n < sizeof sorted / sizeof sorted[0])
                        sorted[n++] = (struct argument){ json_int_of(parameter, "position", 0),
                                                         value };
        }
        qsort(sorted, n, sizeof sorted[0], by_position);
        for (size_t i = 0; ok && i < n; i++) {
                _free_ char *text = positional(sorted[i].value);

                ok = text && words_add(argv, text);
        }
        return ok;
}

static int add_script_line(struct command *command, const struct running *r, struct fault *fault)
{
        const struct catalog_runner *runner = catalog_runner(r->catalog, r->action->runner);
        _free_ char *path = NULL;
        int failed = catalog_entry_file(r->catalog, r->action, &path, fault);

        if (failed)
                return failed;
        if (!words_add_pair(&command->env, "ST2_ACTION_PACK_NAME", r->action->pack) ||
            !add_script(&command->argv, path) ||
            !add_arguments(&command->argv, r, runner ? runner->parameters : NULL))
                return too_many(fault);
        return 0;
}

void script_start(struct running *r)
{
        start(r, add_script_line);
}
