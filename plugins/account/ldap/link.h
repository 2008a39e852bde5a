/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A signed-in connection to a directory, for the time of one callback. The descriptor comes from the
 * dial door, libldap does the protocol and TLS over it, and every wait is the host's, so that
 * deadline and cancel hold. Each operation gives KN_OK, or KN_E with the sentence set.
 */

#ifndef LDAP_LINK_H
#define LDAP_LINK_H

#include "cleanup.h"

#include <kaname/plugin.h>
#include <ldap.h>
#include <stdbool.h>

struct link {
        struct kn_ctx *ctx;
        LDAP *ld;                       /* NULL: not connected, or the connection broke */
        int fd;
        bool is_broken;                 /* the next operation connects anew */
};

void link_close(struct link *link);
#define _link_ _cleanup_(link_close)

struct link_search {
        const char *base, *filter;
        int scope;                      /* LDAP_SCOPE_BASE, _SUBTREE */
        char **attributes;              /* NULL: all */
        int limit;                      /* 0: none of ours */
        bool more;                      /* out: there are more than the server or the limit allows */
};

/* *ret: for ldap_first_entry(), ldap_msgfree(); a base that is not there has no entries. */
int link_search(struct link *link, struct link_search *search, LDAPMessage **ret);
int link_add(struct link *link, const char *dn, LDAPMod **mods);
/* csn: only if entryCSN is still that (RFC 4528), else KN_ECONFLICT; NULL: whatever it is. */
int link_modify(struct link *link, const char *dn, LDAPMod **mods, const char *csn);
int link_delete(struct link *link, const char *dn, const char *csn);

#endif
