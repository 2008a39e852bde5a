/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What would otherwise be found out when the timer is to fire, or the request comes. Only what can
 * never happen at all is refused here, since a rule whose last day has passed is still a rule;
 * rule_check_fires() is for who writes one now.
 */
#include "flow/rule_trigger.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/rule.h"
#include "flow/schedule.h"

#include <errno.h>
#include <string.h>

#define WEBHOOK "core.st2.webhook"
#define URL_MAX 255

static bool is_timer(const char *type)
{
        return text_starts_with(type, "core.st2.") && text_ends_with(type, "Timer");
}

/* ---- webhooks ---- */

static int bad_url(const char *url, const char *why, struct fault *fault)
{
        fault_set(fault, 422, "webhook.url", "trigger.parameters.url: \"%.80s\" %s", url, why);
        fault_why(fault, "no request could reach it");
        fault_at(fault, "url");
        return fault_try(fault, "write the NAME in POST /api/v1/webhooks/NAME: words of letters, "
                         "digits, _ and -, a single / between them, such as github/deploy");
}

static const char *why_unreachable(const char *url)
{
        const char *s = url + (*url == '/');

        if (strlen(url) > URL_MAX)
                return "has more than 255 bytes";
        if (!text_is_utf8(url, strlen(url)))
                return "is not UTF-8";
        for (const char *c = url; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        return "holds a line break or another control character";
        if (strcmp(s, "st2") == 0 || strcmp(s, "st2/") == 0)
                return "is the route for events of any trigger type";
        while (*s) {
                size_t n = strcspn(s, "/");

                if (!n)
                        return "holds an empty step: two slashes in a row";
                if ((n == 1 && *s == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
                        return "holds a . or .. step, which clients resolve before they send";
                s += n;
                s += *s == '/';
        }
        return NULL;
}

static int check_url(const json_t *parameters, struct fault *fault)
{
        const char *url = json_text_of(parameters, "url", NULL), *why;

        if (!url || !url[strspn(url, "/")]) {
                fault_set(fault, 422, "rule.invalid", "trigger.parameters.url is missing: the "
                          "NAME in POST /api/v1/webhooks/NAME");
                return fault_at(fault, "url");
        }
        why = why_unreachable(url);
        return why ? bad_url(url, why, fault) : 0;
}

/* ---- timers ---- */

CLEANUP_DEFINE(struct schedule *, schedule_free);

static int never(const char *why, struct fault *fault)
{
        fault_set(fault, 422, "timer.never", "this timer would never fire");
        fault_why(fault, "%s", why);
        return fault_try(fault, "write a time that is still to come");
}

static int check_timer(const char *type, const json_t *parameters, const int64_t *now_ms,
                       struct fault *fault)
{
        _cleanup_(schedule_freep) struct schedule *schedule = NULL;
        int r = schedule_compile(type, parameters, &schedule, fault);

        if (r)
                return r;
        if (!schedule_can_fire(schedule))
                r = never("no day of the calendar has the month, day, week and weekday that it "
                          "asks for", fault);
        else if (now_ms && schedule_next(schedule, 0, *now_ms) == INT64_MAX)
                r = never("all times that it asks for have passed", fault);
        return r;
}

static int check_parameters(const char *type, const json_t *parameters, const int64_t *now_ms,
                            struct fault *fault)
{
        int r;

        if (text_equal(type, WEBHOOK))
                return check_url(parameters, fault);
        r = is_timer(type) ? check_timer(type, parameters, now_ms, fault) : 0;
        return r == FAULT ? fault_prefix(fault, "trigger.parameters") : r;
}

int trigger_check(const char *type, const json_t *parameters, struct fault *fault)
{
        return check_parameters(type, parameters, NULL, fault);
}

int rule_check_fires(const struct rule *rule, int64_t now_ms, struct fault *fault)
{
        const json_t *trigger = json_object_get(rule_definition(rule), "trigger");
        int r = check_parameters(json_text_of(trigger, "type", ""),
                                 json_object_get(trigger, "parameters"), &now_ms, fault);

        return r == FAULT ? fault_at(fault, "trigger.parameters") : r;
}

/* ---- keys ---- */

static char *webhook_key(const char *type, const char *url)
{
        char *key = NULL;
        size_t len;

        url += strspn(url, "/");
        len = strlen(url);
        while (len && url[len - 1] == '/')
                len--;
        return asprintf(&key, "%s?url=%.*s", type, (int)len, url) < 0 ? NULL : key;
}

char *trigger_key(const char *type, const json_t *parameters)
{
        const char *url = json_text_of(parameters, "url", NULL);
        _free_ char *canonical = NULL;
        char *key = NULL;

        if (url && strcmp(type, "core.st2.webhook") == 0)
                return webhook_key(type, url);
        if (!json_object_size(parameters))
                return strdup(type);
        canonical = json_canonical(parameters);
        return !canonical || asprintf(&key, "%s?%s", type, canonical) < 0 ? NULL : key;
}
