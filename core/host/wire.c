/* SPDX-License-Identifier: Apache-2.0 */
#include "host/wire.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define FLAG_OWN 0x00ff         /* the message's own */
#define FLAG_FD 0x0100          /* a descriptor belongs to the message */
#define FLAG_MEMFD 0x0200       /* its body is in that descriptor */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define BUFFER (WIRE_INLINE_MAX + sizeof(struct wire_header))

static const struct json_limits message_limits = { WIRE_BODY_MAX, 66, NULL, NULL };

void wire_reader_init(struct wire_reader *reader, int socket)
{
        memset(reader, 0, sizeof *reader);
        reader->socket = socket;
}

static void unmap(struct wire_reader *reader)
{
        if (reader->map)
                munmap(reader->map, reader->map_len);
        reader->map = NULL;
}

void wire_reader_deinit(struct wire_reader *reader)
{
        unmap(reader);
        for (unsigned i = 0; i < reader->n_fds; i++)
                close(reader->fds[i]);
        free(reader->buffer);
        memset(reader, 0, sizeof *reader);
}

/* ---- bytes in ---- */

static int keep_fds(struct wire_reader *reader, struct msghdr *msg)
{
        int r = 0, fd;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
                size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof fd;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
                        if (reader->n_fds < WIRE_FDS_MAX) {
                                reader->fds[reader->n_fds++] = fd;
                        } else {
                                close(fd);
                                r = -EPROTO;
                        }
                }
        }
        return msg->msg_flags & MSG_CTRUNC ? -EPROTO : r;
}

/* One recvmsg into the room behind what is there; 1, 0 at the end, -errno. */
static int fill(struct wire_reader *reader)
{
        union {
                char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
                struct cmsghdr align;
        } control;
        struct iovec iov;
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
        ssize_t n;
        int r;

        if (!reader->buffer) {
                reader->buffer = malloc(BUFFER);
                if (!reader->buffer)
                        return -ENOMEM;
                reader->room = BUFFER;
        }
        if (reader->start) {
                memmove(reader->buffer, reader->buffer + reader->start,
                        reader->end - reader->start);
                reader->end -= reader->start;
                reader->start = 0;
        }
        iov = (struct iovec){ reader->buffer + reader->end, reader->room - reader->end };
        do {
                n = recvmsg(reader->socket, &msg, MSG_CMSG_CLOEXEC);
        } while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? errno == ECONNRESET ? 0 : -errno : 0;
        r = keep_fds(reader, &msg);
        reader->end += (size_t)n;
        return r < 0 ? r : 1;
}

/* ---- messages in ---- */

static bool head_of(const struct wire_reader *reader, struct wire_header *ret)
{
        if (reader->end - reader->start < sizeof *ret)
                return false;
        memcpy(ret, reader->buffer + reader->start, sizeof *ret);
        return true;
}

static bool is_sane(const struct wire_header *head)
{
        bool in_memfd = head->flags & FLAG_MEMFD;

        return head->type > 0 && head->type < WIRE_TYPES && head->raw <= head->len &&
                !(head->flags & ~(FLAG_OWN | FLAG_FD | FLAG_MEMFD)) &&
                (!in_memfd || head->flags & FLAG_FD) &&
                head->len <= (in_memfd ? WIRE_BODY_MAX : WIRE_INLINE_MAX);
}

/* Only what can no longer change under the reader's eyes is looked at. */
static int map_body(struct wire_reader *reader, int fd, size_t len)
{
        struct stat st;
        void *map;

        if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) < 0 || !len ||
            (size_t)st.st_size != len)
                return -EPROTO;
        map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        reader->map = map;
        reader->map_len = len;
        return 0;
}

static int take_fd(struct wire_reader *reader)
{
        int fd;

        if (!reader->n_fds)
                return -EPROTO;
        fd = reader->fds[0];
        memmove(reader->fds, reader->fds + 1, --reader->n_fds * sizeof *reader->fds);
        return fd;
}

static int take_message(struct wire_reader *reader, const struct wire_header *head,
                        struct wire_message *ret)
{
        const char *body = reader->buffer + reader->start + sizeof *head;
        _close_ int fd = -1;
        int r;

        if (head->flags & FLAG_FD) {
                fd = take_fd(reader);
                if (fd < 0)
                        return fd;
        }
        reader->start += sizeof *head;
        if (head->flags & FLAG_MEMFD) {
                r = map_body(reader, fd, head->len);
                if (r < 0)
                        return r;
                body = reader->map;
        } else {
                reader->start += head->len;
        }
        *ret = (struct wire_message){
                .type = head->type, .flags = head->flags & FLAG_OWN, .call = head->call,
                .json = body, .json_len = head->len - head->raw,
                .raw = body + (head->len - head->raw), .raw_len = head->raw,
                .fd = head->flags & FLAG_MEMFD ? -1 : TAKE_FD(fd),
        };
        return 1;
}

