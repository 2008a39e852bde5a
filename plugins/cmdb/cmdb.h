/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the CMDB plugins share: the actions of the contract, written once over a small interface that
 * each system implements (cmdb_system_*, below). A plugin is these files and its own, linked
 * together.
 *
 * An item's value is what the ledger keeps, whatever objects the system keeps it in:
 * {"status": "active", "owner": {"name", "mail"} or null, "attributes": {text by name},
 *  "depends_on": ["server/hv1", sorted]}. A view is an item as read: {"kind", "name", "value", "id",
 * "url", "address", "updated_at", "mark": the system's own, equal as long as nobody wrote, "plain":
 * item.create could make it again as it is}. Functions return KN_OK or a KN_E with the sentence set.
 */

#ifndef CMDB_CMDB_H
#define CMDB_CMDB_H

#include "change.h"
#include "json.h"

struct cmdb_key {
        const char *kind, *name;
};

/* What a search asks; NULL: anything. */
struct cmdb_query {
        const char *kind, *text, *status, *mail;
        const json_t *attributes;       /* object of texts */
        const char *depends_on;         /* "server/hv1" */
        size_t limit;                   /* no more than this, and one to tell that there are */
};

/* ---- what a system implements ---- */

/* *ret: the view; untouched where there is none. */
int cmdb_system_read(struct kn_ctx *ctx, const struct cmdb_key *key, json_t **ret);
/*
 * Hold a wanted value to what the system can keep, and complete it, so that a plan shows all of it:
 * defaults of a new item (before NULL), the name that belongs to an owner's mail address.
 */
int cmdb_system_fit(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *before,
                    json_t *after);
/* view: the item as read just now, NULL: a new one; after NULL: delete it. */
int cmdb_system_write(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *view,
                      const json_t *after);
/*
 * Append the views that may fit to rows; too many do no harm, cmdb_fits() is asked of each. 1: the
 * system has more than could be looked at, so that others may fit as well.
 */
int cmdb_system_search(struct kn_ctx *ctx, const struct cmdb_query *query, json_t *rows);
/*
 * The entries of the change log from `since` (Unix seconds) on, oldest first: {"id", "time": Unix
 * seconds, "at", "kind", "name", "change", "by"}, of what is no item only "id" and "time"; since < 0:
 * only the newest. 1: there are later ones, for the next call.
 */
int cmdb_system_changes(struct kn_ctx *ctx, int64_t since, json_t *rows);

/* ---- what they share ---- */

/* Takes the references. NULL: out of memory. */
json_t *cmdb_value(const char *status, json_t *owner, json_t *attributes, json_t *depends_on);
/* "cmdb/server/web1"; a slash in a name is written %2F. */
char *cmdb_resource(const struct cmdb_key *key);
json_t *cmdb_owner(const char *name, const char *mail);         /* null where mail is NULL or "" */
json_t *cmdb_sorted(json_t *texts);                             /* takes the reference; new */
const char *cmdb_status(const json_t *value);
const json_t *cmdb_attributes(const json_t *value);
bool cmdb_fits(const json_t *view, const struct cmdb_query *query);
bool cmdb_is_retired(const json_t *value);
int cmdb_fail_kind(struct kn_ctx *ctx, const char *kind, const char *kinds);

/* ---- the rows for the plugin's tables ---- */

int cmdb_get(struct kn_ctx *ctx);
int cmdb_search(struct kn_ctx *ctx);
int cmdb_create(struct kn_ctx *ctx);
int cmdb_update(struct kn_ctx *ctx);
int cmdb_retire(struct kn_ctx *ctx);
int cmdb_remove(struct kn_ctx *ctx);
int cmdb_relate(struct kn_ctx *ctx);
int cmdb_unrelate(struct kn_ctx *ctx);
int cmdb_dependents(struct kn_ctx *ctx);
int cmdb_watch(struct kn_ctx *ctx);

/* Summaries and schemas stand in the domain's contract. */
#define CMDB_READS (KN_IDEMPOTENT | KN_READONLY)
#define CMDB_ACTIONS \
        { .name = "item.get", .run = cmdb_get, .flags = CMDB_READS }, \
        { .name = "item.search", .run = cmdb_search, .flags = CMDB_READS }, \
        { .name = "item.create", .run = cmdb_create, .flags = KN_IDEMPOTENT }, \
        { .name = "item.update", .run = cmdb_update, .flags = KN_IDEMPOTENT }, \
        { .name = "item.retire", .run = cmdb_retire, .flags = KN_IDEMPOTENT }, \
        { .name = "item.remove", .run = cmdb_remove, .flags = KN_IDEMPOTENT }, \
        { .name = "item.relate", .run = cmdb_relate, .flags = KN_IDEMPOTENT }, \
        { .name = "item.unrelate", .run = cmdb_unrelate, .flags = KN_IDEMPOTENT }, \
        { .name = "item.dependents", .run = cmdb_dependents, .flags = CMDB_READS }

#endif
