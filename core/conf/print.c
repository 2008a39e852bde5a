/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration in force, as a file that reads back as the same; origins stand in comments. */

#include "conf/read.h"

#include <string.h>

#define ORIGIN_COLUMN 56

static void add_string(const char *s, struct text *out)
{
        text_add(out, "\"");
        for (; *s; s++) {
                if (*s == '"' || *s == '\\')
                        text_addf(out, "\\%c", *s);
                else if ((unsigned char)*s < 0x20 || *s == 0x7f)
                        text_addf(out, "\\x%02x", (unsigned char)*s);
                else
                        text_add_bytes(out, s, 1);
        }
        text_add(out, "\"");
}

/* A whole real number must not read back as an integer. */
static void add_real(double real, struct text *out)
{
        char digits[64];

        snprintf(digits, sizeof digits, "%.17g", real);
        text_addf(out, "%s%s", digits, strpbrk(digits, ".e") ? "" : ".0");
}

static void add_value(json_t *value, struct text *out)
{
        const char *name, *between = "";
        json_t *member;
        size_t i;

        if (json_is_object(value)) {
                text_add(out, "{ ");
                json_object_foreach(value, name, member) {
                        text_addf(out, "%s = ", name);
                        add_value(member, out);
                        text_add(out, "; ");
                }
                text_add(out, "}");
        } else if (json_is_array(value)) {
                text_add(out, "(");
                json_array_foreach(value, i, member) {
                        text_add(out, between);
                        add_value(member, out);
                        between = ", ";
                }
                text_add(out, ")");
        } else if (json_is_string(value)) {
                add_string(json_string_value(value), out);
        } else if (json_is_integer(value)) {
                text_addf(out, "%lld", (long long)json_integer_value(value));
        } else if (json_is_real(value)) {
                add_real(json_real_value(value), out);
        } else {
                text_add(out, json_is_true(value) ? "true" : "false");
        }
}

/* End the line that began at from. */
static void add_origin(const json_t *origin, size_t from, struct text *out)
{
        size_t used = out->len - from;

        text_addf(out, "%*s# %s\n", used < ORIGIN_COLUMN ? (int)(ORIGIN_COLUMN - used) : 1, "",
                  origin ? json_string_value(origin) : "default");
}

static void print_instance(json_t *instance, struct text *out)
{
        const char *name;
        json_t *value;

        text_add(out, "    {\n");
        json_object_foreach(instance, name, value) {
                if (strcmp(name, "origin") == 0)
                        continue;
                text_addf(out, "        %s = ", name);
                add_value(value, out);
                text_add(out, ";\n");
        }
}

static void print_list(const struct conf *conf, const struct conf_key *key, json_t *values,
                       struct text *out)
{
        const json_t *origins = json_object_get(conf->origins, key->name);
        json_t *value;
        size_t i;

        if (!json_array_size(values)) {
                text_addf(out, "%s = ();\n", key->name);
                return;
        }
        text_addf(out, "%s = (\n", key->name);
        json_array_foreach(values, i, value) {
                size_t from;

                if (key->kind == CONF_INSTANCES)
                        print_instance(value, out);
                from = out->len;
                text_add(out, "    ");
                if (key->kind == CONF_INSTANCES)
                        text_add(out, "}");
                else
                        add_value(value, out);
                text_add(out, i + 1 < json_array_size(values) ? "," : "");
                add_origin(json_array_get(origins, i), from, out);
        }
        text_add(out, ");\n");
}

static void print_keys(const struct conf *conf, const struct conf_key *keys, const char *within,
                       struct text *out);

static void print_group(const struct conf *conf, const struct conf_key *key, struct text *out)
{
        _text_ struct text members = TEXT_INIT;

        print_keys(conf, key->members, key->name, &members);
        if (members.len)
                text_addf(out, "%s = {\n%s};\n", key->name, members.s);
}

static void print_keys(const struct conf *conf, const struct conf_key *keys, const char *within,
                       struct text *out)
{
        for (const struct conf_key *key = keys; key->name; key++) {
                size_t from = out->len;
                char path[64];
                json_t *value;

                snprintf(path, sizeof path, "%s%s%s", within, *within ? "." : "", key->name);
                value = json_object_get(conf->values, path);
                if (key->kind == CONF_GROUP) {
                        print_group(conf, key, out);
                } else if (json_is_array(value)) {
                        print_list(conf, key, value, out);
                } else if (value) {
                        text_addf(out, "%s%s = ", *within ? "    " : "", key->name);
                        add_value(value, out);
                        text_add(out, ";");
                        add_origin(json_object_get(conf->origins, path), from, out);
                }
        }
}

void conf_print(const struct conf *conf, struct text *out)
{
        print_keys(conf, conf_keys, "", out);
}
