/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A credential may come in five places, because senders differ in what they can say: Alertmanager
 * knows Bearer only, StackStorm's clients their own headers, some webhooks nothing but a URL. One
 * request shows one credential; two are a mistake that must not be resolved by guessing.
 */

#include "rest/identify.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <microhttpd.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const char *bearer(const struct request *req)
{
        const char *value = request_header(req, "Authorization");

        return value && strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 + strspn(value + 7, " ")
                : NULL;
}

static int find_secret(const struct request *req, const char **ret, struct fault *fault)
{
        const char *found[] = {
                bearer(req),
                request_header(req, "X-Auth-Token"),
                request_header(req, "St2-Api-Key"),
                query_text(&req->query, "x-auth-token"),
                query_text(&req->query, "st2-api-key"),
        };
        const char *secret = NULL;

        for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
                if (!found[i] || !*found[i])
                        continue;
                if (secret && strcmp(secret, found[i]) != 0) {
                        fault_set(fault, 400, "auth.ambiguous",
                                  "the request shows two different credentials");
                        return fault_try(
                                fault,
                                "send one of Authorization: Bearer, X-Auth-Token, St2-Api-Key");
                }
                secret = found[i];
        }
        *ret = secret;
        return 0;
}

static struct auth_principal *peer_of(const struct request *req)
{
        const union MHD_ConnectionInfo *info;
        struct ucred cred;
        socklen_t len = sizeof cred;

        if (!req->listener->path)
                return NULL;
        info = MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
                return NULL;
        return auth_peer(req->rest->options.auth, cred.uid);
}

static bool is_signed(const struct request *req)
{
        return request_header(req, "X-Hub-Signature-256")
                || request_header(req, "webhook-signature");
}

static int missing(const struct request *req, struct fault *fault)
{
        fault_set(fault, 401, "auth.missing", "%s needs a credential", req->route->path);
        return fault_try(fault,
                         "send Authorization: Bearer TOKEN; the administrator's stands in the file "
                         "admin-token in the hub's state directory");
}

static int permit(const struct request *req, struct fault *fault)
{
        const struct auth_principal *who = req->who;

        if (auth_permits(who->role, req->route->permission))
                return 0;
        log_write(LOG_NOTICE_, LOG_FIELDS("user", who->user, "role", auth_role_text(who->role)),
                  "auth refused '%s %s': role lacks permission", req->route->method,
                  req->route->path);
        fault_set(fault, 403, "auth.role", "%s may not %s %s", who->user, req->route->method,
                  req->route->path);
        fault_why(fault, "it needs the permission \"%s\", which the role \"%s\" lacks",
                  auth_permission_text(req->route->permission), auth_role_text(who->role));
        return fault_try(fault, "ask an administrator for a key with another role");
}

int identify(struct request *req, struct fault *fault)
{
        const char *secret = NULL;
        int r;

        if (req->route->permission == AUTH_NONE)
                return 0;
        r = find_secret(req, &secret, fault);
        if (r)
                return r;
        if (secret)
                r = auth_check(req->rest->options.auth, secret, &req->who, fault);
        else
                req->who = peer_of(req);
        if (r)
                return r;
        if (req->who)
                return permit(req, fault);
        if ((req->route->flags & ROUTE_SIGNED) && is_signed(req))
                return 0;
        return missing(req, fault);
}

int identify_basic(const struct request *req, char **ret_user, char **ret_password,
                   struct fault *fault)
{
        const char *value = request_header(req, "Authorization");
        char text[512], *colon;
        size_t n = 0;

        if (value && strncasecmp(value, "Basic ", 6) == 0
            && sodium_base642bin((uint8_t *)text, sizeof text - 1, value + 6, strlen(value + 6),
                                 " ", &n,
                                 NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
                text[n] = '\0';
                colon = strchr(text, ':');
                if (colon && strlen(text) == n && text_is_utf8(text, n)) {
                        *colon = '\0';
                        *ret_user = strdup(text);
                        *ret_password = strdup(colon + 1);
                        sodium_memzero(text, sizeof text);
                        return *ret_user && *ret_password ? 0 : -ENOMEM;
                }
        }
        fault_set(fault, 401, "auth.basic", "this route needs Basic credentials");
        return fault_try(fault,
                         "curl -u USER:KEY, where KEY is an API key of USER or the admin token");
}
