/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the hub and a kaname-host say to each other, over one stream socket. A message is a 16-byte
 * header, a JSON object (may be left out), and raw bytes (may be left out). A body above
 * WIRE_INLINE_MAX travels as a sealed memfd beside the header; a dialled connection and the bell
 * travel as descriptors too, one a message at most.
 *
 * The hub reads what an untrusted process wrote: lengths, seals and counts are checked here, and
 * anything that does not fit is -EPROTO, after which the connection is worth nothing.
 *
 * The bell is an eventfd: the hub rings it after a message that the process might not be reading
 * for, because all of its threads are in calls (see child_threads.c).
 */

#ifndef HOST_WIRE_H
#define HOST_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_INLINE_MAX (64u << 10)
#define WIRE_BODY_MAX (80u << 20)       /* a result of 64 MiB and what surrounds it */
#define WIRE_FDS_MAX 32                 /* descriptors that wait for their messages */

enum wire_type {
        /* to the process */
        WIRE_HELLO = 1, /* {access, own_sockets, memory_max} and the bell */
        WIRE_INSTANCE,  /* {number, name}; raw: its configuration */
        WIRE_DROP,      /* {number}: destroy it */
        WIRE_CALL, /* {entry, instance, name, id, action, mode, attempt, left_ms}; raw: arguments, if any */
        WIRE_CANCEL, /* {code} */
        WIRE_REPLY, /* {code, say?, seq?, status?, headers?}; raw: the value, the body; a descriptor */
        WIRE_PING,  /* is anybody there? */
        /* from the process */
        WIRE_PONG,
        WIRE_READY,  /* {sandbox: {…}} or {what}: it could not load */
        WIRE_DONE,   /* {code, sentence?}, nothing for 0; raw: the result */
        WIRE_LOG,    /* flags: level; raw: text */
        WIRE_STREAM, /* flags: kind; raw: bytes */
        WIRE_AGAIN,  /* {ms} */
        /* ... and these want a WIRE_REPLY */
        WIRE_SECRET,    /* {path} */
        WIRE_STORE_GET, /* {path} */
        WIRE_STORE_PUT, /* {path, seq?, remove?}; raw: JSON */
        WIRE_EMIT,      /* {trigger, id?, cursor?}; raw: the payload */
        WIRE_CHANGE,    /* {resource, before?, after?, undo_action?, undo_args?} */
        WIRE_CHANGED,   /* {ticket, outcome, observed?} */
        WIRE_HTTP,      /* {method, url, headers?, timeout_ms}; raw: the body */
        WIRE_DIAL,      /* {address, timeout_ms} */
        WIRE_TYPES
};

struct wire_header {
        uint32_t len;           /* of the body: JSON and raw */
        uint16_t type;
        uint16_t flags;         /* low byte: the message's own */
        uint32_t call;
        uint32_t raw;           /* how much of the body is raw: its end */
};

struct wire_message {
        uint16_t type;
        uint8_t flags;
        uint32_t call;
        const char *json, *raw;         /* not NUL-terminated */
        size_t json_len, raw_len;
        int fd;                         /* -1: none */
};

struct wire_reader {
        int socket;                     /* the caller's */
        char *buffer;
        size_t start, end, room;
        void *map;                      /* the body of the last message, if it was a memfd */
        size_t map_len;
        int fds[WIRE_FDS_MAX];
        unsigned n_fds;
};

void wire_reader_init(struct wire_reader *reader, int socket);
void wire_reader_deinit(struct wire_reader *reader);
/*
 * The next message; what it points to lives until the next call, its descriptor is the caller's
 * from now on. 1; 0 at the end of the stream; -EAGAIN (the socket's own time limit), -EPROTO,
 * -errno.
 */
int wire_read(struct wire_reader *reader, struct wire_message *ret);
/* Is there more to read without asking the socket? */
bool wire_has_more(const struct wire_reader *reader);
/* The JSON of a message as an object; an empty one for none; NULL: it is no object, or too deep. */
json_t *wire_json(const struct wire_message *message);

/*
 * A message on its way out. A body that is too large for the socket's buffers has become a memfd.
 */
struct wire_packet {
        struct wire_header header;
        const char *json, *raw;         /* what is to be sent behind the header; lengths may be 0 */
        size_t json_len, raw_len;
        int fd;                         /* to be sent along; -1: none */
        bool owns_fd;
};

/* 0, -EMSGSIZE, -errno. */
int wire_pack(const struct wire_message *message, struct wire_packet *ret);
void wire_packet_deinit(struct wire_packet *packet);
/*
 * Send from byte `sent` on (0: with the descriptor); flags as of sendmsg. Bytes now sent, or
 * -errno.
 */
int64_t wire_send(int socket, const struct wire_packet *packet, size_t sent, int flags);
size_t wire_packet_size(const struct wire_packet *packet);

/* Text into a JSON string with its quotes; NULL becomes null. */
struct text;
void wire_add_string(struct text *text, const char *s);

#endif
