/* SPDX-License-Identifier: Apache-2.0 */

/* One setting against its row of the table: what was wanted, what was found, what to write. */

#include "conf/read.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- words for people ---- */

/* A problem is one line, however the text in it was written. */
static void quote(const char *s, struct text *out)
{
        size_t n = strlen(s), most = n <= 60 ? n : 60;

        while (most < n && most && (s[most] & 0xc0) == 0x80)
                most--;
        if (!text_is_utf8(s, n)) {
                text_add(out, "a text that is not UTF-8");
                return;
        }
        text_add(out, "\"");
        for (size_t i = 0; i < most; i++)
                text_add_bytes(out, iscntrl((unsigned char)s[i]) ? " " : &s[i], 1);
        text_add(out, most < n ? "…\"" : "\"");
}

static void describe(const config_setting_t *setting, struct text *out)
{
        switch (config_setting_type(setting)) {
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                text_addf(out, "%lld", config_setting_get_int64(setting));
                break;
        case CONFIG_TYPE_FLOAT:
                text_addf(out, "%g", config_setting_get_float(setting));
                break;
        case CONFIG_TYPE_BOOL:
                text_add(out, config_setting_get_bool(setting) ? "true" : "false");
                break;
        case CONFIG_TYPE_STRING:
                quote(config_setting_get_string(setting), out);
                break;
        case CONFIG_TYPE_GROUP:
                text_add(out, "a group { … }");
                break;
        default:
                text_add(out, "a list");
        }
}

