/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What people change at run time: rules, instances, trigger types, packs, trust. Each is a document
 * in the store, put there when the catalog stands that is built from it and all others; where it
 * would not, the reason is the answer and nothing was written.
 */
#include "hub/room.h"

#include "catalog/pack.h"
#include "flow/rulebook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- documents ---- */

struct old_doc {
        char *body;
        uint64_t seq;
};

static int take_old(void *arg, const struct store_doc *doc)
{
        struct old_doc *old = arg;

        old->body = strdup(doc->body);
        old->seq = doc->seq;
        return 0;
}

int content_store_doc(struct hub *hub, const char *kind, const char *name, const char *body,
                      struct fault *fault)
{
        struct store_txn *txn = store_txn_new();

        if (!txn)
                return fault_errno(fault, -ENOMEM, kind);
        store_txn_doc(txn, kind, name, body, STORE_ANY);
        return store_outcome_fault(store_commit_wait(hub->o.store, txn, NULL, NULL), fault);
}

static int exists(const char *kind, const char *name, struct fault *fault)
{
        fault_set(fault, 409, "content.exists", "the %s '%s' is there already", kind, name);
        if (text_equal(kind, "instance"))
                return fault_try(fault, "kaname instance add %s --replace …, or choose another "
                                 "name", name);
        return fault_try(fault, "change it with PUT, or choose another name");
}

/*
 * The catalog comes first: what it refuses never reaches the disk, where a secret that stood in the
 * wrong place would stay.
 */
static int build_and_put(struct hub *hub, const struct store_doc *draft, struct fault *fault)
{
        struct catalog *catalog = NULL;
        int r = content_build_draft(hub, draft, &catalog, fault);

        if (r == 0)
                r = content_store_doc(hub, draft->kind, draft->name, draft->body, fault);
        if (r == 0)
                content_swap(hub, catalog);
        else
                catalog_unref(catalog);
        return r;
}

int content_put_doc(struct hub *hub, const char *kind, const char *name, const json_t *body,
                    bool create, struct fault *fault)
{
        _free_ char *text = body ? json_compact(body) : NULL;
        struct store_doc draft = { .kind = kind, .name = name, .body = text };
        struct old_doc old = { NULL, 0 };
        int r;

        if (body && !text)
                return fault_errno(fault, -ENOMEM, name);
        pthread_mutex_lock(&hub->content_lock);
        store_get_doc(hub->o.store, kind, name, take_old, &old, NULL);
        if (create && old.body)
                r = exists(kind, name, fault);
        else if (!body && !old.body)
                r = fault_set(fault, 404, "content.unknown",
                              "there is no %s '%s' that was made at run time", kind, name);
        else
                r = build_and_put(hub, &draft, fault);
        pthread_mutex_unlock(&hub->content_lock);
        free(old.body);
        return r;
}

static void tell(const char *what, const char *name, const char *user)
{
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user), "%s '%s'", what, name);
}

/* ---- rules ---- */

/* What a file defines, REST may only switch on and off. */
static int check_rule_origin(struct hub *hub, const char *ref, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const char *origin = catalog_rule_origin(catalog, ref);

        if (!origin || text_equal(origin, "api"))
                return 0;
        fault_set(fault, 409, "rule.from-file", "the rule '%s' is defined by %s", ref, origin);
        return fault_try(
                fault, "edit that file and reload, or switch the rule off: kaname rule disable %s",
                ref);
}

CLEANUP_DEFINE(struct rule *, rule_free);

/* Who switches a timer on now is told that it is too late; what is wrong else is told elsewhere. */
static int check_fires(const json_t *definition, struct fault *fault)
{
        _cleanup_(rule_freep) struct rule *rule = NULL;

        if (!definition || rule_compile(definition, &rule, NULL) || !rule_is_enabled(rule))
                return 0;
        return rule_check_fires(rule, clock_real_ms(), fault);
}

