/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A load of POSTs over kept-alive connections, one thread each, and what became of them. Every
 * request carries a number of its own; the numbers that were answered with 2xx are written to a
 * file the moment the answer is read, so that a checker can hold the hub to them after any crash.
 *
 *   load --port P [--path /x] [--token T] [--connections 64] [--seconds S | --count N] [--rate N/s]
 *        [--acks FILE] [--first N] [--header "Name: value"] [--batch N] [--retry] BODY
 *
 * BODY and --header: each %N is the request's number. --batch: BODY is repeated N times as an
 * array, with a number each. --retry: reconnect when the connection is refused or cut (the hub was
 * killed). Ends by itself, or orderly on SIGTERM. Prints: sent acked failed seconds per_s p50_ms
 * p99_ms max_ms
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS 4000 /* of 50 us: latencies up to 200 ms, the last takes the rest */

static struct {
        int port, connections, batch;
        const char *path, *token, *header, *body;
        double seconds, rate;
        int64_t count, first;
        bool retry;
        FILE *acks;
} o = { .connections = 64, .path = "/", .batch = 1 };

static atomic_bool stop;
static atomic_llong next_number, sent, acked, failed, max_us;
static atomic_llong buckets[BUCKETS];
static pthread_mutex_t acks_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t started_us;

static int64_t now_us(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void on_signal(int signal)
{
        (void)signal;
        atomic_store(&stop, true);
}

static int dial(void)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)o.port) };
        struct timeval limit = { 10, 0 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
                return fd;
        close(fd);
        return -1;
}

/* Replace each %N by the number. */
static size_t fill(char *out, size_t room, const char *from, int64_t number)
{
        size_t n = 0;

        while (*from && n + 24 < room) {
                if (from[0] == '%' && from[1] == 'N') {
                        n += (size_t)sprintf(out + n, "%lld", (long long)number);
                        from += 2;
                } else {
                        out[n++] = *from++;
                }
        }
        out[n] = '\0';
        return n;
}

static size_t make_body(char *body, size_t room, int64_t number)
{
        size_t n = 0;

        if (o.batch <= 1)
                return fill(body, room, o.body, number);
        body[n++] = '[';
        for (int i = 0; i < o.batch; i++) {
                if (i)
                        body[n++] = ',';
                n += fill(body + n, room - n, o.body, number * o.batch + i);
        }
        body[n++] = ']';
        return n;
}

static size_t make_request(char *request, size_t room, int64_t number)
{
        static _Thread_local char body[1 << 19];
        char header[512] = "";
        size_t len = make_body(body, sizeof body, number);
        int head;

        if (o.header)
                fill(header, sizeof header, o.header, number);
        head = snprintf(
                request, room,
                "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "%s%s%s%s%s\r\n",
                o.path, o.batch > 1 ? "application/cloudevents-batch+json" : "application/json",
                len, o.token ? "Authorization: Bearer " : "", o.token ? o.token : "",
                o.token ? "\r\n" : "", header, *header ? "\r\n" : "");
        memcpy(request + head, body, len);
        return (size_t)head + len;
}

static bool send_all(int fd, const char *data, size_t len)
{
        while (len) {
                ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

                if (n <= 0)
                        return false;
                data += n;
                len -= (size_t)n;
        }
        return true;
}

/* The status of one answer, read whole; 0 when the connection broke. */
static int read_answer(int fd)
{
        char answer[16384];
        size_t have = 0, want = 0;
        char *end = NULL, *length;

        while (!want || have < want) {
                ssize_t n = recv(fd, answer + have, sizeof answer - 1 - have, 0);

                if (n <= 0)
                        return 0;
                have += (size_t)n;
                answer[have] = '\0';
                if (!want && (end = strstr(answer, "\r\n\r\n"))) {
                        length = strcasestr(answer, "\r\nContent-Length:");
                        want = (size_t)(end + 4 - answer) +
                               (length ? strtoul(length + 17, NULL, 10) : 0);
                        if (want >= sizeof answer)
                                return 0;
                }
        }
        return atoi(answer + 9);
}

static void note(int64_t number, int64_t took_us)
{
        int64_t slot = took_us / 50, seen = atomic_load(&max_us);

        atomic_fetch_add(&acked, 1);
        atomic_fetch_add(&buckets[slot < BUCKETS ? slot : BUCKETS - 1], 1);
        while (took_us > seen && !atomic_compare_exchange_weak(&max_us, &seen, took_us))
                ;
        if (!o.acks)
                return;
        pthread_mutex_lock(&acks_lock);
        fprintf(o.acks, "%lld\n", (long long)number);
        fflush(o.acks);
        pthread_mutex_unlock(&acks_lock);
}

