/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client_i.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>

#define ANSWER_MAX ((size_t)256 << 20)  /* what the hub may keep of one output */

static const struct json_limits answer_limits = { ANSWER_MAX, 256, NULL, NULL };

int client_open(struct cli *cli, struct fault *fault)
{
        struct client *client;
        int r;

        if (cli->client)
                return 0;
        client = calloc(1, sizeof *client);
        if (!client)
                return -ENOMEM;
        client->interrupt_fd = -1;
        r = account_find(cli, &client->account, fault);
        if (!r) {
                curl_global_init(CURL_GLOBAL_DEFAULT);
                client->multi = curl_multi_init();
                client->easy = curl_easy_init();
                if (!client->multi || !client->easy)
                        r = -ENOMEM;
        }
        if (r)
                client_free(client);
        else
                cli->client = client;
        return r;
}

struct client *client_free(struct client *client)
{
        if (!client)
                return NULL;
        curl_easy_cleanup(client->easy);
        curl_multi_cleanup(client->multi);
        cleanup_close(&client->interrupt_fd);
        account_deinit(&client->account);
        free(client);
        return NULL;
}

const char *client_where(struct cli *cli)
{
        const struct account *account;

        if (client_open(cli, NULL))
                return "?";
        account = &cli->client->account;
        return account->socket ? account->socket : account->url;
}

char *client_escape(const char *s)
{
        _text_ struct text text = TEXT_INIT;

        for (; *s; s++) {
                if (strchr("-._~:", *s) || (*s >= '0' && *s <= '9') ||
                    ((*s | 32) >= 'a' && (*s | 32) <= 'z'))
                        text_add_bytes(&text, s, 1);
                else
                        text_addf(&text, "%%%02X", (unsigned char)*s);
        }
        return text_take(&text);
}

char *client_path(const char *pattern, const char *operand)
{
        const char *hole = strstr(pattern, "{}");
        _free_ char *escaped = hole ? client_escape(operand) : NULL;
        char *path;

        if (!hole)
                return strdup(pattern);
        if (asprintf(&path, "%.*s%s%s", (int)(hole - pattern), pattern, escaped ? escaped : "",
                     hole + 2) < 0)
                return NULL;
        return path;
}

char *client_url(const struct client *client, const struct request *request)
{
        char *url;

        if (asprintf(&url, "%s%s%s%s", client->account.url, request->path,
                     request->query && *request->query ? "?" : "",
                     request->query ? request->query : "") < 0)
                return NULL;
        return url;
}

/* A proxy of the environment is of no use for a hub on this machine. */
static bool is_loopback(const char *url)
{
        return text_starts_with(url, "http://127.") || text_starts_with(url, "http://localhost") ||
                text_starts_with(url, "http://[::1]") || text_starts_with(url, "https://127.") ||
                text_starts_with(url, "https://localhost") ||
                text_starts_with(url, "https://[::1]");
}

static void header_add(struct curl_slist **headers, const char *name, const char *value)
{
        _free_ char *line = NULL;

        if (asprintf(&line, "%s: %s", name, value) >= 0)
                *headers = curl_slist_append(*headers, line);
        else
                line = NULL;
}

void client_setup(struct client *client, const struct request *request, const char *url,
                  struct curl_slist **headers)
{
        CURL *easy = client->easy;
        _free_ char *bearer = NULL;

        curl_easy_reset(easy);
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);         /* ".." is a name like others */
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "kaname/" PACKAGE_VERSION);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
        if (client->account.socket)
                curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->account.socket);
        if (is_loopback(url))
                curl_easy_setopt(easy, CURLOPT_PROXY, "");
        if (request->method)
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
        if (request->basic) {
                curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
                curl_easy_setopt(easy, CURLOPT_USERPWD, request->basic);
        } else if (client->account.token &&
                   asprintf(&bearer, "Bearer %s", client->account.token) >= 0) {
                header_add(headers, "Authorization", bearer);
        }
        if (request->once)
                header_add(headers, "Idempotency-Key", request->once);
        *headers = curl_slist_append(*headers, "Expect:");
}

static bool is_interrupted(struct client *client)
{
        struct signalfd_siginfo info;

        return read(client->interrupt_fd, &info, sizeof info) == sizeof info;
}

/* How long to sleep at most, or -ETIMEDOUT. */
static int nap(const struct client *client, int64_t want_ms)
{
        int64_t left = client->deadline_ms ? client->deadline_ms - clock_mono_ms() : want_ms;

        return left <= 0 ? -ETIMEDOUT : (int)(left < want_ms ? left : want_ms);
}

/* Wait for the wire, an interrupt or the deadline. */
static int await(struct client *client)
{
        struct curl_waitfd extra = { client->interrupt_fd, CURL_WAIT_POLLIN, 0 };
        int ms = nap(client, 1000);

        if (ms < 0)
                return ms;
        curl_multi_poll(client->multi, &extra, client->interrupt_fd >= 0, ms, NULL);
        return extra.revents && is_interrupted(client) ? -EINTR : 0;
}

