/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The configuration: kanamed.conf and conf.d/NAME.conf beside it, in lexical order, made into typed
 * settings. Only bin reads this.
 *
 *   keys.c      the table: every key, its kind, range and default
 *   scan.c      the raw text before libconfig sees it: what libconfig gets wrong or says badly
 *   check.c     one setting against its row of the table
 *   listen.c    addresses
 *   conf.c      files and their merging
 *   settle.c    the command line, defaults, the rules that need the whole, the struct
 *   print.c     the whole as a file
 *
 * Scalars may be set once in all files; lists append. Every problem is one line for a person,
 * "FILE:LINE: error: what (try: remedy)", and all of them are told, not the first only.
 */

#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Texts and lists live as long as the conf; lists end in NULL. Sizes are bytes. */
struct conf {
        const char *const *listen;
        const char *tls_cert, *tls_key;                 /* NULL: no TLS */
        bool insecure, core_dumps;
        const char *const *cors_origins;
        const char *state_dir;
        const char *const *plugin_path, *const *pack_path, *const *contract_path;
        const char *hub_name;                           /* NULL: the host's name */
        const char *default_home;                       /* "auto", "host" */
        const char *log_level, *log_form;
        int64_t running_max, workers, drain_ms, token_ttl_s, reserve_bytes;
        int64_t timeout_action_ms, timeout_grace_ms, timeout_backoff_ms;
        int64_t limit_body, limit_event, limit_result, limit_output, limit_pack, limit_headers;
        int64_t limit_memory, limit_depth, limit_connections, limit_idle, rest_threads;
        int64_t limit_expression_steps, limit_expression_depth, limit_expression_bytes;
        int64_t limit_expression_values;
        int64_t limit_workflow_tasks, limit_workflow_starts, limit_workflow_items;
        int64_t limit_workflow_routes, limit_workflow_depth;
        int64_t events_days, executions_days;
        /* [{name, plugin, home?, scope?, config?, egress?, origin: "FILE:LINE"}] */
        json_t *instances;

        /* All of it by path ("log.level"), and where it was set: a text, or one an element. */
        json_t *values, *origins;
};

/*
 * path NULL: the default file, which may be missing. overrides (may be NULL): {path: value} of the
 * command line; they replace what files say. 0, -ENOMEM, or FAULT: problems holds a line each.
 */
int conf_load(const char *path, const json_t *overrides, struct conf **ret, struct text *problems);
struct conf *conf_free(struct conf *conf);              /* NULL; accepts NULL */
/* All settings as a file that reads back as the same, each with its origin in a comment. */
void conf_print(const struct conf *conf, struct text *out);

#endif