static void add_choices(const char *const *choices, struct text *out)
{
        for (size_t i = 0; choices[i]; i++)
                text_addf(out, "%s\"%s\"", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
}

static void add_wanted(const struct conf_key *key, struct text *out)
{
        static const char *const words[] = {
                [CONF_FLAG] = "true or false", [CONF_TEXT] = "a text", [CONF_PATH] = "a path",
                [CONF_NAME] = "a name of letters, digits, \"_\", \".\" and \"-\"",
                [CONF_TEXTS] = "a text or a list of texts",
                [CONF_PATHS] = "a path or a list of paths", [CONF_GROUP] = "a group { … }",
                [CONF_OBJECT] = "a group { … }", [CONF_INSTANCES] = "a list of groups { … }",
        };

        if (key->kind == CONF_CHOICE)
                add_choices(key->choices, out);
        else if (key->kind == CONF_NUMBER)
                text_addf(out, "a whole number from %lld to %lld", (long long)key->min,
                          (long long)key->max);
        else if (key->kind == CONF_SIZE)
                text_addf(out, "a size from %lld to %lld bytes", (long long)key->min,
                          (long long)key->max);
        else
                text_add(out, words[key->kind]);
}

static void add_example(const struct conf_key *key, struct text *out)
{
        static const char *const words[] = {
                [CONF_FLAG] = "true", [CONF_TEXT] = "\"…\"", [CONF_NAME] = "\"corp-dns\"",
                [CONF_SIZE] = "\"16 MiB\"", [CONF_PATH] = "\"/path\"", [CONF_TEXTS] = "[ \"…\" ]",
                [CONF_PATHS] = "[ \"/path\" ]", [CONF_GROUP] = "{ … }", [CONF_OBJECT] = "{ … }",
                [CONF_INSTANCES] = "( { name = \"…\"; plugin = \"…\"; } )",
        };

        text_addf(out, "%s = ", key->name);
        if (key->kind == CONF_CHOICE)
                text_addf(out, "\"%s\"", key->choices[0]);
        else
                text_add(out, key->kind == CONF_NUMBER ? key->fallback : words[key->kind]);
        text_add(out, ";");
}

static json_t *refuse(struct conf_file *file, const struct conf_key *key, const char *path,
                      const config_setting_t *setting)
{
        _text_ struct text want = TEXT_INIT, found = TEXT_INIT, remedy = TEXT_INIT;

        add_wanted(key, &want);
        describe(setting, &found);
        add_example(key, &remedy);
        conf_problem(file, config_setting_source_line(setting), remedy.s, "%s wants %s, found %s",
                     path, want.s, found.s);
        return NULL;
}

/* ---- one kind each: the value, or NULL ---- */

/* "64 MiB" */
static bool parse_size(const char *s, int64_t *ret)
{
        static const char *const units[] = { "", "B", "KiB", "MiB", "GiB", "TiB" };
        static const int shifts[] = { 0, 0, 10, 20, 30, 40 };
        char *end;
        long long n;

        if (!s || !isdigit((unsigned char)*s))
                return false;
        n = strtoll(s, &end, 10);
        if (end - s > 15)
                return false;
        end += *end == ' ';
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
                if (strcmp(end, units[i]) == 0 && n <= INT64_MAX >> shifts[i]) {
                        *ret = (int64_t)n << shifts[i];
                        return true;
                }
        return false;
}

static json_t *check_number(const struct conf_key *key, const config_setting_t *setting)
{
        int type = config_setting_type(setting);
        int64_t n;

        if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
                n = config_setting_get_int64(setting);
        else if (key->kind != CONF_SIZE || !parse_size(config_setting_get_string(setting), &n))
                return NULL;
        return n >= key->min && n <= key->max ? json_integer(n) : NULL;
}

static bool is_choice(const char *const *choices, const char *s)
{
        for (; *choices; choices++)
                if (strcmp(s, *choices) == 0)
                        return true;
        return false;
}

static json_t *check_text(const struct conf_key *key, const config_setting_t *setting)
{
        const char *s = config_setting_get_string(setting);

        if (!s || !*s || (key->kind == CONF_NAME && !text_is_name(s)) ||
            (key->kind == CONF_CHOICE && !is_choice(key->choices, s)))
                return NULL;
        return json_string(s);
}

/* Relative paths are meant from the file that says them, wherever the daemon was started. */
static json_t *check_path(const struct conf_file *file, const struct conf_key *key,
                          const config_setting_t *setting)
{
        const char *s = config_setting_get_string(setting), *slash = strrchr(file->path, '/');

        if (!s || *s == '/' || !*s || !slash)
                return check_text(key, setting);
        return json_sprintf("%.*s/%s", (int)(slash - file->path), file->path, s);
}

static json_t *check_list(struct conf_file *file, const struct conf_key *key, const char *path,
                          const config_setting_t *setting)
{
        _json_ json_t *list = json_array();

        for (unsigned i = 0; i < conf_length(setting); i++) {
                json_t *value = check_text(key, conf_element(setting, i));

                if (!value)
                        return refuse(file, key, path, conf_element(setting, i));
                json_array_append_new(list, value);
        }
        return TAKE(list);
}

static json_t *to_json(struct conf_file *file, const char *path, const config_setting_t *setting);

static json_t *members_to_json(struct conf_file *file, const char *path,
                               const config_setting_t *setting)
{
        bool group = config_setting_is_group(setting);
        _json_ json_t *whole = group ? json_object() : json_array();

        for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
                const config_setting_t *at = config_setting_get_elem(setting, i);
                json_t *value = to_json(file, path, at);

                if (!value)
                        return NULL;
                if (group)
                        json_object_set_new(whole, config_setting_name(at), value);
                else
                        json_array_append_new(whole, value);
        }
        return TAKE(whole);
}

static json_t *to_json(struct conf_file *file, const char *path, const config_setting_t *setting)
{
        json_t *value = NULL;

        switch (config_setting_type(setting)) {
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                return json_integer(config_setting_get_int64(setting));
        case CONFIG_TYPE_BOOL:
                return json_boolean(config_setting_get_bool(setting));
        case CONFIG_TYPE_FLOAT:
                value = json_real(config_setting_get_float(setting));
                break;
        case CONFIG_TYPE_STRING:
                value = json_string(config_setting_get_string(setting));
                break;
        default:
                return members_to_json(file, path, setting);
        }
        if (!value) {
                _text_ struct text found = TEXT_INIT;

                describe(setting, &found);
                conf_problem(file, config_setting_source_line(setting), NULL,
                             "%s holds what no plugin can be given: %s", path, found.s);
        }
        return value;
}