int hub_put_rule(struct hub *hub, const char *ref, const json_t *body, bool create,
                 const char *user, struct fault *fault)
{
        int r = check_rule_origin(hub, ref, fault);

        if (r == 0)
                r = check_fires(body, fault);
        if (r == 0)
                r = content_put_doc(hub, "rule", ref, body, create, fault);
        if (r == 0)
                tell(!body ? "rule deleted" : create ? "rule created" : "rule changed", ref, user);
        return r;
}

static int enable_from_file(struct hub *hub, const char *kind, const char *ref, bool enabled,
                            struct fault *fault)
{
        _json_ json_t *body = json_pack("{s:b}", "enabled", enabled);
        _free_ char *name = NULL;

        if (asprintf(&name, "%s:%s", kind, ref) < 0)
                return fault_errno(fault, -ENOMEM, "enable");
        return content_put_doc(hub, "enabled", name, body, false, fault);
}

int hub_enable_rule(struct hub *hub, const char *ref, bool enabled, const char *user,
                    struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct rule *rule = rulebook_find(catalog_rules(catalog), ref);
        _json_ json_t *body = NULL;
        int r;

        if (!rule) {
                fault_set(fault, 404, "rule.unknown", "there is no rule '%s'", ref);
                return fault_try(fault, "kaname rule list");
        }
        r = enabled ? rule_check_fires(rule, clock_real_ms(), fault) : 0;
        if (r)
                return r;
        if (text_equal(catalog_rule_origin(catalog, ref), "api")) {
                body = json_deep_copy(rule_definition(rule));
                json_object_set_new(body, "enabled", json_boolean(enabled));
                r = content_put_doc(hub, "rule", ref, body, false, fault);
        } else {
                r = enable_from_file(hub, "rule", ref, enabled, fault);
        }
        if (r == 0)
                tell(enabled ? "rule enabled" : "rule disabled", ref, user);
        return r;
}

/* ---- instances and trigger types ---- */

int hub_put_instance(struct hub *hub, const char *name, const json_t *body, bool create,
                     const char *user, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_instance *present = catalog_instance(catalog, name);
        int r;

        if (!text_is_name(name))
                return fault_set(fault, 400, "instance.name",
                                 "'%s' is no name: letters, digits, _ . - only", name);
        if (present && !text_equal(present->origin, "api") &&
            !text_starts_with(present->origin, "plugin ")) {
                fault_set(fault, 409, "instance.from-file", "the instance '%s' is defined by %s",
                          name, present->origin);
                return fault_try(
                        fault, "edit that file and reload: kaname status names the configuration");
        }
        r = content_put_doc(hub, "instance", name, body, create, fault);
        if (r == 0)
                tell(!body    ? "instance removed"
                     : create ? "instance added"
                              : "instance changed",
                     name, user);
        return r;
}

int hub_put_trigger_type(struct hub *hub, const char *ref, const json_t *body, bool create,
                         const char *user, struct fault *fault)
{
        int r = content_put_doc(hub, "trigger", ref, body, create, fault);

        if (r == 0)
                tell(body ? "trigger type put" : "trigger type deleted", ref, user);
        return r;
}

/* ---- check: the plugin's own word on its system ---- */

struct checking {
        struct call call;
        pthread_mutex_t lock;
        pthread_cond_t over;
        bool is_over;
        int code;
        char *sentence;
        json_t *result;
};

static void checked(struct call *call, int code, const char *sentence, json_t *result)
{
        struct checking *checking = call->arg;

        pthread_mutex_lock(&checking->lock);
        checking->code = code;
        checking->sentence = sentence ? strdup(sentence) : NULL;
        checking->result = result;
        checking->is_over = true;
        pthread_cond_signal(&checking->over);
        pthread_mutex_unlock(&checking->lock);
}

static json_t *check_answer(struct hub *hub, const struct checking *checking)
{
        const struct catalog_instance *instance = checking->call.instance;
        char why[160];
        enum catalog_home home = host_home(hub->o.host, instance, why);

        return json_pack("{s:s, s:s, s:b, s:s, s:s?, s:O?, s:s, s:s}", "instance", instance->name,
                         "plugin", instance->plugin->name, "ok", checking->code >= 0,
                         "code", checking->code >= 0 ? "ok" : host_code_text(checking->code),
                         "message", checking->sentence, "result", checking->result,
                         "home", home == HOME_CORE ? "core" : "host", "home_reason", why);
}