int client_perform(struct client *client, CURLcode *ret)
{
        int running = 1, left, r = 0;
        CURLMsg *message;

        *ret = CURLE_OK;
        curl_multi_add_handle(client->multi, client->easy);
        while (running && !r) {
                if (curl_multi_perform(client->multi, &running) != CURLM_OK)
                        break;
                r = running ? await(client) : 0;
        }
        message = curl_multi_info_read(client->multi, &left);
        *ret = message ? message->data.result : CURLE_FAILED_INIT;
        curl_multi_remove_handle(client->multi, client->easy);
        return r;
}

int client_fail(struct client *client, CURLcode code, struct fault *fault)
{
        const struct account *account = &client->account;
        long os_error = 0;

        curl_easy_getinfo(client->easy, CURLINFO_OS_ERRNO, &os_error);
        if (code == CURLE_OPERATION_TIMEDOUT)
                return fault_set(fault, 504, "hub.timeout", "the hub at %s did not answer in time",
                                 account->socket ? account->socket : account->url);
        fault_set(fault, 503, "hub.unreachable", "cannot reach the hub at %s",
                  account->socket ? account->socket : account->url);
        fault_why(fault, "%s%s%s", curl_easy_strerror(code), os_error ? ": " : "",
                  os_error ? strerror((int)os_error) : "");
        if (account->socket && os_error == EACCES)
                return fault_try(fault,
                                 "sudo kaname …   (or `kaname login --url URL` with a token)");
        if (account->socket)
                return fault_try(fault,
                                 "systemctl status kanamed   (a hub elsewhere: --url or "
                                 "$KANAME_URL)");
        return fault_try(fault, "curl -v %s/healthz", account->url);
}

int client_problem(long status, const json_t *problem, const char *text, struct fault *fault)
{
        const char *what = json_text_of(problem, "detail", NULL);
        const char *code = json_text_of(problem, "code", NULL), *key;
        json_t *value;

        if (!what)
                what = json_text_of(problem, "faultstring", json_text_of(problem, "title", NULL));
        if (!json_is_object(problem) || !what) {
                fault_set(fault, (int)status, "hub.answer", "the hub answered with status %ld",
                          status);
                return text && *text ? fault_why(fault, "%.200s", text) : FAULT;
        }
        fault_set(fault, (int)status, code ? code : "hub.refused", "%s", what);
        if (json_text_of(problem, "why", NULL))
                fault_why(fault, "%s", json_text_of(problem, "why", ""));
        if (json_text_of(problem, "remedy", json_text_of(problem, "try", NULL)))
                fault_try(fault, "%s",
                          json_text_of(problem, "remedy", json_text_of(problem, "try", "")));
        json_object_foreach((json_t *)problem, key, value)
                if (json_is_array(value) || json_is_object(value) || !strcmp(key, "execution")
                    || !strcmp(key, "path"))
                        fault_detail(fault, key, json_incref(value));
        return FAULT;
}

struct sink {
        struct text text;
        CURL *easy;
        FILE *save;
        int64_t total, date_ms;
};

static bool is_saved(const struct sink *sink)
{
        long status = 0;

        return sink->save && !curl_easy_getinfo(sink->easy, CURLINFO_RESPONSE_CODE, &status) &&
                status >= 200 && status <= 299;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
        struct sink *sink = arg;

        if (is_saved(sink))
                return fwrite(bytes, size, n, sink->save) * size;
        if (sink->text.len + size * n > ANSWER_MAX)
                return 0;
        text_add_bytes(&sink->text, bytes, size * n);
        return sink->text.failed ? 0 : size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
        struct sink *sink = arg;
        char line[128];
        time_t date;

        snprintf(line, sizeof line, "%.*s", (int)(size * n), bytes);
        if (!strncasecmp(line, "X-Total-Count:", 14))
                sink->total = strtoll(line + 14, NULL, 10);
        if (!strncasecmp(line, "Date:", 5) && (date = curl_getdate(line + 5, NULL)) > 0)
                sink->date_ms = (int64_t)date * 1000;
        return size * n;
}

static int set_body(struct client *client, const struct request *request, char **body, FILE **file,
                    struct fault *fault)
{
        CURL *easy = client->easy;

        if (request->file) {
                *file = fopen(request->file, "re");
                if (!*file || fseeko(*file, 0, SEEK_END))
                        return fault_set(fault, 400, "file.unreadable", "%s: %s", request->file,
                                         strerror(errno));
                curl_easy_setopt(easy, CURLOPT_POST, 1L);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ftello(*file));
                rewind(*file);
                curl_easy_setopt(easy, CURLOPT_READDATA, *file);
                return 0;
        }
        if (request->body) {
                *body = json_compact(request->body);
                if (!*body)
                        return -ENOMEM;
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, *body);
        } else if (request->method && !strcmp(request->method, "POST")) {
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        }
        return 0;
}

