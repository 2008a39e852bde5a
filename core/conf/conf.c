/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Files are read one by one into one JSON object of values by path and one of origins; the struct
 * is filled from it and from the defaults when all are read. So what is set twice, what a list
 * gathers and what is printed need no code of their own a key.
 */

#include "conf/read.h"

#include "base/cleanup.h"
#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

CLEANUP_DEFINE(struct conf *, conf_free);

void conf_problem(struct conf_file *file, unsigned line, const char *remedy, const char *fmt, ...)
{
        _free_ char *what = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&what, fmt, ap) < 0)
                what = NULL;
        va_end(ap);
        text_addf(file->problems, "%s:", file->path);
        if (line)
                text_addf(file->problems, "%u:", line);
        text_addf(file->problems, " error: %s", what ? what : "out of memory");
        if (remedy)
                text_addf(file->problems, " (try: %s)", remedy);
        text_add(file->problems, "\n");
        file->n_problems++;
}

/* ---- settings of one file ---- */

static void set_scalar(struct conf *conf, struct conf_file *file, const struct conf_key *key,
                       const char *path, const config_setting_t *setting)
{
        const char *first = json_string_value(json_object_get(conf->origins, path));
        unsigned line = config_setting_source_line(setting);
        json_t *value;

        if (first) {
                conf_problem(file, line, "keep one of them", "%s is set twice, first at %s", path,
                             first);
                return;
        }
        value = conf_check(file, key, path, setting);
        if (value)
                json_object_set_new(conf->values, path, value);
        json_object_set_new(conf->origins, path, json_sprintf("%s:%u", file->path, line));
}

static json_t *get_list(json_t *of, const char *path)
{
        if (!json_object_get(of, path))
                json_object_set_new(of, path, json_array());
        return json_object_get(of, path);
}

/* Two instances of one name would be two systems under one name: nobody means that. */
static bool is_new_instance(struct conf *conf, struct conf_file *file, const json_t *instance,
                            unsigned line)
{
        const char *name = json_string_value(json_object_get(instance, "name"));
        const json_t *other;
        size_t i;

        json_array_foreach(json_object_get(conf->values, "instances"), i, other) {
                if (strcmp(json_string_value(json_object_get(other, "name")), name) != 0)
                        continue;
                conf_problem(file, line, "give one of them another name",
                             "instance \"%s\" is defined twice, first at %s", name,
                             json_string_value(json_object_get(other, "origin")));
                return false;
        }
        return true;
}

static void append_list(struct conf *conf, struct conf_file *file, const struct conf_key *key,
                        const config_setting_t *setting)
{
        json_t *values = get_list(conf->values, key->name);
        json_t *origins = get_list(conf->origins, key->name);
        struct conf_key one = *key;

        if (one.kind == CONF_TEXTS)
                one.kind = CONF_TEXT;
        if (conf_length(setting) < (unsigned)key->min)
                conf_problem(file, config_setting_source_line(setting),
                             "leave it out for the default", "%s is empty", key->name);
        for (unsigned i = 0; i < conf_length(setting); i++) {
                const config_setting_t *at = conf_element(setting, i);
                unsigned line = config_setting_source_line(at);
                json_t *value = key->kind == CONF_INSTANCES ? conf_check_instance(file, at)
                                                            : conf_check(file, &one, key->name, at);

                if (value && key->kind == CONF_INSTANCES &&
                    !is_new_instance(conf, file, value, line)) {
                        json_decref(value);
                        value = NULL;
                }
                if (!value)
                        continue;
                json_array_append_new(values, value);
                json_array_append_new(origins, json_sprintf("%s:%u", file->path, line));
        }
}

static void read_group(struct conf *conf, struct conf_file *file, const struct conf_key *keys,
                       const char *within, const config_setting_t *group)
{
        for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
                const config_setting_t *setting = config_setting_get_elem(group, i);
                const struct conf_key *key = conf_key_find(file, keys, within, setting);
                char path[64];

                if (!key)
                        continue;
                snprintf(path, sizeof path, "%s%s%s", within, *within ? "." : "", key->name);
                if (key->kind == CONF_GROUP && config_setting_is_group(setting))
                        read_group(conf, file, key->members, key->name, setting);
                else if (key->kind >= CONF_TEXTS && key->kind != CONF_GROUP)
                        append_list(conf, file, key, setting);
                else
                        set_scalar(conf, file, key, path, setting);
        }
}

