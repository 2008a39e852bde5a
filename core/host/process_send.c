/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the hub says to a process never blocks: what the socket has no room for is kept and sent by
 * the loop. A process that lets more than OUT_MAX pile up does not read, and is ended.
 */

#include "host/process.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define OUT_MAX (64u << 20)

struct out_piece {
        struct list link;
        struct wire_packet packet;      /* json points into bytes; raw is part of it */
        size_t sent;
        char bytes[];
};

void process_ring(struct process *process)
{
        eventfd_write(process->bell, 1);
}

static void piece_free(struct out_piece *piece)
{
        list_unlink(&piece->link);
        wire_packet_deinit(&piece->packet);
        free(piece);
}

void process_out_free(struct process *process)
{
        list_each_safe(at, &process->out)
                piece_free(list_entry(at, struct out_piece, link));
}

/* True when all is out, or will never be. */
static bool flush(struct process *process)
{
        while (!list_is_empty(&process->out)) {
                struct out_piece *piece = list_entry(process->out.next, struct out_piece, link);
                size_t size = wire_packet_size(&piece->packet);
                int64_t n = wire_send(process->socket, &piece->packet, piece->sent, MSG_DONTWAIT);

                if (n == -EAGAIN)
                        return false;
                piece->sent = n < 0 ? size : piece->sent + (size_t)n;
                if (piece->sent < size)
                        continue;
                process->out_bytes -= size;
                piece_free(piece);
        }
        return true;
}

static void on_room(void *arg, uint32_t events)
{
        struct process *process = arg;
        bool is_empty;

        (void)events;
        pthread_mutex_lock(&process->sending);
        is_empty = flush(process);
        if (is_empty)
                process->out_is_posted = false;
        pthread_mutex_unlock(&process->sending);
        if (is_empty)
                process->out_source = loop_fd_remove(process->out_source);
        process_ring(process);
}

static void watch_room(void *arg)
{
        struct process *process = arg;
        struct host *host = process->host;
        bool is_open;

        pthread_mutex_lock(&host->lock);
        is_open = !process->is_reaped;  /* from then on nobody would take the source away */
        pthread_mutex_unlock(&host->lock);
        if (is_open && !process->out_source)
                loop_fd_add(host->loop, process->socket, EPOLLOUT, on_room, process,
                            &process->out_source);
        process_unref(process);
        host_posted(host);
}

/* A descriptor of the caller's is doubled: he closes his when this returns. */
static int keep_rest(struct process *process, const struct wire_packet *packet, size_t sent)
{
        struct out_piece *piece = malloc(sizeof *piece + packet->json_len + packet->raw_len);

        if (!piece)
                return -ENOMEM;
        piece->packet = *packet;
        piece->sent = sent;
        piece->packet.json = piece->bytes;
        piece->packet.json_len = packet->json_len + packet->raw_len;
        piece->packet.raw_len = 0;
        piece->packet.owns_fd = true;
        piece->packet.fd = packet->fd >= 0 && sent == 0 ? dup(packet->fd) : -1;
        if (packet->json_len)
                memcpy(piece->bytes, packet->json, packet->json_len);
        if (packet->raw_len)
                memcpy(piece->bytes + packet->json_len, packet->raw, packet->raw_len);
        list_init(&piece->link);
        list_append(&process->out, &piece->link);
        process->out_bytes += wire_packet_size(&piece->packet);
        return process->out_bytes > OUT_MAX ? -ENOBUFS : 0;
}

/* Under sending. 1: the loop is to be told that something waits. */
static int send_packet(struct process *process, const struct wire_packet *packet)
{
        size_t sent = 0, size = wire_packet_size(packet);
        int64_t n;
        int r;

        if (list_is_empty(&process->out)) {
                do {
                        n = wire_send(process->socket, packet, sent, MSG_DONTWAIT);
                        sent += n > 0 ? (size_t)n : 0;
                } while (n > 0 && sent < size);
                if (n < 0 && n != -EAGAIN)
                        return (int)n;
                if (sent == size)
                        return 0;
        }
        r = keep_rest(process, packet, sent);
        if (r < 0 || process->out_is_posted)
                return r;
        process->out_is_posted = true;
        return 1;
}

static int send_message(struct process *process, const struct wire_message *message)
{
        struct wire_packet packet;
        int r = wire_pack(message, &packet);

        if (r < 0)
                return r;
        r = send_packet(process, &packet);
        wire_packet_deinit(&packet);
        return r;
}

/* Under the host's lock. */
static void tell_loop(struct process *process)
{
        process_ref(process);
        if (host_post(process->host, watch_room, process) < 0)
                process->refs--;        /* never the last: the caller has one */
}

