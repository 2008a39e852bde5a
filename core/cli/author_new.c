/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kaname plugin new: the smallest folder that builds, runs, passes its own test and can be packed.
 * What it writes is what an author reads first, so it is short rather than complete.
 */

#include "cli/author.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char action_c[] =
        "static int greet(struct kn_ctx *ctx)\n"
        "{\n"
        "        return kn_return_str(ctx, \"greeting\", kn_arg_str(ctx, \"name\", \"world\"));\n"
        "}\n\n"
        "static const struct kn_action actions[] = {\n"
        "        { .name = \"greet\", .summary = \"Greet by name\", .run = greet, "
        ".flags = KN_READONLY, .params =\n"
        "          KN_JSON({ \"properties\": { \"name\": { \"type\": \"string\", "
        "\"description\": \"Who it is\" } } }) },\n"
        "};\n";

static const char sensor_c[] =
        "static int look(struct kn_ctx *ctx)\n"
        "{\n"
        "        return kn_emit(ctx, \"seen\", \"{\\\"what\\\": \\\"something\\\"}\", NULL);\n"
        "}\n\n"
        "static const struct kn_trigger triggers[] = {\n"
        "        { .name = \"seen\", .summary = \"Something was seen\" },\n"
        "};\n"
        "static const struct kn_sensor sensors[] = {\n"
        "        { .name = \"look\", .summary = \"Look every ten seconds\", .poll = look, "
        ".interval_ms = 10000 },\n"
        "};\n";

static const char makefile[] =
        "PLUGIN = %s\n"
        "include $(if $(KANAME_SDK),$(KANAME_SDK)/kaname-plugin.mk,"
        "$(shell pkg-config --variable=mk kaname-plugin))\n";

static const char pack_yaml[] =
        "name: %s\n"
        "version: 0.1.0\n"
        "description: What %s does\n";

static const char cases_yaml[] =
        "# Calls that `kaname plugin test` makes, and what is to come of them.\n"
        "- action: greet\n"
        "  args: { name: Ada }\n"
        "  result: { greeting: Ada }\n";

struct kinds {
        bool action, sensor;
};

static int bad_kind(const char *text, struct fault *fault)
{
        return fault_set(fault, 400, "usage.argument",
                         "--kind %s: want action, sensor, or both with a comma", text);
}

static int parse_kinds(const char *text, struct kinds *ret, struct fault *fault)
{
        *ret = (struct kinds){ !text, false };
        for (const char *s = text ? text : ""; *s;) {
                size_t len = strcspn(s, ",");

                if (len == 6 && !strncmp(s, "action", len))
                        ret->action = true;
                else if (len == 6 && !strncmp(s, "sensor", len))
                        ret->sensor = true;
                else
                        return bad_kind(text, fault);
                s += len + (s[len] == ',');
        }
        return ret->action || ret->sensor ? 0 : bad_kind("", fault);
}

static int check_name(const char *name, struct fault *fault)
{
        static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

        if (islower((unsigned char)*name) && strspn(name, good) == strlen(name) &&
            strlen(name) <= 64)
                return 0;
        fault_set(fault, 400, "plugin.name", "\"%s\" cannot be the name of a plugin", name);
        return fault_try(fault, "kaname plugin new my-plugin   (small letters, digits, _ and -)");
}

/* Never over a file that is there. */
static int write_file(const char *dir, const char *name, const char *content, struct fault *fault)
{
        _free_ char *path = NULL;
        _close_ int fd = -1;
        size_t len = strlen(content);

        if (asprintf(&path, "%s/%s", dir, name) < 0)
                return -ENOMEM;
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 && write(fd, content, len) == (ssize_t)len)
                return 0;
        return fault_set(fault, errno == EEXIST ? 409 : 500, "plugin.file", "%s: %s", path,
                         strerror(errno));
}

static char *make_code(const char *name, const struct kinds *kinds)
{
        _text_ struct text text = TEXT_INIT;

        text_add(&text, "#include <kaname/plugin.h>\n\n");
        text_add(&text, kinds->action ? action_c : "");
        text_add(&text, kinds->action && kinds->sensor ? "\n" : "");
        text_add(&text, kinds->sensor ? sensor_c : "");
        text_addf(&text,
                  "KN_PLUGIN(.name = \"%s\", .version = \"0.1.0\", .summary = "
                  "\"What %s does\"%s%s)\n",
                  name, name, kinds->action ? ", KN_ACTIONS(actions)" : "",
                  kinds->sensor ? ", KN_TRIGGERS(triggers), KN_SENSORS(sensors)" : "");
        return text_take(&text);
}

static int write_all(const char *dir, const char *name, const struct kinds *kinds,
                     struct fault *fault)
{
        _free_ char *code = make_code(name, kinds), *make = NULL, *pack = NULL;
        _free_ char *c_name = NULL, *cases_name = NULL;
        int r;

        if (!code || asprintf(&c_name, "%s.c", name) < 0 ||
            asprintf(&cases_name, "%s.test.yaml", name) < 0 ||
            asprintf(&make, makefile, name) < 0 || asprintf(&pack, pack_yaml, name, name) < 0)
                return -ENOMEM;
        r = write_file(dir, c_name, code, fault);
        if (!r)
                r = write_file(dir, "Makefile", make, fault);
        if (!r)
                r = write_file(dir, "pack.yaml", pack, fault);
        if (!r && kinds->action)
                r = write_file(dir, cases_name, cases_yaml, fault);
        return r;
}

/* The folder keeps its hyphens; the plugin's name is a word, since it begins its actions' refs. */
static char *word_of(const char *name)
{
        char *word = strdup(name);

        for (char *s = word; s && *s; s++)
                if (*s == '-')
                        *s = '_';
        return word;
}

int verb_plugin_new(struct cli *cli, struct fault *fault)
{
        const char *dir = cli_option(cli, "directory");
        _free_ char *name = word_of(cli->operands[0]);
        struct kinds kinds;
        int r = name ? check_name(cli->operands[0], fault) : -ENOMEM;

        dir = dir ? dir : cli->operands[0];
        if (!r)
                r = parse_kinds(cli_option(cli, "kind"), &kinds, fault);
        if (r)
                return r;
        if (mkdir(dir, 0777) && errno != EEXIST)
                return fault_set(fault, 500, "plugin.folder", "%s: %s", dir, strerror(errno));
        r = write_all(dir, name, &kinds, fault);
        if (r)
                return r;
        fprintf(cli->out, "%s\n", dir);
        cli_note(cli, "next: cd %s && make && kaname plugin test ./%s.so", dir, name);
        if (kinds.action)
                cli_note(cli, "      kaname plugin run ./%s.so greet name=Ada", name);
        return 0;
}
