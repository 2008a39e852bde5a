/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between the files of this plugin: names and entries (entry.c), changes of accounts (user.c) and of
 * groups (group.c), what only reads (read.c), the plugin (ldap.c).
 *
 * An account's value, which the ledger keeps: {"given_name", "family_name", "display_name", "mail",
 * "state", "attributes": {name: [values, sorted]}}, without what it has not.
 */

#ifndef LDAP_DIRECTORY_H
#define LDAP_DIRECTORY_H

#include "account/ldap/link.h"

#define USER_FIELDS 4

/* A member of the value, and the attribute that holds it. */
struct user_field {
        const char *member, *attribute;
};

extern const struct user_field user_fields[USER_FIELDS];

/* ---- entry.c: names ---- */

/* "uid=Alice \2C B,ou=people,…": escaped by libldap (RFC 4514). New; NULL: out of memory. */
char *dn_of(const char *attribute, const char *value, const char *base);
char *dn_of_group(struct kn_ctx *ctx, const char *group);
/* The value as it stands in a filter (RFC 4515). New. */
char *filter_text(const char *value);
bool dn_equal(const char *a, const char *b);
/* The account's name if its DN begins with that attribute, else the DN itself. New. */
char *dn_user(struct kn_ctx *ctx, const char *dn);

/* ---- entry.c: entries ---- */

struct entry {
        char *dn, *csn;                 /* owned; NULL: there is none */
        json_t *value;                  /* owned */
};

void entry_done(struct entry *entry);
#define _entry_ _cleanup_(entry_done)

char **user_attributes(struct kn_ctx *ctx);             /* to ask for; owned by the caller, one block */
json_t *user_value(struct link *link, LDAPMessage *entry);
/* The first value of an attribute; new, NULL: it has none. */
char *entry_first(struct link *link, LDAPMessage *entry, const char *attribute);
json_t *entry_all(struct link *link, LDAPMessage *entry, const char *attribute);    /* sorted */
/* KN_OK with a NULL value: there is no such account. KN_ECONFLICT: several. */
int user_read(struct link *link, const char *user, struct entry *ret);
/* Groups as {name: {"dn", "csn", "members": [DN]}}: all, one by its name, or those of a member's DN. */
int groups_read(struct link *link, const char *group, const char *member_dn, json_t **ret);
/* The members that are accounts, by name, sorted; what only keeps the group from being empty is none. */
json_t *group_users(struct kn_ctx *ctx, const json_t *group);
bool group_has(const json_t *group, const char *dn);

/* ---- mods ---- */

#define MODS_MAX 80

/* A change of an entry under construction; texts are borrowed until it is sent. */
struct mods {
        LDAPMod rows[MODS_MAX];
        LDAPMod *list[MODS_MAX + 1];
        char *values[MODS_MAX * 4 + 400];
        size_t n, n_values;
        bool is_full;
};

void mods_text(struct mods *mods, int op, const char *attribute, const char *value);
void mods_list(struct mods *mods, int op, const char *attribute, const json_t *values);

/* ---- the rows of the plugin's table ---- */

int user_create(struct kn_ctx *ctx);
int user_set(struct kn_ctx *ctx);
int user_state(struct kn_ctx *ctx);
int user_remove(struct kn_ctx *ctx);
int user_get(struct kn_ctx *ctx);
int user_list(struct kn_ctx *ctx);
int group_create(struct kn_ctx *ctx);
int group_remove(struct kn_ctx *ctx);
int group_list(struct kn_ctx *ctx);
int member_add(struct kn_ctx *ctx);
int member_remove(struct kn_ctx *ctx);
int access_list(struct kn_ctx *ctx);
/* One membership goes, as a change of its own; for whoever takes away accounts and groups. */
int member_drop(struct link *link, const char *group, const char *user, const char *user_dn);

#endif
