/* SPDX-License-Identifier: Apache-2.0 */

/* Every key there is; kaname.conf(5) describes them in this order. */

#include "conf/read.h"

#include <stddef.h>

#define AT(member) offsetof(struct conf, member)
#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const char *const homes[] = { "auto", "host", NULL };
static const char *const instance_homes[] = { "auto", "core", "host", NULL };
static const char *const levels[] = { "debug", "info", "notice", "warning", "error", NULL };
static const char *const forms[] = { "auto", "text", "json", "systemd", NULL };

static const struct conf_key tls_keys[] = {
        { "cert", CONF_PATH, NULL, AT(tls_cert), 0, 0, NULL, NULL },
        { "key", CONF_PATH, NULL, AT(tls_key), 0, 0, NULL, NULL },
        { 0 }
};

static const struct conf_key timeout_keys[] = {
        { "action_ms", CONF_NUMBER, "60000", AT(timeout_action_ms), 100, 604800000, NULL, NULL },
        { "grace_ms", CONF_NUMBER, "500", AT(timeout_grace_ms), 10, 60000, NULL, NULL },
        { "backoff_ms", CONF_NUMBER, "30000", AT(timeout_backoff_ms), 10, 3600000, NULL, NULL },
        { 0 }
};

static const struct conf_key limit_keys[] = {
        { "body", CONF_SIZE, "1048576", AT(limit_body), KIB, GIB, NULL, NULL },
        { "event", CONF_SIZE, "262144", AT(limit_event), KIB, 64 * MIB, NULL, NULL },
        { "result", CONF_SIZE, "67108864", AT(limit_result), KIB, 4 * GIB, NULL, NULL },
        { "output", CONF_SIZE, "268435456", AT(limit_output), KIB, 64 * GIB, NULL, NULL },
        { "pack", CONF_SIZE, "268435456", AT(limit_pack), KIB, 4 * GIB, NULL, NULL },
        { "headers", CONF_SIZE, "16384", AT(limit_headers), 4 * KIB, MIB, NULL, NULL },
        { "memory", CONF_SIZE, "1073741824", AT(limit_memory), 64 * MIB, 1024 * GIB, NULL, NULL },
        { "depth", CONF_NUMBER, "64", AT(limit_depth), 4, 256, NULL, NULL },
        { "connections", CONF_NUMBER, "1000", AT(limit_connections), 4, 100000, NULL, NULL },
        { "idle", CONF_NUMBER, "10", AT(limit_idle), 1, 3600, NULL, NULL },
        { "expression_steps", CONF_NUMBER, "2000000", AT(limit_expression_steps), 1000, 1000000000,
          NULL, NULL },
        { "expression_depth", CONF_NUMBER, "100", AT(limit_expression_depth), 10, 200, NULL, NULL },
        { "expression_bytes", CONF_SIZE, "4194304", AT(limit_expression_bytes), 4 * KIB, GIB, NULL,
          NULL },
        { "expression_values", CONF_NUMBER, "200000", AT(limit_expression_values), 1000, 100000000,
          NULL, NULL },
        { "workflow_tasks", CONF_NUMBER, "1000", AT(limit_workflow_tasks), 1, 4096, NULL, NULL },
        { "workflow_starts", CONF_NUMBER, "100000", AT(limit_workflow_starts), 1, 1000000000, NULL,
          NULL },
        { "workflow_items", CONF_NUMBER, "100000", AT(limit_workflow_items), 1, 10000000, NULL,
          NULL },
        { "workflow_routes", CONF_NUMBER, "1000", AT(limit_workflow_routes), 1, 100000, NULL,
          NULL },
        { "workflow_depth", CONF_NUMBER, "16", AT(limit_workflow_depth), 1, 31, NULL, NULL },
        { 0 }
};

static const struct conf_key retention_keys[] = {
        { "events_days", CONF_NUMBER, "30", AT(events_days), 1, 36500, NULL, NULL },
        { "executions_days", CONF_NUMBER, "90", AT(executions_days), 1, 36500, NULL, NULL },
        { 0 }
};