/* ---- files ---- */

/* libconfig's parser names no token: show the line. */
static void told_syntax(struct conf_file *file, const config_t *config, const char *s)
{
        unsigned line = (unsigned)config_error_line(config), at = 1;
        const char *why = config_error_text(config), *next;

        for (; at < line && (next = strchr(s, '\n')) && next[1]; at++)
                s = next + 1;
        s += strspn(s, " \t");
        if (strncmp(why, "mismatched", 10) == 0)
                conf_problem(file, line, "write ( … ) where they are meant to",
                             "the elements of [ … ] differ in kind");
        else if (strcmp(why, "syntax error") != 0)
                conf_problem(file, line, "see kaname.conf(5) for the form", "%s", why);
        else if (at < line)
                conf_problem(file, at, "name = value;", "the file ends within a setting");
        else
                conf_problem(file, line, "name = value; and look at the line before, too",
                             "this cannot be understood: %.*s", (int)strcspn(s, "\n"), s);
}

static void read_text(struct conf *conf, struct conf_file *file, const char *s, size_t len)
{
        _text_ struct text marked = TEXT_INIT;
        config_t config;

        if (!conf_scan(file, s, len, &marked))
                return;
        config_init(&config);
        if (config_read_string(&config, marked.s))
                read_group(conf, file, conf_keys, "", config_root_setting(&config));
        else
                told_syntax(file, &config, s);
        config_destroy(&config);
}

/* 0, or -errno: the caller knows which file may be missing. */
static int slurp(struct conf_file *file, struct text *out)
{
        _close_ int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char bytes[16384];
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        while ((n = read(fd, bytes, sizeof bytes)) > 0) {
                text_add_bytes(out, bytes, (size_t)n);
                if (out->len > CONF_FILE_MAX)
                        return -EFBIG;
        }
        text_add(out, "");
        return n < 0 ? -errno : out->failed ? -ENOMEM : 0;
}

static void read_file(struct conf *conf, struct conf_file *file, bool may_miss)
{
        _text_ struct text text = TEXT_INIT;
        int r = slurp(file, &text);

        if (r == 0)
                read_text(conf, file, text.s, text.len);
        else if (r == -EFBIG)
                conf_problem(file, 0, NULL, "larger than %d bytes", CONF_FILE_MAX);
        else if (r != -ENOENT || !may_miss)
                conf_problem(file, 0, r == -EACCES ? "let the daemon's user read it"
                                                   : "name an existing file with -c",
                             "cannot be read: %s", strerror(-r));
}

/* glob() sorts by bytes in the C locale, which the daemon never leaves. */
static unsigned read_files(struct conf *conf, const char *path, bool may_miss,
                           struct text *problems)
{
        const char *slash = strrchr(path, '/');
        struct conf_file file = { .path = path, .problems = problems };
        _free_ char *pattern = NULL;
        glob_t found = { 0 };

        read_file(conf, &file, may_miss);
        if (asprintf(&pattern, "%.*sconf.d/*.conf", slash ? (int)(slash + 1 - path) : 0, path) < 0)
                return file.n_problems + 1;
        if (glob(pattern, 0, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++) {
                        file.path = found.gl_pathv[i];
                        read_file(conf, &file, true);
                }
        globfree(&found);
        return file.n_problems;
}

int conf_load(const char *path, const json_t *overrides, struct conf **ret, struct text *problems)
{
        _cleanup_(conf_freep) struct conf *conf = calloc(1, sizeof *conf);
        unsigned n_problems;
        int r;

        if (!conf)
                return -ENOMEM;
        conf->values = json_object();
        conf->origins = json_object();
        if (!conf->values || !conf->origins)
                return -ENOMEM;
        n_problems = read_files(conf, path ? path : KN_SYSCONFDIR "/kanamed.conf", !path, problems);
        r = conf_settle(conf, overrides, problems);
        if (r != 0 || n_problems)
                return r < 0 ? r : FAULT;
        *ret = TAKE(conf);
        return 0;
}
