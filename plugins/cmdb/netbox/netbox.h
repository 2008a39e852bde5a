/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the parts of the netbox plugin share. NetBox and Nautobot are one family: the same objects
 * under the same paths, with names that drifted apart; where they did is a row of this table.
 */

#ifndef CMDB_NETBOX_H
#define CMDB_NETBOX_H

#include "cmdb/cmdb.h"

struct make {
        const char *name;               /* "Nautobot" */
        const char *version;            /* in the answer of /api/status/ */
        const char *depth;              /* of a list: how objects that are referred to come whole */
        const char *contacts, *assignments, *changes;   /* paths */
        const char *object_type, *object_id;    /* an assignment's members and filters */
        const char *sort, *since;       /* parameters of the change log */
        const char *place;              /* where a device stands: "location", "site" */
        const char *retired;            /* the word for it */
        bool has_plain_status;          /* status is {"value": …}, not an object of its own */
};

/* A kind of item: what the system calls it. */
struct netbox_kind {
        const char *kind, *path, *type;
        const char *const *attributes;  /* names of rows in the table of item.c, up to NULL */
};

extern const struct netbox_kind netbox_kinds[];
#define NETBOX_KINDS 2
#define NETBOX_KINDS_TEXT "server and vm"

const struct make *netbox_make(struct kn_ctx *ctx);
const struct netbox_kind *netbox_kind(const char *kind);                /* NULL: none */
const struct netbox_kind *netbox_kind_of_type(const char *type);        /* NULL: none */

/* ---- the API (api.c): path is after /api, built by web_path(); NULL is out of memory ---- */

int netbox_get(struct kn_ctx *ctx, const char *path, const char *doing, json_t **ret);
/* POST, PATCH and DELETE; ret NULL: the answer's body is of no interest. */
int netbox_send(struct kn_ctx *ctx, const char *method, const char *path, const json_t *body,
                const char *doing, json_t **ret);
/*
 * All pages of a list, or as many as hold max rows; path has a '?'. 1: the system has more, and the
 * caller says so or knows that it does not matter.
 */
int netbox_list(struct kn_ctx *ctx, const char *path, const char *doing, size_t max, json_t *rows);
/* The same where more than max rows is a failure. */
int netbox_list_all(struct kn_ctx *ctx, const char *path, const char *doing, size_t max,
                    json_t *rows);
int netbox_fail_more(struct kn_ctx *ctx, const char *doing, size_t n);

/* ---- owners (owner.c): contacts, assigned in the role that the configuration names ---- */

/* Put "owner" into the values of views, that have "id"; all of one kind. */
int netbox_put_owners(struct kn_ctx *ctx, const struct netbox_kind *kind, json_t *views);
/* The contact with that address; untouched where there is none. */
int netbox_find_contact(struct kn_ctx *ctx, const char *mail, json_t **ret);
/* Make owner (null: nobody) the owner of an object. */
int netbox_set_owner(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *id,
                     const json_t *owner);
/* The objects of a kind that belong to an address, as [{"id"}]. */
int netbox_owned(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *mail,
                 json_t *objects);
/* "&NAME=…" of objects from one on, as many as one question takes. New string; NULL: no memory. */
#define NETBOX_IDS_AT_ONCE 40
char *netbox_ids(const json_t *objects, size_t from, const char *name);

/* The custom fields that objects of a kind have, as {name: true}. */
int netbox_custom_fields(struct kn_ctx *ctx, const struct netbox_kind *kind, json_t **ret);
const char *netbox_depends_field(struct kn_ctx *ctx);
char *netbox_id(const json_t *row);                     /* text or number, as text; new */

#endif
