/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an untrusted process may write on its wire. The first byte says in how many pieces it comes
 * and whether a descriptor lies beside it; every message that is taken stays within its bounds, and
 * the same bytes give the same messages however they are cut.
 */

#include "host/wire.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_piece(int socket, const uint8_t *data, size_t len, int fd)
{
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { 0 };
        struct iovec iov = { (void *)(uintptr_t)data, len };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        struct cmsghdr *c;

        if (fd >= 0) {
                msg.msg_control = control.bytes;
                msg.msg_controllen = sizeof control.bytes;
                c = CMSG_FIRSTHDR(&msg);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fd, sizeof fd);
        }
        if (sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                return;
}

/*
 * A body of 100,000 spaces, sealed or not: the length and the seals are what a message may lie
 * about.
 */
static int make_body(unsigned how)
{
        int fd = how & 2 ? memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;

        if (fd < 0 || ftruncate(fd, 100000) < 0)
                return fd;
        if (how & 4)
                fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        return fd;
}

static unsigned sum(unsigned h, const char *bytes, size_t len)
{
        while (len--)
                h = h * 31 + (unsigned char)*bytes++;
        return h;
}

/* All of it, in pieces of at most step bytes; a mark of what was understood. */
static unsigned feed(const uint8_t *data, size_t size, size_t step, int fd)
{
        struct wire_reader reader;
        struct wire_message m = { .fd = -1 };
        unsigned mark = 1;
        int ends[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
                return 0;
        for (size_t at = 0; at < size; at += step)
                send_piece(ends[0], data + at, size - at < step ? size - at : step,
                           at == 0 ? fd : -1);
        close(ends[0]);
        wire_reader_init(&reader, ends[1]);
        while ((r = wire_read(&reader, &m)) == 1) {
                _json_ json_t *json = wire_json(&m);

                if (m.type == 0 || m.type >= WIRE_TYPES || m.json_len + m.raw_len > WIRE_BODY_MAX)
                        abort();
                mark = sum(sum(mark * 31 + m.type, m.json, m.json_len), m.raw, m.raw_len) + m.call +
                       !!json;
                if (m.fd >= 0)
                        close(m.fd);
        }
        wire_reader_deinit(&reader);
        close(ends[1]);
        return mark * 31 + (unsigned)r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        int fd;

        if (size < 2 || size > 32768)
                return 0;
        fd = make_body(data[0]);
        if (feed(data + 1, size - 1, size, fd) !=
            feed(data + 1, size - 1, 1 + data[0] % 61u * 16, fd))
                abort();
        if (fd >= 0)
                close(fd);
        return 0;
}
