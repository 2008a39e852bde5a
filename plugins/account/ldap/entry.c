/* SPDX-License-Identifier: Apache-2.0 */

/* Names and entries of the directory in the words of the contract. */

#include "account/ldap/directory.h"

#include <strings.h>

const struct user_field user_fields[USER_FIELDS] = {
        { "given_name", "givenName" },
        { "family_name", "sn" },
        { "display_name", "cn" },
        { "mail", "mail" },
};

/* ---- names ---- */

char *dn_of(const char *attribute, const char *value, const char *base)
{
        LDAPAVA ava = { { strlen(attribute), (char *)attribute }, { strlen(value), (char *)value },
                        LDAP_AVA_STRING, NULL };
        LDAPAVA *rdn[] = { &ava, NULL };
        char *text = NULL, *dn;
        size_t size;

        if (ldap_rdn2str(rdn, &text, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
                return NULL;
        size = strlen(text) + strlen(base) + 2;
        dn = malloc(size);
        if (dn)
                snprintf(dn, size, "%s,%s", text, base);
        ldap_memfree(text);
        return dn;
}

char *dn_of_group(struct kn_ctx *ctx, const char *group)
{
        return dn_of(kn_config_str(ctx, "group_attribute", "cn"), group,
                     kn_config_str(ctx, "groups", ""));
}

char *filter_text(const char *value)
{
        struct berval in = { strlen(value), (char *)value }, out = { 0, NULL };
        char *text;

        if (ldap_bv2escaped_filter_value(&in, &out) != 0)
                return NULL;
        text = strdup(out.bv_val ? out.bv_val : "");
        ldap_memfree(out.bv_val);
        return text;
}

/* As libldap writes it: two spellings of one name come out alike, but for case. */
static char *normal(const char *dn)
{
        LDAPDN parsed = NULL;
        char *text = NULL, *copy;

        if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
                return strdup(dn);
        ldap_dn2str(parsed, &text, LDAP_DN_FORMAT_LDAPV3);
        ldap_dnfree(parsed);
        copy = strdup(text ? text : dn);
        ldap_memfree(text);
        return copy;
}

bool dn_equal(const char *a, const char *b)
{
        _free_ char *x = normal(a), *y = normal(b);

        return x && y && strcasecmp(x, y) == 0;
}

char *dn_user(struct kn_ctx *ctx, const char *dn)
{
        const char *attribute = kn_config_str(ctx, "user_attribute", "uid");
        LDAPDN parsed = NULL;
        char *name = NULL;

        if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || !parsed)
                return strdup(dn);
        for (LDAPAVA **ava = parsed[0]; ava && *ava && !name; ava++)
                if (strlen(attribute) == (*ava)->la_attr.bv_len &&
                    strncasecmp(attribute, (*ava)->la_attr.bv_val, (*ava)->la_attr.bv_len) == 0)
                        name = strndup((*ava)->la_value.bv_val, (*ava)->la_value.bv_len);
        ldap_dnfree(parsed);
        return name ? name : strdup(dn);
}

/* ---- values ---- */

void entry_done(struct entry *entry)
{
        free(entry->dn);
        free(entry->csn);
        json_decref(entry->value);
        memset(entry, 0, sizeof *entry);
}

static json_t *managed(struct kn_ctx *ctx)
{
        return json_loads(kn_config_str(ctx, "attributes", "[]"), 0, NULL);
}

char **user_attributes(struct kn_ctx *ctx)
{
        _json_ json_t *more = managed(ctx);
        size_t n = 0, used = 0, room = 4096 + 256 * json_array_size(more);
        size_t rows = USER_FIELDS + 4 + json_array_size(more);
        char **list = calloc(1, rows * sizeof *list + room), *text;
        const char *names[3] = { kn_config_str(ctx, "user_attribute", "uid"),
                                 kn_config_str(ctx, "disabled_attribute", ""), "entryCSN" };
        json_t *name;
        size_t i;

        if (!list)
                return NULL;
        text = (char *)(list + rows);
        for (i = 0; i < USER_FIELDS; i++)
                list[n++] = (char *)user_fields[i].attribute;
        for (i = 0; i < 3; i++) {
                list[n++] = text + used;
                used += (size_t)snprintf(text + used, room - used, "%.255s", names[i]) + 1;
        }
        json_array_foreach(more, i, name) {
                list[n++] = text + used;
                used += (size_t)snprintf(text + used, room - used, "%.255s",
                                         json_string_value(name)) + 1;
        }
        return list;
}

char *entry_first(struct link *link, LDAPMessage *entry, const char *attribute)
{
        struct berval **values = ldap_get_values_len(link->ld, entry, attribute);
        char *text = values && values[0] ? strndup(values[0]->bv_val, values[0]->bv_len) : NULL;

        ldap_value_free_len(values);
        return text;
}

static int by_text(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

static json_t *sorted(json_t *list)
{
        size_t n = json_array_size(list);
        json_t *result = json_array(), **rows = calloc(n + 1, sizeof *rows);

        for (size_t i = 0; rows && i < n; i++)
                rows[i] = json_array_get(list, i);
        if (rows)
                qsort(rows, n, sizeof *rows, by_text);
        for (size_t i = 0; rows && i < n; i++)
                json_array_append(result, rows[i]);
        free(rows);
        json_decref(list);
        return result;
}

/* What is no text (a photograph, a certificate) cannot be shown, and is left out. */
json_t *entry_all(struct link *link, LDAPMessage *entry, const char *attribute)
{
        struct berval **values = ldap_get_values_len(link->ld, entry, attribute);
        json_t *list = json_array();

        for (size_t i = 0; values && values[i]; i++)
                json_array_append_new(list, json_stringn(values[i]->bv_val, values[i]->bv_len));
        ldap_value_free_len(values);
        return sorted(list);
}

static json_t *more_attributes(struct link *link, LDAPMessage *entry)
{
        _json_ json_t *names = managed(link->ctx);
        json_t *object = json_object(), *name;
        size_t i;

        json_array_foreach(names, i, name) {
                json_t *values = entry_all(link, entry, json_string_value(name));

                if (json_array_size(values) > 0)
                        json_object_set_new(object, json_string_value(name), values);
                else
                        json_decref(values);
        }
        return object;
}

static bool is_disabled(struct link *link, LDAPMessage *entry)
{
        const char *attribute = kn_config_str(link->ctx, "disabled_attribute", "");
        _free_ char *value = *attribute ? entry_first(link, entry, attribute) : NULL;

        return value && strcasecmp(value, kn_config_str(link->ctx, "disabled_value", "")) == 0;
}

json_t *user_value(struct link *link, LDAPMessage *entry)
{
        json_t *value = json_object();

        for (size_t i = 0; i < USER_FIELDS; i++) {
                _free_ char *text = entry_first(link, entry, user_fields[i].attribute);

                if (text)
                        json_object_set_new(value, user_fields[i].member, json_string(text));
        }
        json_object_set_new(value, "state",
                            json_string(is_disabled(link, entry) ? "disabled" : "active"));
        json_object_set_new(value, "attributes", more_attributes(link, entry));
        return value;
}

static int take_entry(struct link *link, LDAPMessage *found, const char *user, struct entry *ret)
{
        LDAPMessage *entry = ldap_first_entry(link->ld, found);
        char *dn;

        if (!entry)
                return KN_OK;
        if (ldap_next_entry(link->ld, entry))
                return kn_fail(link->ctx, KN_ECONFLICT, "several accounts below %s are called %s: "
                               "the directory has to tell them apart",
                               kn_config_str(link->ctx, "people", ""), user);
        dn = ldap_get_dn(link->ld, entry);
        ret->dn = dn ? strdup(dn) : NULL;
        ldap_memfree(dn);
        ret->csn = entry_first(link, entry, "entryCSN");
        ret->value = user_value(link, entry);
        return ret->dn && ret->value ? KN_OK : KN_ENOMEM;
}

int user_read(struct link *link, const char *user, struct entry *ret)
{
        struct entry fresh = { NULL, NULL, NULL };
        _free_ char *name = filter_text(user), *filter = NULL;
        _free_ char **attributes = user_attributes(link->ctx);
        struct link_search search = { .base = kn_config_str(link->ctx, "people", ""),
                                      .scope = LDAP_SCOPE_SUBTREE, .attributes = attributes,
                                      .limit = 2 };
        LDAPMessage *found = NULL;
        size_t size = name ? strlen(name) + 300 : 0;
        int r;

        filter = malloc(size + 1);
        if (!name || !filter || !attributes)
                return KN_ENOMEM;
        snprintf(filter, size, "(&(objectClass=%s)(%s=%s))",
                 kn_config_str(link->ctx, "user_classes.0", "inetOrgPerson"),
                 kn_config_str(link->ctx, "user_attribute", "uid"), name);
        search.filter = filter;
        r = link_search(link, &search, &found);
        if (r == 0)
                r = take_entry(link, found, user, &fresh);
        ldap_msgfree(found);
        entry_done(r < 0 ? &fresh : ret);
        if (r == 0)
                *ret = fresh;
        return r;
}

/* ---- groups ---- */

static char *group_filter(struct kn_ctx *ctx, const char *group, const char *member_dn)
{
        _free_ char *value = filter_text(group ? group : member_dn ? member_dn : "");
        size_t size = value ? strlen(value) + 400 : 0;
        char *filter = value ? malloc(size) : NULL;

        if (!filter)
                return NULL;
        snprintf(filter, size, group || member_dn ? "(&(objectClass=%s)(%s=%s))" : "(objectClass=%s)",
                 kn_config_str(ctx, "group_class", "groupOfNames"),
                 group ? kn_config_str(ctx, "group_attribute", "cn")
                       : kn_config_str(ctx, "member_attribute", "member"), value);
        return filter;
}

static void add_group(struct link *link, LDAPMessage *entry, json_t *groups)
{
        const char *member = kn_config_str(link->ctx, "member_attribute", "member");
        _free_ char *csn = entry_first(link, entry, "entryCSN");
        _free_ char *name = entry_first(link, entry,
                                        kn_config_str(link->ctx, "group_attribute", "cn"));
        char *dn = ldap_get_dn(link->ld, entry);

        if (name && dn)
                json_object_set_new(groups, name, json_pack("{s:s, s:s?, s:o}", "dn", dn, "csn",
                                                            csn, "members",
                                                            entry_all(link, entry, member)));
        ldap_memfree(dn);
}

int groups_read(struct link *link, const char *group, const char *member_dn, json_t **ret)
{
        _free_ char *filter = group_filter(link->ctx, group, member_dn);
        char *attributes[] = { (char *)kn_config_str(link->ctx, "group_attribute", "cn"),
                               (char *)kn_config_str(link->ctx, "member_attribute", "member"),
                               (char *)"entryCSN", NULL };
        struct link_search search = { .base = kn_config_str(link->ctx, "groups", ""),
                                      .scope = LDAP_SCOPE_SUBTREE, .filter = filter,
                                      .attributes = attributes };
        LDAPMessage *found = NULL;
        json_t *groups;
        int r = filter ? link_search(link, &search, &found) : KN_ENOMEM;

        if (r < 0)
                return r;
        groups = json_object();
        for (LDAPMessage *e = ldap_first_entry(link->ld, found); e;
             e = ldap_next_entry(link->ld, e))
                add_group(link, e, groups);
        ldap_msgfree(found);
        *ret = groups;
        if (!search.more)
                return KN_OK;
        json_decref(groups);
        return kn_fail(link->ctx, KN_EREMOTE, "the directory gives fewer groups than it has: raise "
                       "the size limit for bind_dn");
}

json_t *group_users(struct kn_ctx *ctx, const json_t *group)
{
        const char *nobody = kn_config_str(ctx, "nobody", "");
        json_t *users = json_array(), *dn;
        size_t i;

        json_array_foreach(json_object_get(group, "members"), i, dn) {
                const char *text = json_string_value(dn);
                _free_ char *user = dn_equal(text, nobody) ? NULL : dn_user(ctx, text);

                if (user)
                        json_array_append_new(users, json_string(user));
        }
        return sorted(users);
}

bool group_has(const json_t *group, const char *dn)
{
        json_t *member;
        size_t i;

        json_array_foreach(json_object_get(group, "members"), i, member)
                if (dn_equal(json_string_value(member), dn))
                        return true;
        return false;
}

/* ---- mods ---- */

static LDAPMod *next_mod(struct mods *mods, int op, const char *attribute, size_t n_values)
{
        LDAPMod *row;

        if (mods->n >= MODS_MAX ||
            mods->n_values + n_values + 1 > sizeof mods->values / sizeof *mods->values) {
                mods->is_full = true;
                return NULL;
        }
        row = &mods->rows[mods->n];
        row->mod_op = op;
        row->mod_type = (char *)attribute;
        row->mod_values = mods->values + mods->n_values;
        mods->list[mods->n++] = row;
        return row;
}

void mods_text(struct mods *mods, int op, const char *attribute, const char *value)
{
        if (!next_mod(mods, op, attribute, 1))
                return;
        if (value && *value)
                mods->values[mods->n_values++] = (char *)value;
        mods->values[mods->n_values++] = NULL;
}

void mods_list(struct mods *mods, int op, const char *attribute, const json_t *values)
{
        json_t *value;
        size_t i;

        if (!next_mod(mods, op, attribute, json_array_size(values)))
                return;
        json_array_foreach(values, i, value)
                mods->values[mods->n_values++] = (char *)json_string_value(value);
        mods->values[mods->n_values++] = NULL;
}
