/* SPDX-License-Identifier: Apache-2.0 */

/* A hub with its REST server on a port of the kernel's choice, and a client to ask it. */

#ifndef TESTS_REST_FIXTURE_H
#define TESTS_REST_FIXTURE_H

#include "hub_fixture.h"
#include "suite.h"

#include "auth/auth.h"
#include "base/log.h"
#include "rest/rest.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 150

static struct auth *auth;
static struct rest *rest;
static char admin[128], url[64], socket_path[96];

static void read_admin(void)
{
        char path[96];
        ssize_t n;
        int fd;

        snprintf(path, sizeof path, "%s/admin-token", dir);
        fd = open(path, O_RDONLY);
        n = read(fd, admin, sizeof admin - 1);
        ck_assert_int_gt(n, 0);
        close(fd);
        admin[n] = '\0';
        admin[strcspn(admin, "\n")] = '\0';
}

static void rest_up(void)
{
        static char unix_address[104];
        static const char *listen[] = { "127.0.0.1:0", unix_address, NULL };
        struct auth_options auth_options = { .store = store, .state_dir = dir };
        struct rest_options options = { .hub = hub, .content = content, .state_dir = dir, .listen = listen,
                .idle_s = 1, .connections_max = CONNECTIONS_MAX };
        _fault_ struct fault fault = FAULT_INIT;

        snprintf(socket_path, sizeof socket_path, "%s/sock", dir);
        snprintf(unix_address, sizeof unix_address, "unix:%s", socket_path);
        ck_assert_msg(auth_open(&auth_options, &auth, NULL, &fault) == 0, "%s", fault.what);
        options.auth = auth;
        ck_assert_msg(rest_start(&options, &rest, &fault) == 0, "%s", fault.what);
        read_admin();
        snprintf(url, sizeof url, "http://127.0.0.1:%u", rest_port(rest, 0));
}

static void rest_setup(void)
{
        log_setup(LOG_ERROR_, LOG_TEXT);
        setup();
        hub_up();
        rest_up();
}

static void rest_teardown(void)
{
        rest = rest_stop(rest);
        if (auth && hub) {
                hub_down();
                auth = auth_close(auth);
        }
        teardown();
}

/* ---- a client ---- */

struct reply {
        long status;
        struct text head, text;
        json_t *json;                   /* NULL where the body is none */
};

static void reply_deinit(struct reply *reply)
{
        text_deinit(&reply->head);
        text_deinit(&reply->text);
        json_decref(reply->json);
}
#define _reply_ _cleanup_(reply_deinit)

static size_t take_bytes(char *data, size_t size, size_t n, void *arg)
{
        text_add_bytes(arg, data, size * n);
        return size * n;
}

struct ask {
        const char *method, *path, *body, *type,
                *secret; /* type NULL: JSON; secret "": none, NULL: the admin's */
        const char *headers[6];
        const char *basic, *unix_socket;
        long timeout_ms;                /* 0: ten seconds */
};

static struct curl_slist *headers_of(const struct ask *ask)
{
        struct curl_slist *list = NULL;
        char line[512];

        if (ask->body) {
                snprintf(line, sizeof line, "Content-Type: %s", ask->type ? ask->type
                         : "application/json");
                list = curl_slist_append(list, line);
        }
        if (!ask->secret || *ask->secret) {
                snprintf(line, sizeof line, "Authorization: Bearer %s", ask->secret ? ask->secret
                         : admin);
                list = curl_slist_append(list, line);
        }
        list = curl_slist_append(list, "Expect:");
        for (size_t i = 0; i < 6 && ask->headers[i]; i++)
                list = curl_slist_append(list, ask->headers[i]);
        return list;
}

/* A request that ends by its timeout gives what came until then. */
static struct reply ask_for(const struct ask *ask)
{
        struct reply reply = { .status = 0 };
        struct curl_slist *headers = headers_of(ask);
        CURL *curl = curl_easy_init();
        char whole[1024];

        snprintf(whole, sizeof whole, "%s%s", url, ask->path);
        curl_easy_setopt(curl, CURLOPT_URL, whole);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ask->method ? ask->method : "GET");
        if (ask->body)
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->body);
        if (ask->basic)
                curl_easy_setopt(curl, CURLOPT_USERPWD, ask->basic);
        if (ask->unix_socket)
                curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, ask->unix_socket);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ask->timeout_ms ? ask->timeout_ms : 10000L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.text);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_bytes);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.head);
        curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        if (reply.text.len)
                reply.json = json_loadb(reply.text.s, reply.text.len, JSON_DECODE_ANY, NULL);
        return reply;
}

static struct reply get(const char *path)
{
        return ask_for(&(struct ask){ .path = path });
}

static struct reply post(const char *path, const char *body)
{
        return ask_for(&(struct ask){ .method = "POST", .path = path, .body = body });
}

static const char *member(const struct reply *reply, const char *path)
{
        const json_t *value = json_at(reply->json, path);

        return json_is_string(value) ? json_string_value(value) : "";
}

#define check_status(reply, wanted)                                                     \
        ck_assert_msg((reply).status == (wanted), "status %ld: %s", (reply).status,     \
                      (reply).text.s ? (reply).text.s : "")

/* A key with these rights; its secret, to be freed. */
__attribute__((unused)) static char *key_with(const char *body)
{
        _reply_ struct reply reply = post("/api/v1/apikeys", body);

        check_status(reply, 201);
        return strdup(member(&reply, "key"));
}

/* ---- a client that does as it likes ---- */

__attribute__((unused)) static int raw_connect(void)
{
        struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(rest_port(rest, 0)),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct timeval wait = { 8, 0 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        return fd;
}

__attribute__((unused)) static void raw_send(int fd, const char *text)
{
        ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

#endif