json_t *conf_check(struct conf_file *file, const struct conf_key *key, const char *path,
                   const config_setting_t *setting)
{
        json_t *value = NULL;

        switch (key->kind) {
        case CONF_FLAG:
                if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
                        value = json_boolean(config_setting_get_bool(setting));
                break;
        case CONF_NUMBER:
        case CONF_SIZE:
                value = check_number(key, setting);
                break;
        case CONF_PATH:
        case CONF_PATHS:
                value = check_path(file, key, setting);
                break;
        case CONF_GROUP:
        case CONF_INSTANCES:
                break;
        case CONF_TEXTS:
                return check_list(file, key, path, setting);
        case CONF_OBJECT:
                if (config_setting_is_group(setting))
                        return to_json(file, path, setting);
                break;
        default:
                value = check_text(key, setting);
        }
        return value ? value : refuse(file, key, path, setting);
}

/* ---- keys ---- */

static void told_unknown(struct conf_file *file, const struct conf_key *keys, const char *within,
                         const config_setting_t *setting)
{
        const char *name = config_setting_name(setting), *names[64], *nearest;
        _text_ struct text remedy = TEXT_INIT;
        size_t n = 0;

        for (; keys[n].name && n < 63; n++)
                names[n] = keys[n].name;
        names[n] = NULL;
        nearest = text_nearest(name, names);
        if (nearest)
                text_add(&remedy, nearest);
        for (size_t i = 0; !nearest && *within && names[i]; i++)
                text_addf(&remedy, "%s%s", !i ? "one of " : ", ", names[i]);
        if (!remedy.s)
                text_add(&remedy, "see kaname.conf(5) for what there is");
        conf_problem(file, config_setting_source_line(setting), remedy.s, "unknown key \"%s\"%s%s",
                     name, *within ? " in " : "", within);
}

const struct conf_key *conf_key_find(struct conf_file *file, const struct conf_key *keys,
                                     const char *within, const config_setting_t *setting)
{
        const char *name = config_setting_name(setting);

        for (const struct conf_key *key = keys; key->name; key++)
                if (strcmp(key->name, name) == 0)
                        return key;
        told_unknown(file, keys, within, setting);
        return NULL;
}

/* ---- instances ---- */

static json_t *check_member(struct conf_file *file, const char *instance,
                            const struct conf_key *key, const config_setting_t *setting)
{
        char path[192];

        snprintf(path, sizeof path, "%s of instance \"%.128s\"", key->name, instance);
        return conf_check(file, key, path, setting);
}

json_t *conf_check_instance(struct conf_file *file, const config_setting_t *setting)
{
        static const struct conf_key whole = { .name = "instances", .kind = CONF_INSTANCES };
        unsigned line = config_setting_source_line(setting), before = file->n_problems;
        _json_ json_t *instance = json_object();
        const char *name = "";

        if (!config_setting_is_group(setting))
                return refuse(file, &whole, "instances", setting);
        config_setting_lookup_string(setting, "name", &name);
        for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
                const config_setting_t *at = config_setting_get_elem(setting, i);
                const struct conf_key *key;
                json_t *value;

                key = conf_key_find(file, conf_instance_keys, "an instance", at);
                value = key ? check_member(file, name, key, at) : NULL;
                if (value)
                        json_object_set_new(instance, key->name, value);
        }
        for (const struct conf_key *key = conf_instance_keys; key < conf_instance_keys + 2; key++)
                if (!config_setting_get_member(setting, key->name))
                        conf_problem(file, line, "see kaname.conf(5)", "instance \"%s\" has no %s",
                                     name, key->name);
        json_object_set_new(instance, "origin", json_sprintf("%s:%u", file->path, line));
        return file->n_problems == before ? TAKE(instance) : NULL;
}
