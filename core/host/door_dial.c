/* SPDX-License-Identifier: Apache-2.0 */
#include "host/door.h"

#include "base/cleanup.h"
#include "host/egress.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define DIAL_MS 10000           /* where the plugin names no time */

__attribute__((format(printf, 3, 4)))
static int say_so(char say[DOOR_SAY_SIZE], int code, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(say, DOOR_SAY_SIZE, fmt, ap);
        va_end(ap);
        return code;
}

static int deny(char say[DOOR_SAY_SIZE], const char *address)
{
        return say_so(say, KN_EDENIED,
                      "%s is not on the egress list of the instance: add it to `egress`", address);
}

/*
 * Connects without blocking, so that a cancel gets through; the plugin gets a plain blocking
 * descriptor.
 */
static int connect_one(const struct door_scope *scope, const struct sockaddr *address,
                       socklen_t len, int64_t timeout_ms)
{
        _close_ int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        socklen_t size = sizeof(int);
        int error = 0, r;

        if (fd < 0)
                return -1000 - errno;
        if (connect(fd, address, len) < 0) {
                if (errno != EINPROGRESS && errno != EAGAIN)
                        return -1000 - errno;
                r = cancel_wait(scope->cancel, fd, KN_WRITE, timeout_ms);
                if (r <= 0)
                        return r < 0 ? r : -1000 - ETIMEDOUT;
                if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error)
                        return -1000 - (error ? error : errno);
        }
        if (fcntl(fd, F_SETFL, 0) < 0)
                return -1000 - errno;
        return TAKE_FD(fd);
}

static int explain(int r, const char *address, char say[DOOR_SAY_SIZE])
{
        if (r == KN_ECANCELED || r == KN_ETIMEOUT)
                return say_so(say, r, "connecting to %s was called off", address);
        if (r > -1000)
                return say_so(say, r, "connecting to %s failed", address);
        r = -1000 - r;
        return say_so(say,
                      r == ETIMEDOUT               ? KN_ETIMEOUT
                      : r == EMFILE || r == ENFILE ? KN_ETEMP
                                                   : KN_EREMOTE,
                      "connecting to %s: %s", address, strerror(r));
}

static int dial_unix(const struct door_scope *scope, const char *path, int64_t timeout_ms,
                     char say[DOOR_SAY_SIZE])
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (strlen(path) >= sizeof address.sun_path)
                return say_so(say, KN_EARG, "the path of the socket is too long: %s", path);
        if (!egress_allows_path(scope->egress, path))
                return deny(say, path);
        memcpy(address.sun_path, path, strlen(path) + 1);
        r = connect_one(scope, (const struct sockaddr *)&address, sizeof address, timeout_ms);
        return r < 0 ? explain(r, path, say) : r;
}

static int dial_tcp(const struct door_scope *scope, const char *target, int64_t timeout_ms,
                    char say[DOOR_SAY_SIZE])
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                        .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV };
        char host[256], service[12];
        struct addrinfo *found = NULL;
        int port, r = KN_EDENIED;

        if (!egress_split(target, host, &port) || port < 0)
                return say_so(say, KN_EARG, "'%s' is no address: tcp:HOST:PORT is wanted", target);
        if (!egress_allows(scope->egress, host, port))
                return deny(say, target);
        snprintf(service, sizeof service, "%d", port);
        r = getaddrinfo(host, service, &hints, &found);
        if (r != 0)
                return say_so(say, r == EAI_AGAIN ? KN_ETEMP : KN_EREMOTE, "%s: %s", host,
                              gai_strerror(r));
        r = KN_EDENIED;
        for (struct addrinfo *a = found; a && r < 0 && r != KN_ECANCELED; a = a->ai_next)
                if (egress_allows_address(scope->egress, host, a->ai_addr))
                        r = connect_one(scope, a->ai_addr, a->ai_addrlen, timeout_ms);
        freeaddrinfo(found);
        if (r == KN_EDENIED)
                return say_so(say, r, "%s resolves to an address of this machine or link only: "
                              "name the address itself in `egress`", host);
        return r < 0 ? explain(r, target, say) : r;
}

int door_dial(const struct door_scope *scope, const char *address, int64_t timeout_ms,
              char say[DOOR_SAY_SIZE])
{
        if (timeout_ms <= 0)
                timeout_ms = DIAL_MS;
        if (text_starts_with(address, "unix:"))
                return dial_unix(scope, address + 5, timeout_ms, say);
        if (text_starts_with(address, "tcp:"))
                return dial_tcp(scope, address + 4, timeout_ms, say);
        return say_so(say, KN_EARG, "'%s' is no address: tcp:HOST:PORT or unix:PATH is wanted",
                      address);
}