static int after_send(struct process *process, int r)
{
        struct host *host = process->host;

        if (r == -ENOBUFS) {
                pthread_mutex_lock(&host->lock);
                process_kill(process);
                pthread_mutex_unlock(&host->lock);
        }
        if (r <= 0)
                return r;
        pthread_mutex_lock(&host->lock);
        tell_loop(process);
        pthread_mutex_unlock(&host->lock);
        return 0;
}

int process_send(struct process *process, const struct wire_message *message)
{
        int r;

        pthread_mutex_lock(&process->sending);
        r = send_message(process, message);
        pthread_mutex_unlock(&process->sending);
        return after_send(process, r);
}

/* ---- calls ---- */

static int tell_seat(struct process *process, struct seat *seat)
{
        _text_ struct text json = TEXT_INIT;
        _free_ char *config = NULL;
        struct wire_message message = { .type = WIRE_INSTANCE, .fd = -1 };

        if (seat->told == process->serial)
                return 0;
        config = json_compact(seat->public);
        text_addf(&json, "{\"number\":%u,\"name\":", seat->number);
        wire_add_string(&json, seat->name);
        text_add(&json, "}");
        if (!config || json.failed)
                return -ENOMEM;
        message.json = json.s;
        message.json_len = json.len;
        message.raw = config;
        message.raw_len = strlen(config);
        seat->told = process->serial;
        return send_message(process, &message);
}

static void member(struct text *json, const char *key, const char *value)
{
        if (!value)
                return;
        text_add(json, ",\"");
        text_add(json, key);
        text_add(json, "\":");
        wire_add_string(json, value);
}

static void describe_call(const struct host_call *call, const struct seat *seat, struct text *json)
{
        int64_t left =
                call->cancel.deadline_mono_ms ? call->cancel.deadline_mono_ms - clock_mono_ms() : 0;
        char head[160];

        if (call->cancel.deadline_mono_ms && left < 1)
                left = 1;
        snprintf(head, sizeof head, "{\"entry\":%d,\"instance\":%u,\"attempt\":%u,\"left_ms\":%lld",
                 call->entry, seat->number, call->attempt, (long long)left);
        text_add(json, head);
        member(json, "name", call->name);
        member(json, "id", call->id);
        member(json, "action", call->action);
        member(json, "mode", call->mode);
        text_add(json, "}");
}

int process_send_call(struct process *process, const struct host_call *call, struct seat *seat)
{
        _text_ struct text json = TEXT_INIT;
        bool has_args = json_object_size(call->args) > 0;
        _free_ char *args = has_args ? json_compact(call->args) : NULL;
        struct wire_message message = { .type = WIRE_CALL, .call = call->wire_id, .raw = args,
                                        .raw_len = args ? strlen(args) : 0, .fd = -1 };
        int r, told;

        describe_call(call, seat, &json);
        if (json.failed || (has_args && !args))
                return -ENOMEM;
        message.json = json.s;
        message.json_len = json.len;
        pthread_mutex_lock(&process->sending);
        told = tell_seat(process, seat);
        r = told < 0 ? told : send_message(process, &message);
        pthread_mutex_unlock(&process->sending);
        return after_send(process, r == 0 ? told : r);
}

void process_drop_seat(struct process *process, struct seat *seat)
{
        char json[32];
        bool is_known;
        int r = 0;

        snprintf(json, sizeof json, "{\"number\":%u}", seat->number);
        pthread_mutex_lock(&process->sending);
        is_known = seat->told == process->serial;
        if (is_known)
                r = send_message(process, &(struct wire_message){ .type = WIRE_DROP,
                                                                  .json = json,
                                                                  .json_len = strlen(json),
                                                                  .fd = -1 });
        pthread_mutex_unlock(&process->sending);
        if (is_known)
                process_ring(process);
        after_send(process, r);
}

/* Under the host's lock: what a process may not be reading for, and what it is to answer. */
static void send_urgent(struct process *process, const struct wire_message *message)
{
        int r;

        pthread_mutex_lock(&process->sending);
        r = send_message(process, message);
        pthread_mutex_unlock(&process->sending);
        if (r > 0)
                tell_loop(process);
        process_ring(process);
        process_need_reader(process);
}

void process_cancel(struct process *process, struct host_call *call, int code)
{
        char json[32];

        snprintf(json, sizeof json, "{\"code\":%d}", code);
        send_urgent(process, &(struct wire_message){ .type = WIRE_CANCEL,
                                                     .call = call->wire_id,
                                                     .json = json,
                                                     .json_len = strlen(json),
                                                     .fd = -1 });
}

void process_ping(struct process *process)
{
        send_urgent(process, &(struct wire_message){ .type = WIRE_PING, .fd = -1 });
}