/* With a rate, request k of all connections is due k/rate seconds after the start. */
static void wait_turn(int64_t k)
{
        int64_t due = started_us + (int64_t)((double)k / o.rate * 1e6), now = now_us();

        if (due > now)
                usleep((useconds_t)(due - now));
}

static bool one(int fd, int64_t number, char *request, size_t room)
{
        size_t len = make_request(request, room, number);
        int64_t began = now_us();
        int status;

        atomic_fetch_add(&sent, 1);
        status = send_all(fd, request, len) ? read_answer(fd) : 0;
        if (status >= 200 && status < 300)
                note(number, now_us() - began);
        else
                atomic_fetch_add(&failed, 1);
        return status != 0;
}

static bool is_over(int64_t k)
{
        return atomic_load(&stop) || (o.count && k >= o.count) ||
                (o.seconds > 0 && now_us() - started_us > (int64_t)(o.seconds * 1e6));
}

static void *connection(void *arg)
{
        size_t room = (1 << 19) + 4096;
        char *request = malloc(room);
        int fd = -1;

        while (request) {
                int64_t k;

                if (fd < 0)
                        fd = dial();
                if (fd < 0) {
                        if (!o.retry || is_over(0))
                                break;
                        usleep(2000);
                        continue;
                }
                k = atomic_fetch_add(&next_number, 1);
                if (is_over(k))
                        break;
                if (o.rate > 0)
                        wait_turn(k);
                if (!one(fd, o.first + k, request, room)) {
                        close(fd);
                        fd = -1;
                }
        }
        if (fd >= 0)
                close(fd);
        free(request);
        return arg;
}

static double percentile_ms(double share)
{
        long long total = atomic_load(&acked), seen = 0;

        for (int i = 0; i < BUCKETS; i++) {
                seen += atomic_load(&buckets[i]);
                if (total && (double)seen >= share * (double)total)
                        return (i + 1) * 0.05;
        }
        return 0;
}

static void parse(int argc, char **argv)
{
        static const struct option options[] = { { "port", 1, 0, 'p' },
                                                 { "path", 1, 0, 'u' },
                                                 { "token", 1, 0, 't' },
                                                 { "connections", 1, 0, 'c' },
                                                 { "seconds", 1, 0, 's' },
                                                 { "count", 1, 0, 'n' },
                                                 { "rate", 1, 0, 'r' },
                                                 { "acks", 1, 0, 'a' },
                                                 { "first", 1, 0, 'f' },
                                                 { "header", 1, 0, 'h' },
                                                 { "batch", 1, 0, 'b' },
                                                 { "retry", 0, 0, 'y' },
                                                 { 0, 0, 0, 0 } };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (c) {
                case 'p': o.port = atoi(optarg); break;
                case 'u': o.path = optarg; break;
                case 't': o.token = optarg; break;
                case 'c': o.connections = atoi(optarg); break;
                case 's': o.seconds = atof(optarg); break;
                case 'n': o.count = atoll(optarg); break;
                case 'r': o.rate = atof(optarg); break;
                case 'a': o.acks = fopen(optarg, "ae"); break;
                case 'f': o.first = atoll(optarg); break;
                case 'h': o.header = optarg; break;
                case 'b': o.batch = atoi(optarg); break;
                case 'y': o.retry = true; break;
                default: exit(2);
                }
        }
        if (optind + 1 != argc || !o.port || o.connections < 1 || o.connections > 1024) {
                fprintf(stderr, "usage: load --port P [--path /x] [--token T] [--connections N] "
                                "[--seconds S] BODY\n");
                exit(2);
        }
        o.body = argv[optind];
}

int main(int argc, char **argv)
{
        pthread_t *threads;
        double seconds;

        parse(argc, argv);
        signal(SIGTERM, on_signal);
        signal(SIGINT, on_signal);
        threads = calloc((size_t)o.connections, sizeof *threads);
        started_us = now_us();
        for (int i = 0; threads && i < o.connections; i++)
                pthread_create(&threads[i], NULL, connection, NULL);
        for (int i = 0; threads && i < o.connections; i++)
                pthread_join(threads[i], NULL);
        seconds = (double)(now_us() - started_us) / 1e6;
        printf("sent %lld acked %lld failed %lld seconds %.2f per_s %.0f p50_ms %.2f p99_ms %.2f "
               "max_ms %.2f\n",
               (long long)sent, (long long)acked, (long long)failed, seconds,
               (double)acked / seconds, percentile_ms(0.5), percentile_ms(0.99),
               (double)max_us / 1000);
        free(threads);
        return acked ? 0 : 1;
}
