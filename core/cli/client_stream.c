/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The transfer behind an event stream. The callback runs inside libcurl's, so its answer is kept
 * and the transfer broken off.
 */

#include "cli/client_i.h"

#include "base/json.h"

#include <errno.h>
#include <stdlib.h>

#define REFUSAL_MAX 65536

struct reader {
        struct cli *cli;
        struct sse sse;
        struct text refusal;    /* the body of an answer that is no stream */
        int r;                  /* what sse_feed() answered */
};

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
        struct reader *reader = arg;
        long status = 0;

        curl_easy_getinfo(reader->cli->client->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) {
                if (reader->refusal.len < REFUSAL_MAX)
                        text_add_bytes(&reader->refusal, bytes, size * n);
                return size * n;
        }
        reader->r = sse_feed(&reader->sse, bytes, size * n);
        return reader->r ? 0 : size * n;
}

static int refused(struct reader *reader, long status, struct fault *fault)
{
        const char *text = reader->refusal.s ? reader->refusal.s : "";
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
                  int (*event)(void *arg, const struct sse_event *event), void *arg,
                  struct fault *fault)
{
        const struct request request = { .path = path };
        struct reader reader = { .cli = cli, .sse = { .event = event, .arg = arg } };
        _free_ char *url = NULL;
        int r = client_open(cli, fault);

        if (r)
                return r;
        url = client_url(cli->client, &request);
        r = url ? carry_out(&reader, url, fault) : -ENOMEM;
        sse_deinit(&reader.sse);
        text_deinit(&reader.refusal);
        return r;
}