int hub_check_instance(struct hub *hub, const char *name, json_t **ret, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        struct checking checking = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                     .over = PTHREAD_COND_INITIALIZER };
        struct host_request request = { .entry = HOST_CHECK,
                                        .name = "check",
                                        .id = "",
                                        .action = "check",
                                        .mode = "run",
                                        .attempt = 1,
                                        .deadline_mono_ms = clock_mono_ms() + 30000,
                                        .doors = &plugin_doors,
                                        .arg = &checking.call };
        struct host_call *call;

        request.instance = catalog_instance(catalog, name);
        if (!request.instance) {
                fault_set(fault, 404, "instance.unknown", "there is no instance '%s'", name);
                return fault_try(fault, "kaname instance list");
        }
        if (!request.instance->plugin->has_check) {
                fault_set(fault, 422, "check.none", "the plugin '%s' has no check",
                          request.instance->plugin->name);
                return fault_try(fault, "run one of its actions that only read");
        }
        checking.call = (struct call){
                .hub = hub, .instance = request.instance, .done = checked, .arg = &checking
        };
        call = host_start(hub->o.host, &request);
        if (!call)
                return fault_errno(fault, -ENOMEM, "check");
        pthread_mutex_lock(&checking.lock);
        while (!checking.is_over)
                pthread_cond_wait(&checking.over, &checking.lock);
        pthread_mutex_unlock(&checking.lock);
        host_release(call);
        *ret = check_answer(hub, &checking);
        free(checking.sentence);
        json_decref(checking.result);
        return 0;
}

/* ---- packs ---- */

static int pack_known(struct hub *hub, const char *name, bool upgrade, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        if (pack && !upgrade) {
                fault_set(fault, 409, "pack.exists",
                          "the pack '%s' is installed already, version %s", name, pack->version);
                return fault_try(fault, "kaname pack upgrade, or kaname pack remove %s first",
                                 name);
        }
        if (!pack && upgrade) {
                fault_set(fault, 404, "pack.unknown", "the pack '%s' is not installed", name);
                return fault_try(fault, "kaname pack install");
        }
        return 0;
}

/* The version that is active now, or NULL. */
static char *active_version(struct hub *hub, const char *name)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        return pack ? strdup(pack->version) : NULL;
}

/*
 * Put a version in force, or back what was there: the rename is undone where the catalog would not
 * stand.
 */
static int switch_version(struct hub *hub, const char *name, const char *version,
                          struct fault *fault)
{
        _free_ char *before = active_version(hub, name);
        _fault_ struct fault ignored = FAULT_INIT;
        int r = version ? pack_activate(hub->o.state_dir, name, version, fault)
                : pack_deactivate(hub->o.state_dir, name, fault);

        if (r != 0)
                return fault_errno(fault, r, "pack");
        r = content_rebuild(hub, fault);
        if (r == 0)
                return 0;
        if (before)
                pack_activate(hub->o.state_dir, name, before, &ignored);
        else
                pack_deactivate(hub->o.state_dir, name, &ignored);
        return fault_prefix(fault, "the pack '%s' was not put in force", name);
}

static json_t *pack_answer(struct hub *hub, const char *name)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        return pack ? json_deep_copy(pack->metadata) : json_object();
}

static void forget(char *text, const char *dir)
{
        size_t n = strlen(dir);
        char *at = text ? strstr(text, dir) : NULL;

        if (!at || (at[n] != '/' && at[n] != ':'))
                return;
        n += 1 + strspn(at + n + 1, " ");
        memmove(at, at + n, strlen(at + n) + 1);
}

static void forget_in(json_t *object, const char *key, const char *dir)
{
        _free_ char *text = strdup(json_text_of(object, key, ""));

        forget(text, dir);
        if (text)
                json_set_text(object, key, text);
}

