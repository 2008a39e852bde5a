/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event streams (text/event-stream). Frames are cut out of what arrives, whatever its pieces; a
 * frame's fields are name and data, all else is no business of ours. The callback runs inside
 * libcurl's, so its answer is kept and the transfer broken off.
 */

#include "cli/client_i.h"

#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX ((size_t)80 << 20)

struct reader {
        struct cli *cli;
        struct text line, name, data, refusal;
        int (*event)(void *arg, const struct client_event *event);
        void *arg;
        int r;                  /* what event() answered */
};

static const char *text_or_empty(const struct text *text)
{
        return text->s ? text->s : "";
}

static int deliver(struct reader *reader)
{
        struct client_event event = { text_or_empty(&reader->name), text_or_empty(&reader->data) };
        int r = 0;

        if (reader->data.s || reader->name.s)
                r = reader->event(reader->arg, &event);
        text_deinit(&reader->name);
        text_deinit(&reader->data);
        return r;
}

static const char *field(const char *line, const char *name)
{
        size_t len = strlen(name);

        if (strncmp(line, name, len) || line[len] != ':')
                return NULL;
        return line + len + (line[len + 1] == ' ' ? 2 : 1);
}

static int take_line(struct reader *reader, char *line)
{
        size_t len = strlen(line);
        const char *value;

        if (len && line[len - 1] == '\r')
                line[--len] = '\0';
        if (!len)
                return deliver(reader);
        value = field(line, "data");
        if (value) {
                if (reader->data.s)
                        text_add(&reader->data, "\n");
                text_add(&reader->data, value);
        } else if ((value = field(line, "event"))) {
                text_deinit(&reader->name);
                text_add(&reader->name, value);
        }
        return reader->data.len > FRAME_MAX ? -EMSGSIZE : 0;
}

static int take_bytes(struct reader *reader, const char *bytes, size_t len)
{
        while (len) {
                const char *end = memchr(bytes, '\n', len);
                size_t n = end ? (size_t)(end - bytes) : len;
                _free_ char *line = NULL;
                int r;

                text_add_bytes(&reader->line, bytes, n);
                if (!end)
                        return reader->line.len > FRAME_MAX ? -EMSGSIZE : 0;
                line = text_take(&reader->line);
                r = line ? take_line(reader, line) : -ENOMEM;
                if (r)
                        return r;
                bytes = end + 1;
                len -= n + 1;
        }
        return 0;
}

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
        struct reader *reader = arg;
        long status = 0;

        curl_easy_getinfo(reader->cli->client->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) {
                if (reader->refusal.len < 65536)
                        text_add_bytes(&reader->refusal, bytes, size * n);
                return size * n;
        }
        reader->r = take_bytes(reader, bytes, size * n);
        return reader->r ? 0 : size * n;
}

static int refused(struct reader *reader, long status, struct fault *fault)
{
        const char *text = text_or_empty(&reader->refusal);
        _json_ json_t *problem = NULL;

        json_parse(text, reader->refusal.len, NULL, &problem, NULL);
        return client_problem(status, problem, text, fault);
}

static int carry_out(struct reader *reader, const char *url, struct fault *fault)
{
        struct client *client = reader->cli->client;
        const struct request request = { .path = "" };
        struct curl_slist *headers = NULL;
        CURLcode code = CURLE_OK;
        long status = 0;
        int r;

        client_setup(client, &request, url, &headers);
        headers = curl_slist_append(headers, "Accept: text/event-stream");
        curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, reader);
        r = client_perform(client, &code);
        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_slist_free_all(headers);
        if (r || reader->r)
                return r ? r : reader->r;
        if (code != CURLE_OK)
                return client_fail(client, code, fault);
        return status == 200 ? 0 : refused(reader, status, fault);
}

int client_stream(struct cli *cli, const char *path,
                  int (*event)(void *arg, const struct client_event *event), void *arg,
                  struct fault *fault)
{
        const struct request request = { .path = path };
        struct reader reader = { .cli = cli, .event = event, .arg = arg };
        _free_ char *url = NULL;
        int r = client_open(cli, fault);

        if (r)
                return r;
        url = client_url(cli->client, &request);
        r = url ? carry_out(&reader, url, fault) : -ENOMEM;
        text_deinit(&reader.line);
        text_deinit(&reader.name);
        text_deinit(&reader.data);
        text_deinit(&reader.refusal);
        return r;
}
