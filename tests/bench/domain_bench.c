/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What it costs to ask by a domain's contract: an action through the hub (its API, record, choice of
 * instance, plugin, record again) against the request that the plugin makes, sent by libcurl from
 * here. The two take turns, each over a connection of its own that may be kept; the median of each
 * counts, and each answer has to hold what was asked for.
 *
 *   domain_bench TURNS TEXT URL HEADER HUB_URL HUB_HEADER HUB_BODY
 */

#include "base/clock.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS_MAX 10000
#define WARM 20                 /* turns before those that count */

struct side {
        CURL *curl;
        struct curl_slist *headers;
        char answer[65536];
        size_t len;
        double us[TURNS_MAX];
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
        struct side *side = arg;

        if (side->len + size * n >= sizeof side->answer)
                return 0;
        memcpy(side->answer + side->len, data, size * n);
        side->len += size * n;
        return size * n;
}

static void open_side(struct side *side, const char *url, const char *header, const char *body)
{
        side->curl = curl_easy_init();
        side->headers = curl_slist_append(NULL, header);
        if (body) {
                side->headers = curl_slist_append(side->headers, "Content-Type: application/json");
                side->headers = curl_slist_append(side->headers, "Prefer: wait=30");
                curl_easy_setopt(side->curl, CURLOPT_POSTFIELDS, body);
        }
        curl_easy_setopt(side->curl, CURLOPT_URL, url);
        curl_easy_setopt(side->curl, CURLOPT_HTTPHEADER, side->headers);
        curl_easy_setopt(side->curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(side->curl, CURLOPT_TIMEOUT, 60L);
        curl_easy_setopt(side->curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(side->curl, CURLOPT_WRITEDATA, side);
}

static void close_side(struct side *side)
{
        curl_slist_free_all(side->headers);
        curl_easy_cleanup(side->curl);
}

/* How long it took; ends the program where the answer is another one. */
static double ask(struct side *side, const char *text)
{
        int64_t began = clock_mono_us();
        CURLcode code;
        double us;

        side->len = 0;
        code = curl_easy_perform(side->curl);
        us = (double)(clock_mono_us() - began);
        side->answer[side->len] = 0;
        if (code == CURLE_OK && strstr(side->answer, text))
                return us;
        fprintf(stderr, "domain_bench: %s: no %s in '%.300s'\n", curl_easy_strerror(code), text,
                side->answer);
        exit(1);
}

static int by_size(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static double median(struct side *side, int turns)
{
        qsort(side->us, (size_t)turns, sizeof *side->us, by_size);
        return side->us[turns / 2];
}

int main(int argc, char **argv)
{
        static struct side bare, hub;
        int turns = argc == 8 ? atoi(argv[1]) : 0;

        if (turns < 1 || turns > TURNS_MAX)
                return 2;
        curl_global_init(CURL_GLOBAL_DEFAULT);
        open_side(&bare, argv[3], argv[4], NULL);
        open_side(&hub, argv[5], argv[6], argv[7]);
        for (int i = -WARM; i < turns; i++) {
                double bare_us = ask(&bare, argv[2]), hub_us = ask(&hub, argv[2]);

                if (i >= 0) {
                        bare.us[i] = bare_us;
                        hub.us[i] = hub_us;
                }
        }
        printf("hub_us %.0f bare_us %.0f\n", median(&hub, turns), median(&bare, turns));
        close_side(&bare);
        close_side(&hub);
        curl_global_cleanup();
        return 0;
}