static const struct conf_key log_keys[] = {
        { "level", CONF_CHOICE, "\"info\"", AT(log_level), 0, 0, levels, NULL },
        { "form", CONF_CHOICE, "\"auto\"", AT(log_form), 0, 0, forms, NULL },
        { 0 }
};

static const struct conf_key rest_keys[] = {
        { "threads", CONF_NUMBER, "2", AT(rest_threads), 1, 64, NULL, NULL },
        { 0 }
};

const struct conf_key conf_keys[] = {
        /* The socket of the default is added by conf.c, which knows where it may lie. */
        { "listen", CONF_TEXTS, "[\"127.0.0.1:8470\"]", AT(listen), 1, 0, NULL, NULL },
        { "tls", CONF_GROUP, NULL, 0, 0, 0, NULL, tls_keys },
        { "insecure", CONF_FLAG, "false", AT(insecure), 0, 0, NULL, NULL },
        { "cors_origins", CONF_TEXTS, "[]", AT(cors_origins), 0, 0, NULL, NULL },
        { "token_ttl_s", CONF_NUMBER, "86400", AT(token_ttl_s), 60, 31536000, NULL, NULL },
        { "rest", CONF_GROUP, NULL, 0, 0, 0, NULL, rest_keys },
        { "state_dir", CONF_PATH, "\"" KN_STATEDIR "\"", AT(state_dir), 0, 0, NULL, NULL },
        { "reserve_bytes", CONF_SIZE, "16777216", AT(reserve_bytes), 0, 16 * GIB, NULL, NULL },
        { "plugin_path", CONF_PATHS, "[\"" KN_PLUGINDIR "\"]", AT(plugin_path), 0, 0, NULL, NULL },
        { "pack_path", CONF_PATHS, "[\"" KN_PACKDIR "\"]", AT(pack_path), 0, 0, NULL, NULL },
        { "contract_path", CONF_PATHS, "[\"" KN_CONTRACTDIR "\"]", AT(contract_path), 0, 0, NULL,
          NULL },
        { "instances", CONF_INSTANCES, NULL, AT(instances), 0, 0, NULL, NULL },
        { "hub_name", CONF_NAME, NULL, AT(hub_name), 0, 0, NULL, NULL },
        { "default_home", CONF_CHOICE, "\"auto\"", AT(default_home), 0, 0, homes, NULL },
        { "running_max", CONF_NUMBER, "64", AT(running_max), 1, 10000, NULL, NULL },
        { "workers", CONF_NUMBER, "96", AT(workers), 1, 10000, NULL, NULL },
        { "drain_ms", CONF_NUMBER, "30000", AT(drain_ms), 0, 3600000, NULL, NULL },
        { "timeouts", CONF_GROUP, NULL, 0, 0, 0, NULL, timeout_keys },
        { "limits", CONF_GROUP, NULL, 0, 0, 0, NULL, limit_keys },
        { "retention", CONF_GROUP, NULL, 0, 0, 0, NULL, retention_keys },
        { "log", CONF_GROUP, NULL, 0, 0, 0, NULL, log_keys },
        { "core_dumps", CONF_FLAG, "false", AT(core_dumps), 0, 0, NULL, NULL },
        { 0 }
};

const struct conf_key conf_instance_keys[] = {
        { "name", CONF_NAME, NULL, 0, 0, 0, NULL, NULL },
        { "plugin", CONF_NAME, NULL, 0, 0, 0, NULL, NULL },
        { "home", CONF_CHOICE, NULL, 0, 0, 0, instance_homes, NULL },
        { "scope", CONF_TEXT, NULL, 0, 0, 0, NULL, NULL },
        { "config", CONF_OBJECT, NULL, 0, 0, 0, NULL, NULL },
        { "egress", CONF_TEXTS, NULL, 0, 0, 0, NULL, NULL },
        { 0 }
};
