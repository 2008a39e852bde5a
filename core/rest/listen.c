/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/listen.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int bad_address(const char *address, const char *why, struct fault *fault)
{
        fault_set(fault, 422, "listen.address", "%s: %s", address, why);
        return fault_try(
                fault,
                "write HOST:PORT with a numeric host (127.0.0.1:8470, [::1]:8470) or unix:/PATH");
}

static int cannot_bind(const char *address, struct fault *fault)
{
        int error = errno;

        if (error == EADDRINUSE) {
                fault_set(fault, 409, "listen.taken", "%s: another process listens there", address);
                return fault_try(fault,
                                 "ss -ltnp shows which one; or set listen to another address");
        }
        fault_set(fault, 422, "listen.bind", "%s: %s", address, strerror(error));
        if (text_starts_with(address, "unix:"))
                return fault_try(fault, "name a socket in a folder that exists and is the hub's to "
                                 "write");
        if (error == EADDRNOTAVAIL)
                return fault_try(fault, "name an address of this machine: ip -br address");
        return error == EACCES ? fault_try(fault, "choose a port from 1024 on; those below are for "
                                           "root") : FAULT;
}

/* A socket file that nobody serves any more is left from a crash. */
static void remove_stale(const struct sockaddr_un *addr)
{
        _close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct stat st;

        if (fd < 0 || lstat(addr->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
                return;
        if (connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 && errno == ECONNREFUSED)
                unlink(addr->sun_path);
}

static int open_unix(struct listener *listener, const char *path, struct fault *fault)
{
        struct sockaddr_un addr = { .sun_family = AF_UNIX };
        _close_ int fd = -1;

        if (*path != '/' || strlen(path) >= sizeof addr.sun_path)
                return bad_address(listener->address,
                                   "the path must be absolute and shorter than 108 bytes", fault);
        snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
        remove_stale(&addr);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
                return cannot_bind(listener->address, fault);
        listener->path = strdup(path);
        /* Anybody may knock: the peer's uid decides, and others need a token. */
        if (!listener->path || chmod(path, 0666) < 0 || listen(fd, 511) < 0)
                return cannot_bind(listener->address, fault);
        listener->fd = TAKE_FD(fd);
        return 0;
}

static bool is_loopback(const struct sockaddr *addr)
{
        const struct sockaddr_in *in = (const void *)addr;
        const struct sockaddr_in6 *in6 = (const void *)addr;

        if (addr->sa_family == AF_INET)
                return ntohl(in->sin_addr.s_addr) >> 24 == 127;
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static int bind_tcp(struct listener *listener, const struct addrinfo *info, struct fault *fault)
{
        _close_ int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_storage bound;
        socklen_t len = sizeof bound;
        int on = 1;

        if (fd < 0)
                return -errno;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (info->ai_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, 511) < 0
            || getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
                return cannot_bind(listener->address, fault);
        listener->port = ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                               : ((struct sockaddr_in6 *)&bound)->sin6_port);
        listener->fd = TAKE_FD(fd);
        return 0;
}

static int open_tcp(struct listener *listener, bool may_be_public, struct fault *fault)
{
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                  .ai_socktype = SOCK_STREAM }, *info;
        _free_ char *host = strdup(listener->address);
        char *colon = host ? strrchr(host, ':') : NULL, *from = host;
        int r;

        if (!host)
                return -ENOMEM;
        if (!colon || colon == host)
                return bad_address(listener->address, "has no port", fault);
        *colon = '\0';
        if (*from == '[' && colon[-1] == ']') {
                from++;
                colon[-1] = '\0';
        }
        if (getaddrinfo(from, colon + 1, &hints, &info) != 0)
                return bad_address(listener->address, "is not an address and port", fault);
        if (!may_be_public && !is_loopback(info->ai_addr)) {
                fault_set(fault, 422, "listen.public", "%s: a public address needs TLS",
                          listener->address);
                r = fault_try(fault,
                              "set tls.cert and tls.key, or listen on 127.0.0.1 behind a proxy");
        } else {
                r = bind_tcp(listener, info, fault);
        }
        freeaddrinfo(info);
        return r;
}

int listener_open(struct listener *listener, const char *address, bool may_be_public,
                  struct fault *fault)
{
        listener->address = strdup(address);
        if (!listener->address)
                return -ENOMEM;
        if (text_starts_with(address, "unix:"))
                return open_unix(listener, address + 5, fault);
        return open_tcp(listener, may_be_public, fault);
}

void listener_close(struct listener *listener)
{
        if (listener->daemon)
                MHD_stop_daemon(listener->daemon);
        if (listener->fd >= 0)
                close(listener->fd);
        if (listener->path)
                unlink(listener->path);
        free(listener->path);
        free(listener->address);
}
