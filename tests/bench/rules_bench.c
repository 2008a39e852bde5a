/* SPDX-License-Identifier: Apache-2.0 */

/*
 * rules.scale_ratio: what one event costs against many rules over what it costs against few. All
 * rules listen to the same trigger, have two equality criteria each, and one matches; that one did
 * is checked for every event. The two books take turns, so that the machine's moods hit both.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "flow/rulebook.h"

#include <stdio.h>
#include <string.h>

#define FEW 100
#define MANY 100000
#define EVENTS 2000
#define ROUNDS 9

static struct rulebook *book_of(int n, int hosts)
{
        struct rulebook *book = rulebook_new();

        for (int i = 0; i < n; i++) {
                char name[32], alert[32], host[32];
                struct rule *rule = NULL;
                _json_ json_t *definition = NULL;

                snprintf(name, sizeof name, "rule-%d", i);
                snprintf(alert, sizeof alert, "alert-%d", i / hosts);
                snprintf(host, sizeof host, "host-%d", i % hosts);
                definition =
                        json_pack("{s:s, s:b, s:{s:s, s:{s:s}}, s:{s:{s:s, s:s}, s:{s:s, s:s}}, "
                                  "s:{s:s, s:{s:s}}}",
                                  "name", name, "enabled", 1, "trigger", "type", "core.st2.webhook",
                                  "parameters", "url", "alerts", "criteria", "trigger.body.alert",
                                  "type", "equals", "pattern", alert, "trigger.body.labels.host",
                                  "type", "equals", "pattern", host, "action", "ref", "core.noop",
                                  "parameters", "host", "{{ trigger.body.labels.host }}");
                if (rule_compile(definition, &rule, NULL) || rulebook_add(book, rule))
                        return rulebook_unref(book);
        }
        return book;
}

struct hits {
        const struct rule *rule;
        int n;
};

static int note(void *arg, const struct rule *rule, const struct fault *fault)
{
        struct hits *hits = arg;

        hits->rule = rule;
        hits->n += !fault;
        return 0;
}

/* Microseconds for EVENTS events spread over the rules, or -1 where one did not match its rule. */
static int64_t run(const struct rulebook *book, int n, int hosts)
{
        int64_t start = clock_mono_us(), spent = 0;

        for (int i = 0; i < EVENTS; i++) {
                int rule = (int)((int64_t)i * 7919 % n);
                char alert[32], host[32], ref[32];
                struct hits hits = { NULL, 0 };
                _json_ json_t *payload = NULL;

                snprintf(alert, sizeof alert, "alert-%d", rule / hosts);
                snprintf(host, sizeof host, "host-%d", rule % hosts);
                payload = json_pack("{s:{s:s, s:s, s:{s:s, s:s, s:i}}, s:{s:s}}", "body", "alert",
                                    alert, "status", "firing", "labels", "host", host, "severity",
                                    "critical", "port", 9100, "headers", "Host", "hub");
                start = clock_mono_us();
                rulebook_match(book, "core.st2.webhook?url=alerts", NULL, payload, note, &hits);
                spent += clock_mono_us() - start;
                snprintf(ref, sizeof ref, "default.rule-%d", rule);
                if (hits.n != 1 || strcmp(rule_ref(hits.rule), ref) != 0)
                        return -1;
        }
        return spent;
}

int main(void)
{
        struct rulebook *few = book_of(FEW, 10), *many = book_of(MANY, 1000);
        int64_t least_few = INT64_MAX, least_many = INT64_MAX;

        if (!few || !many)
                return 1;
        for (int i = 0; i < ROUNDS; i++) {
                int64_t a = run(few, FEW, 10), b = run(many, MANY, 1000);

                if (a < 0 || b < 0) {
                        fprintf(stderr,
                                "rules_bench: an event did not match its rule and no other\n");
                        return 1;
                }
                least_few = a < least_few ? a : least_few;
                least_many = b < least_many ? b : least_many;
        }
        fprintf(stderr, "one event: %.2f us against %d rules, %.2f us against %d\n",
                (double)least_few / EVENTS, FEW, (double)least_many / EVENTS, MANY);
        printf("rules.scale_ratio %.2f ratio 2\n", (double)least_many / (double)least_few);
        rulebook_unref(few);
        rulebook_unref(many);
        return 0;
}
