/* SPDX-License-Identifier: Apache-2.0 */

/* What can be said only when all files are read: defaults, what settings demand of each other. */

#include "conf/read.h"

#include "base/cleanup.h"
#include "base/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_list(const struct conf_key *key)
{
        return key->kind == CONF_TEXTS || key->kind == CONF_PATHS;
}

/* Call fn for each key that holds a value, with its path and the group's keys flattened. */
static int each_key(const struct conf_key *keys, const char *within, struct conf *conf,
                    int (*fn)(struct conf *conf, const struct conf_key *key, const char *path))
{
        for (const struct conf_key *key = keys; key->name; key++) {
                char path[64];
                int r;

                snprintf(path, sizeof path, "%s%s%s", within, *within ? "." : "", key->name);
                r = key->kind == CONF_GROUP ? each_key(key->members, key->name, conf, fn)
                                            : fn(conf, key, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- the command line ---- */

static void override(struct conf *conf, const json_t *overrides)
{
        const char *path;
        json_t *value;

        json_object_foreach((json_t *)overrides, path, value) {
                json_t *origins = json_array();

                for (size_t i = 0; i < json_array_size(value); i++)
                        json_array_append_new(origins, json_string("command line"));
                json_object_set(conf->values, path, value);
                if (json_is_array(value))
                        json_object_set(conf->origins, path, origins);
                else
                        json_object_set_new(conf->origins, path, json_string("command line"));
                json_decref(origins);
        }
}

/* ---- defaults ---- */

static int set_default(struct conf *conf, const struct conf_key *key, const char *path)
{
        json_t *value;

        if (!key->fallback || json_object_get(conf->values, path))
                return 0;
        value = json_loads(key->fallback, JSON_DECODE_ANY, NULL);
        return !value || json_object_set_new(conf->values, path, value) < 0 ? -ENOMEM : 0;
}

/* The service has a folder under /run; somebody who tries a hub out has only its state. */
static int add_default_socket(struct conf *conf)
{
        const char *dir = access(KN_RUNDIR, W_OK | X_OK) == 0 ? KN_RUNDIR
                : json_string_value(json_object_get(conf->values, "state_dir"));

        return json_array_append_new(json_object_get(conf->values, "listen"),
                                     json_sprintf("unix:%s/kanamed.sock", dir)) < 0 ? -ENOMEM : 0;
}

/* ---- rules that need the whole ---- */

/* Where a setting was made: "FILE:LINE", or "default". */
static struct conf_file at(const struct conf *conf, const char *path, size_t i,
                           struct text *problems)
{
        const json_t *origin = json_object_get(conf->origins, path);

        if (json_is_array(origin))
                origin = json_array_get(origin, i);
        return (struct conf_file){
                .path = origin ? json_string_value(origin) : "default", .problems = problems };
}

static const char *text_at(const struct conf *conf, const char *path)
{
        return json_string_value(json_object_get(conf->values, path));
}

static unsigned check_tls_file(struct conf *conf, const char *path, const char *other,
                               struct text *problems)
{
        struct conf_file file = at(conf, path, 0, problems);
        const char *name = text_at(conf, path);

        if (name && !text_at(conf, other))
                conf_problem(&file, 0, "set both, or neither", "%s is set, %s is not", path,
                             other);
        if (name && access(name, R_OK) < 0)
                conf_problem(&file, 0, errno == EACCES ? "let the daemon's user read it" : NULL,
                             "%s: %s cannot be read: %s", path, name, strerror(errno));
        return file.n_problems;
}

static unsigned check_address(struct conf *conf, size_t i, struct text *problems)
{
        struct conf_file file = at(conf, "listen", i, problems);
        const json_t *all = json_object_get(conf->values, "listen");
        const char *address = json_string_value(json_array_get(all, i)), *wrong;
        bool secure = text_at(conf, "tls.cert") ||
                json_is_true(json_object_get(conf->values, "insecure"));
        bool public;

        wrong = conf_listen_parse(address, &public);
        if (wrong)
                conf_problem(&file, 0, "\"127.0.0.1:8470\", \"[::1]:8470\" or \"unix:/path\"",
                             "listen \"%s\": %s", address, wrong);
        else if (public && !secure)
                conf_problem(&file, 0, "set tls.cert and tls.key, or, behind a proxy that has TLS, "
                             "insecure = true",
                             "listen \"%s\" is open to other machines and has no TLS", address);
        for (size_t j = 0; j < i && !text_ends_with(address, ":0"); j++)
                if (strcmp(address, json_string_value(json_array_get(all, j))) == 0)
                        conf_problem(&file, 0, "keep one of them", "listen names \"%s\" twice, "
                                     "first at %s", address, at(conf, "listen", j, NULL).path);
        return file.n_problems;
}

static unsigned check_whole(struct conf *conf, struct text *problems)
{
        size_t n_listen = json_array_size(json_object_get(conf->values, "listen"));
        unsigned n = 0;

        n += check_tls_file(conf, "tls.cert", "tls.key", problems);
        n += check_tls_file(conf, "tls.key", "tls.cert", problems);
        for (size_t i = 0; i < n_listen; i++)
                n += check_address(conf, i, problems);
        return n;
}

/* ---- the struct ---- */

static int fill_list(const json_t *values, const char *const **into)
{
        const char **list = calloc(json_array_size(values) + 1, sizeof *list);
        const json_t *value;
        size_t i;

        if (!list)
                return -ENOMEM;
        json_array_foreach(values, i, value)
                list[i] = json_string_value(value);
        *into = list;
        return 0;
}

static int fill(struct conf *conf, const struct conf_key *key, const char *path)
{
        void *into = (char *)conf + key->offset;
        json_t *value = json_object_get(conf->values, path);

        if (is_list(key))
                return fill_list(value, into);
        if (key->kind == CONF_INSTANCES)
                *(json_t **)into = json_incref(value);
        else if (key->kind == CONF_FLAG)
                *(bool *)into = json_is_true(value);
        else if (key->kind == CONF_NUMBER || key->kind == CONF_SIZE)
                *(int64_t *)into = json_integer_value(value);
        else
                *(const char **)into = json_string_value(value);
        return 0;
}

int conf_settle(struct conf *conf, const json_t *overrides, struct text *problems)
{
        bool own_listen;
        int r;

        override(conf, overrides);
        own_listen = json_object_get(conf->values, "listen");
        r = each_key(conf_keys, "", conf, set_default);
        if (r == 0 && !own_listen)
                r = add_default_socket(conf);
        if (r == 0 && !json_object_get(conf->values, "instances"))
                r = json_object_set_new(conf->values, "instances", json_array()) < 0 ? -ENOMEM : 0;
        if (r == 0 && check_whole(conf, problems))
                return FAULT;
        return r < 0 ? r : each_key(conf_keys, "", conf, fill);
}

static int free_list(struct conf *conf, const struct conf_key *key, const char *path)
{
        (void)path;
        if (is_list(key))
                free(*(void **)((char *)conf + key->offset));
        return 0;
}

struct conf *conf_free(struct conf *conf)
{
        if (!conf)
                return NULL;
        each_key(conf_keys, "", conf, free_list);
        json_decref(conf->instances);
        json_decref(conf->values);
        json_decref(conf->origins);
        free(conf);
        return NULL;
}