/* Who sent it knows its files by their names in the pack, and finds nothing of it in our state. */
static void refuse(struct hub *hub, const json_t *meta, const char *dir, struct fault *fault)
{
        _fault_ struct fault ignored = FAULT_INIT;

        json_t *problem;
        size_t i;

        forget(fault->what, dir);
        forget(fault->why, dir);
        json_array_foreach(json_object_get(fault->detail, "problems"), i, problem) {
                forget_in(problem, "file", dir);
                forget_in(problem, "what", dir);
        }
        pack_discard(hub->o.state_dir, json_text_of(meta, "ref", ""),
                     json_text_of(meta, "version", ""), &ignored);
}

/* Every file of it, and the packs that it needs. */
static int check_pack(struct hub *hub, const char *dir, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);

        return catalog_check_pack(dir, catalog, fault);
}

static int check_unneeded(struct hub *hub, const char *name, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const char *other = catalog_who_needs(catalog, name);

        if (!other)
                return 0;
        fault_set(fault, 409, "pack.needed", "the pack '%s' is needed by '%s'", name, other);
        return fault_try(fault, "kaname pack remove %s first", other);
}

int hub_pack_install(struct hub *hub, int archive_fd, const char *folder, bool upgrade,
                     const char *user, json_t **ret, struct fault *fault)
{
        _json_ json_t *meta = NULL;
        _free_ char *dir = NULL;
        const char *name, *version;
        int r;

        pthread_mutex_lock(&hub->content_lock);
        r = pack_unpack(hub->o.state_dir, archive_fd, folder, &meta, &dir, fault);
        name = json_text_of(meta, "ref", "");
        version = json_text_of(meta, "version", "");
        if (r == 0)
                r = pack_known(hub, name, upgrade, fault);
        if (r == 0)
                r = check_pack(hub, dir, fault);
        if (r == 0)
                r = switch_version(hub, name, version, fault);
        if (r == FAULT && fault && dir)
                refuse(hub, meta, dir, fault);
        pthread_mutex_unlock(&hub->content_lock);
        if (r != 0)
                return fault_errno(fault, r, "pack");
        tell(upgrade ? "pack upgraded" : "pack installed", name, user);
        *ret = pack_answer(hub, name);
        return 0;
}

int hub_pack_rollback(struct hub *hub, const char *name, const char *user, json_t **ret,
                      struct fault *fault)
{
        _free_ char *version = NULL;
        int r;

        pthread_mutex_lock(&hub->content_lock);
        r = pack_previous(hub->o.state_dir, name, &version, fault);
        if (r == 0)
                r = switch_version(hub, name, version, fault);
        pthread_mutex_unlock(&hub->content_lock);
        if (r != 0)
                return fault_errno(fault, r, "pack");
        tell("pack rolled back", name, user);
        *ret = pack_answer(hub, name);
        return 0;
}

int hub_pack_remove(struct hub *hub, const char *name, const char *user, struct fault *fault)
{
        int r;

        pthread_mutex_lock(&hub->content_lock);
        r = pack_known(hub, name, true, fault);
        if (r == 0)
                r = check_unneeded(hub, name, fault);
        if (r == 0)
                r = switch_version(hub, name, NULL, fault);
        if (r == 0)
                r = pack_prune(hub->o.state_dir, name, NULL, fault);
        pthread_mutex_unlock(&hub->content_lock);
        if (r == 0)
                tell("pack removed", name, user);
        return fault_errno(fault, r, "pack");
}

int hub_plugin_trust(struct hub *hub, const char *name, const char *user, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct manifest *plugin = catalog_plugin(catalog, name);
        int r;

        if (!plugin)
                return fault_set(fault, 404, "plugin.unknown", "there is no plugin '%s'", name);
        r = host_trust(hub->o.host, plugin->hash, fault);
        if (r == 0)
                tell("plugin trusted in the core", name, user);
        return fault_errno(fault, r, "trust");
}
