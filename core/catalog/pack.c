/* SPDX-License-Identifier: Apache-2.0 */

/* What pack.yaml says, read as StackStorm reads it: its packs are valid here. */
#include "catalog/pack.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "catalog/form.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define META_MAX ((size_t)1 << 20)

static const char *digits(const char *s)
{
        const char *start = s;

        while (isdigit((unsigned char)*s))
                s++;
        return s == start || (*start == '0' && s - start > 1) ? NULL : s;
}

/* Semantic Versioning 2.0: three numbers, then perhaps -pre.release and +build. */
static bool is_semver(const char *s)
{
        for (int i = 0; i < 3; i++) {
                s = digits(i && *s == '.' ? s + 1 : s);
                if (!s || (i < 2 && *s != '.'))
                        return false;
        }
        if (*s && *s != '-' && *s != '+')
                return false;
        for (; *s; s++)
                if ((*s == '-' || *s == '+' || *s == '.')
                            ? !isalnum((unsigned char)s[1]) && s[1] != '-'
                            : !isalnum((unsigned char)*s))
                        return false;
        return true;
}

/* YAML reads an unquoted 0.4 as a number, and StackStorm takes 0.4 for 0.4.0. */
static char *version_of(const json_t *meta)
{
        const json_t *value = json_object_get(meta, "version");
        const char *s = json_string_value(value), *dot;
        char number[32], *made = NULL;

        if (json_is_integer(value))
                snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT ".0",
                         json_integer_value(value));
        else if (json_is_real(value))
                snprintf(number, sizeof number, "%.15g", json_real_value(value));
        if (!s)
                s = number;
        dot = strchr(s, '.');
        if (asprintf(&made, "%s%s", s,
                     !dot ? ".0.0" : strspn(dot + 1, "0123456789") == strlen(dot + 1)
                     ? ".0" : "") < 0)
                return NULL;
        return made;
}

static int check_name(const json_t *meta, const char *name, struct fault *fault)
{
        size_t n = strlen(name);

        if (n && n <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n &&
            name[0] != '-')
                return 0;
        fault_set(fault, 422, "pack.invalid", "%s: '%s' is no name for a pack",
                  json_object_get(meta, "ref") ? "ref" : "name", name);
        return fault_try(fault,
                         "use small letters, digits, _ and -; a name that people like better "
                         "can stand beside 'ref: short_name'");
}

static int check_meta(json_t *meta, struct fault *fault)
{
        const char *name;
        _free_ char *version = NULL;
        int r = form_check("pack", meta, fault);

        if (r)
                return r;
        name = json_text_of(meta, "ref", json_text_of(meta, "name", ""));
        r = check_name(meta, name, fault);
        if (r)
                return r;
        version = version_of(meta);
        if (!version)
                return -ENOMEM;
        if (!is_semver(version)) {
                fault_set(fault, 422, "pack.version", "version: '%s' is no semantic version",
                          json_text_of(meta, "version", version));
                return fault_try(fault, "write three numbers, such as 1.0.0");
        }
        json_object_set(meta, "ref",
                        json_object_get(meta, json_object_get(meta, "ref") ? "ref" : "name"));
        json_set_text(meta, "version", version);
        return 0;
}

static int parse_meta(const char *path, json_t **ret, struct fault *fault)
{
        _json_ json_t *meta = NULL;
        _free_ char *text = NULL;
        unsigned line;
        size_t len;
        int r = file_read(path, META_MAX, &text, &len, fault);

        if (r)
                return r;
        r = yaml_parse(text, len, path, NULL, &meta, fault);
        if (r)
                return r;
        if (json_is_null(meta)) {
                fault_set(fault, 422, "pack.invalid", "%s:1: the file is empty", path);
                return fault_try(fault, "every pack.yaml has at least 'name' and 'version'");
        }
        r = check_meta(meta, fault);
        if (r == FAULT && fault) {
                line = form_line(text, len, fault);
                return fault_prefix(fault, "%s:%u", path, line ? line : 1);
        }
        if (r == 0)
                *ret = TAKE(meta);
        return r;
}

int pack_read_meta(const char *dir, json_t **ret, struct fault *fault)
{
        _free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s/pack.yaml", dir) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (access(path, F_OK) < 0 && errno == ENOENT) {
                fault_set(fault, 422, "pack.no-meta", "%s has no pack.yaml", dir);
                return fault_try(fault, "every pack has one, with at least 'name' and 'version'");
        }
        r = parse_meta(path, ret, fault);
        return fault_errno(fault, r, path);
}