static void cleanup_slist(struct curl_slist **list)
{
        curl_slist_free_all(*list);
}

static void cleanup_upload(FILE **file)
{
        if (*file)
                fclose(*file);
}

static int exchange(struct cli *cli, const struct request *request, struct sink *sink,
                    CURLcode *code,
                    struct fault *fault)
{
        struct client *client = cli->client;
        _cleanup_(cleanup_slist) struct curl_slist *headers = NULL;
        _cleanup_(cleanup_upload) FILE *file = NULL;
        _free_ char *url = client_url(client, request), *body = NULL;
        int r;

        if (!url)
                return -ENOMEM;
        client_setup(client, request, url, &headers);
        if (request->body || request->file)
                header_add(&headers, "Content-Type",
                           request->type ? request->type : "application/json");
        r = set_body(client, request, &body, &file, fault);
        if (r)
                return r;
        curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, sink);
        curl_easy_setopt(client->easy, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(client->easy, CURLOPT_HEADERDATA, sink);
        return client_perform(client, code);
}

/* Only a request that is the same the second time may be sent again. */
static bool is_worth_again(const struct request *request, CURLcode code)
{
        bool is_read = !request->method || !strcmp(request->method, "GET");

        return (is_read || request->once) &&
                (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
                                              code == CURLE_SEND_ERROR ||
                                              code == CURLE_PARTIAL_FILE);
}

static int take_answer(struct client *client, struct sink *sink, struct answer *ret,
                       struct fault *fault)
{
        struct answer answer = { .total = sink->total, .date_ms = sink->date_ms,
                                 .len = sink->text.len };
        char *type = NULL;
        int r = 0;

        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &answer.status);
        curl_easy_getinfo(client->easy, CURLINFO_CONTENT_TYPE, &type);
        answer.text = text_take(&sink->text);
        if (!answer.text)
                return -ENOMEM;
        if (answer.len && type && strstr(type, "json"))
                r = json_parse(answer.text, answer.len, &answer_limits, &answer.json,
                               answer.status < 300 ? fault : NULL);
        if (answer.status < 200 || answer.status > 299)
                r = client_problem(answer.status, answer.json, answer.text, fault);
        else if (r == FAULT)
                r = fault_prefix(fault, "the hub's answer");
        if (r)
                answer_deinit(&answer);
        else
                *ret = answer;
        return r;
}

int client_call(struct cli *cli, const struct request *request, struct answer *ret,
                struct fault *fault)
{
        CURLcode code = CURLE_OK;
        int r = client_open(cli, fault);

        if (r)
                return r;
        if (cli_switch(cli, "curl") && !request->is_preparation)
                return client_print_curl(cli, request);
        for (int turn = 0; turn < 2; turn++) {
                struct sink sink = { TEXT_INIT, cli->client->easy, request->save, -1, 0 };

                r = exchange(cli, request, &sink, &code, fault);
                if (!r && code == CURLE_OK)
                        r = take_answer(cli->client, &sink, ret, fault);
                text_deinit(&sink.text);
                if (r || code == CURLE_OK)
                        return r;
                if (!is_worth_again(request, code))
                        break;
        }
        return client_fail(cli->client, code, fault);
}

int client_get(struct cli *cli, const char *path, const char *query, json_t **ret,
               struct fault *fault)
{
        const struct request request = { .path = path, .query = query };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = client_call(cli, &request, &answer, fault);

        if (r)
                return r;
        if (!answer.json)
                return fault_set(fault, 502, "hub.answer",
                                 "%s did not answer with JSON: is this a Kaname hub?",
                                 client_where(cli));
        *ret = TAKE(answer.json);
        return 0;
}

void answer_deinit(struct answer *answer)
{
        free(answer->text);
        json_decref(answer->json);
        *answer = (struct answer)ANSWER_INIT;
}

int client_catch_interrupt(struct cli *cli, struct fault *fault)
{
        sigset_t set;
        int r = client_open(cli, fault);

        if (r || cli->client->interrupt_fd >= 0)
                return r;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL))
                return -errno;
        cli->client->interrupt_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return cli->client->interrupt_fd < 0 ? -errno : 0;
}

void client_deadline(struct cli *cli, int64_t ms)
{
        if (cli->client)
                cli->client->deadline_ms = ms ? clock_mono_ms() + ms : 0;
}

int client_sleep(struct cli *cli, int64_t ms)
{
        struct client *client = cli->client;
        struct pollfd fd = { client ? client->interrupt_fd : -1, POLLIN, 0 };
        int left = client ? nap(client, ms) : (int)ms;

        if (left < 0)
                return left;
        return poll(&fd, 1, left) > 0 && is_interrupted(client) ? -EINTR : 0;
}