static size_t inline_size(const struct wire_header *head)
{
        return sizeof *head + (head->flags & FLAG_MEMFD ? 0 : head->len);
}

int wire_read(struct wire_reader *reader, struct wire_message *ret)
{
        struct wire_header head;
        bool has_head;
        int r;

        unmap(reader);
        for (;;) {
                has_head = head_of(reader, &head);
                if (has_head && !is_sane(&head))
                        return -EPROTO;
                if (has_head && reader->end - reader->start >= inline_size(&head))
                        return take_message(reader, &head, ret);
                r = fill(reader);
                if (r <= 0)
                        return r == 0 && reader->end > reader->start ? -EPROTO : r;
        }
}

bool wire_has_more(const struct wire_reader *reader)
{
        return reader->end > reader->start;
}

json_t *wire_json(const struct wire_message *message)
{
        json_t *json = NULL;

        if (!message->json_len)
                return json_object();
        if (json_parse(message->json, message->json_len, &message_limits, &json, NULL) != 0)
                return NULL;
        if (json_is_object(json))
                return json;
        json_decref(json);
        return NULL;
}

/* ---- messages out ---- */

static int write_all(int fd, const char *bytes, size_t len)
{
        for (size_t done = 0; done < len;) {
                ssize_t n = write(fd, bytes + done, len - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                done += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

static int body_to_memfd(const struct wire_message *message)
{
        _close_ int fd = memfd_create("kaname", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, message->json, message->json_len);
        if (r == 0)
                r = write_all(fd, message->raw, message->raw_len);
        if (r == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
                r = -errno;
        return r < 0 ? r : TAKE_FD(fd);
}

int wire_pack(const struct wire_message *message, struct wire_packet *ret)
{
        size_t len = message->json_len + message->raw_len;
        struct wire_packet packet = {
                .header = { .len = (uint32_t)len, .type = message->type, .flags = message->flags,
                            .call = message->call, .raw = (uint32_t)message->raw_len },
                .json = message->json, .raw = message->raw, .json_len = message->json_len,
                .raw_len = message->raw_len, .fd = message->fd,
        };

        if (len > WIRE_BODY_MAX || (len > WIRE_INLINE_MAX && message->fd >= 0))
                return -EMSGSIZE;
        if (len > WIRE_INLINE_MAX) {
                packet.fd = body_to_memfd(message);
                if (packet.fd < 0)
                        return packet.fd;
                packet.owns_fd = true;
                packet.header.flags |= FLAG_MEMFD;
                packet.json_len = packet.raw_len = 0;
        }
        if (packet.fd >= 0)
                packet.header.flags |= FLAG_FD;
        *ret = packet;
        return 0;
}

void wire_packet_deinit(struct wire_packet *packet)
{
        if (packet->owns_fd && packet->fd >= 0)
                close(packet->fd);
        packet->fd = -1;
}

size_t wire_packet_size(const struct wire_packet *packet)
{
        return sizeof packet->header + packet->json_len + packet->raw_len;
}

static unsigned pieces_from(const struct wire_packet *packet, size_t sent, struct iovec iov[3])
{
        const struct iovec all[] = {
                { (void *)(uintptr_t)&packet->header, sizeof packet->header },
                { (void *)(uintptr_t)packet->json, packet->json_len },
                { (void *)(uintptr_t)packet->raw, packet->raw_len },
        };
        unsigned n = 0;

        for (unsigned i = 0; i < 3; i++) {
                if (sent >= all[i].iov_len) {
                        sent -= all[i].iov_len;
                        continue;
                }
                iov[n++] = (struct iovec){ (char *)all[i].iov_base + sent, all[i].iov_len - sent };
                sent = 0;
        }
        return n;
}

int64_t wire_send(int socket, const struct wire_packet *packet, size_t sent, int flags)
{
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { 0 };
        struct iovec iov[3];
        struct msghdr msg = { .msg_iov = iov, .msg_iovlen = pieces_from(packet, sent, iov) };
        struct cmsghdr *c;
        ssize_t n;

        if (packet->fd >= 0 && sent == 0) {
                msg.msg_control = control.bytes;
                msg.msg_controllen = sizeof control.bytes;
                c = CMSG_FIRSTHDR(&msg);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &packet->fd, sizeof(int));
        }
        do {
                n = sendmsg(socket, &msg, flags | MSG_NOSIGNAL);
        } while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

void wire_add_string(struct text *text, const char *s)
{
        const char *plain;

        if (!s) {
                text_add(text, "null");
                return;
        }
        text_add(text, "\"");
        for (; *s; s++) {
                for (plain = s; (unsigned char)*s >= 0x20 && *s != '"' && *s != '\\'; s++)
                        ;
                text_add_bytes(text, plain, (size_t)(s - plain));
                if (!*s)
                        break;
                if (*s == '"' || *s == '\\')
                        text_addf(text, "\\%c", *s);
                else
                        text_addf(text, "\\u%04x", (unsigned)*s);
        }
        text_add(text, "\"");
}
