/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/reload.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "bin/notify.h"
#include "content/content.h"
#include "loop/loop.h"
#include "loop/pool.h"

#include <errno.h>
#include <string.h>

CLEANUP_DEFINE(struct conf *, conf_free);

struct reload {
        const struct conf *first;
        const struct daemon_options *options;
        struct loop *loop;
        struct pool *pool;
        struct content *content;
        bool running, again;            /* the loop's thread only */
};

void reload_log(const struct conf *conf)
{
        static const char *const levels[] = { "debug", "info", "notice", "warning", "error" };
        enum log_form form = LOG_TEXT;
        size_t level = 0;

        while (level < LOG_ERROR_ && strcmp(conf->log_level, levels[level]) != 0)
                level++;
        if (strcmp(conf->log_form, "json") == 0)
                form = LOG_JSON;
        else if (strcmp(conf->log_form, "systemd") == 0 ||
                 (strcmp(conf->log_form, "auto") == 0 && getenv("JOURNAL_STREAM")))
                form = LOG_SYSTEMD;
        log_setup((enum log_level)level, form);
}

/* What differs from the start and stays as it was until the next one. */
static void tell_restart(const struct conf *was, const struct conf *is)
{
        _text_ struct text names = TEXT_INIT;
        const char *path;
        json_t *value;

        json_object_foreach(is->values, path, value)
                if (strcmp(path, "instances") != 0 && !text_starts_with(path, "log.") &&
                    !json_equal(value, json_object_get(was->values, path)))
                        text_addf(&names, "%s%s", names.len ? ", " : "", path);
        if (names.len)
                log_notice("changed and in force after a restart: %s", names.s);
}

static void log_problems(const char *lines)
{
        while (lines && *lines) {
                int n = (int)strcspn(lines, "\n");

                log_error("%.*s", n, lines);
                lines += n + (lines[n] == '\n');
        }
}

static int read_again(struct reload *reload)
{
        _cleanup_(conf_freep) struct conf *conf = NULL;
        _text_ struct text problems = TEXT_INIT;
        _fault_ struct fault fault = FAULT_INIT;
        int r = conf_load(reload->options->config, reload->options->overrides, &conf, &problems);

        log_problems(problems.s);
        if (r != 0)
                return r;
        r = fault_errno(&fault, content_reload(reload->content, conf->instances, &fault), "reload");
        if (r != 0) {
                log_write(LOG_ERROR_, LOG_FIELDS("code", fault.code, "try", fault.remedy), "%s",
                          fault.what);
                return r;
        }
        reload_log(conf);
        tell_restart(reload->first, conf);
        return 0;
}

static void ended(void *arg)
{
        struct reload *reload = arg;
        bool again = reload->again;

        reload->running = reload->again = false;
        notify("READY=1");
        if (again)
                reload_start(reload);
}

static void work(void *arg)
{
        struct reload *reload = arg;

        if (read_again(reload) == 0)
                log_notice("reloaded");
        else
                log_error("not reloaded: everything stays as it was");
        loop_post(reload->loop, ended, reload);
}

void reload_start(struct reload *reload)
{
        if (reload->running) {
                reload->again = true;
                return;
        }
        notify_reloading();
        reload->running = true;
        if (pool_run(reload->pool, work, reload) < 0) {
                log_error("not reloaded: no thread for it");
                ended(reload);
        }
}

int reload_new(const struct conf *conf, const struct daemon_options *options, struct loop *loop,
               struct pool *pool, struct content *content, struct reload **ret)
{
        struct reload *reload = calloc(1, sizeof *reload);

        if (!reload)
                return -ENOMEM;
        *reload = (struct reload){
                .first = conf, .options = options, .loop = loop, .pool = pool,
                .content = content };
        *ret = reload;
        return 0;
}

struct reload *reload_free(struct reload *reload)
{
        free(reload);
        return NULL;
}
