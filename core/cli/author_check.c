/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/author_test.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/author.h"
#include "schema/schema.h"

#include <kaname/mock.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum verdict check_say(struct check *check, enum verdict verdict, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(check->said, sizeof check->said, fmt, ap);
        va_end(ap);
        return verdict;
}

static const char *sentence(struct check *check)
{
        const char *text = kn_mock_sentence(check->mock);

        return text ? text : "no sentence";
}

/* ---- what it says of itself ---- */

/* The domain's contract speaks for actions and triggers that it names. */
static enum verdict rows_speak(struct check *check, const char *kind, bool is_of_domain)
{
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(check->manifest, kind), i, row)
                if (!is_of_domain && !json_text_of(row, "summary", NULL))
                        return check_say(check, CHECK_FAIL,
                                         "%s %s has no summary: one line for who chooses it", kind,
                                         json_text_of(row, "name", "?"));
        return CHECK_OK;
}

static enum verdict properties_speak(struct check *check, const json_t *schema, const char *of)
{
        const char *name;
        json_t *property;

        json_object_foreach(json_object_get(schema, "properties"), name, property)
                if (!json_text_of(property, "description", json_text_of(property, "title", NULL)))
                        return check_say(check, CHECK_WARN,
                                         "%s: \"%s\" has no description: forms and help will show "
                                         "the bare name",
                                         of, name);
        return CHECK_OK;
}

static enum verdict check_sentences(struct check *check)
{
        bool is_of_domain = json_text_of(check->manifest, "domain", NULL) != NULL;
        enum verdict verdict;
        const json_t *action;
        size_t i;

        if (!json_text_of(check->manifest, "summary", NULL))
                return check_say(check, CHECK_FAIL,
                                 "the plugin has no summary: .summary = \"one line\" in "
                                 "KN_PLUGIN()");
        verdict = rows_speak(check, "actions", is_of_domain);
        if (!verdict)
                verdict = rows_speak(check, "triggers", is_of_domain);
        if (!verdict)
                verdict = rows_speak(check, "sensors", false);
        if (!verdict)
                verdict = properties_speak(check, json_object_get(check->manifest, "config"),
                                           "config");
        json_array_foreach(json_object_get(check->manifest, "actions"), i, action)
                if (!verdict)
                        verdict = properties_speak(check, json_object_get(action, "params"),
                                                   json_text_of(action, "name", "?"));
        return verdict;
}

static enum verdict schema_compiles(struct check *check, const json_t *source, const char *of,
                                    const char *member)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct schema *schema = NULL;

        if (!json_is_object(source))
                return CHECK_OK;
        if (schema_compile(source, &schema, &fault))
                return check_say(check, CHECK_FAIL, "%s.%s: %s", of, member,
                                 fault.what ? fault.what : "out of memory");
        schema_unref(schema);
        return CHECK_OK;
}

static enum verdict check_schemas(struct check *check)
{
        static const char *const places[][2] = { { "actions", "params" }, { "actions", "returns" },
                                                 { "triggers", "payload" } };
        enum verdict verdict = schema_compiles(check, json_object_get(check->manifest, "config"),
                                               "plugin", "config");
        const json_t *row;
        size_t n;

        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
                json_array_foreach(json_object_get(check->manifest, places[i][0]), n, row)
                        if (!verdict)
                                verdict = schema_compiles(check, json_object_get(row, places[i][1]),
                                                          json_text_of(row, "name", "?"),
                                                          places[i][1]);
        return verdict;
}

/* ---- calls ---- */

static const json_t *case_of(const struct check *check, const char *action)
{
        const json_t *each;
        size_t i;

        json_array_foreach(check->cases, i, each)
                if (text_equal(json_text_of(each, "action", NULL), action))
                        return each;
        return NULL;
}

static void set_replies(struct check *check, const json_t *replies)
{
        const json_t *reply;
        size_t i;

        json_array_foreach(replies, i, reply) {
                const json_t *body = json_object_get(reply, "body");
                _free_ char *text = body && !json_is_string(body) ? json_compact(body) : NULL;

                kn_mock_reply(check->mock, json_text_of(reply, "method", "GET"),
                              json_text_of(reply, "url", "*"),
                              (int)json_int_of(reply, "status", 200),
                              text ? text : json_string_value(body));
        }
}

static bool set_config(struct check *check, const json_t *config)
{
        _free_ char *text = config ? json_compact(config) : NULL;

        return !text || kn_mock_config(check->mock, text) >= 0;
}

/* With no argument and no configuration. What a domain's contract asks for is not known here. */
static bool is_callable(const json_t *manifest, const json_t *action)
{
        bool asks_contract = json_is_null(json_object_get(action, "params")) &&
                json_text_of(manifest, "domain", NULL);

        return action && !asks_contract && !json_array_size(json_at(action, "params.required")) &&
                !json_array_size(json_at(manifest, "config.required"));
}

/*
 * Make the mock ready as a case says. Without one only an action that needs no argument and no
 * configuration can be called, and then with no way out to a network.
 */
static enum verdict prepare(struct check *check, const char *name, char **ret_args)
{
        const json_t *each = case_of(check, name), *action = author_action(check->manifest, name);
        const json_t *args = json_object_get(each, "args");

        if (!each && !is_callable(check->manifest, action))
                return check_say(check, CHECK_SKIP,
                                 "it needs arguments or a configuration, and no case gives them");
        if (!each)
                kn_mock_egress(check->mock, "[]");
        set_replies(check, json_object_get(each, "replies"));
        if (!set_config(check, json_object_get(each, "config")))
                return check_say(check, CHECK_FAIL, "config: %s", sentence(check));
        *ret_args = args ? json_compact(args) : strdup("{}");
        return *ret_args ? CHECK_OK : CHECK_FAIL;
}

static bool is_read(const json_t *request)
{
        const char *method = json_text_of(request, "method", "GET");

        return !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS");
}

static enum verdict judge_plan(struct check *check, const char *name)
{
        const char *sent = kn_mock_requests(check->mock), *announced = kn_mock_changes(check->mock);
        bool is_readonly = false;
        _json_ json_t *requests = NULL, *changes = NULL;
        const json_t *row, *action = author_action(check->manifest, name);
        size_t i;

        json_parse(sent, strlen(sent), NULL, &requests, NULL);
        json_parse(announced, strlen(announced), NULL, &changes, NULL);
        json_array_foreach(json_object_get(action, "flags"), i, row)
                is_readonly = is_readonly || text_equal(json_string_value(row), "readonly");
        json_array_foreach(requests, i, row)
                if (!is_read(row))
                        return check_say(check, CHECK_FAIL,
                                         "a plan sent %s %s: announce the change first and leave "
                                         "it on KN_SKIP",
                                         json_text_of(row, "method", ""),
                                         json_text_of(row, "url", ""));
        json_array_foreach(changes, i, row)
                if (strcmp(json_text_of(row, "state", "planned"), "planned"))
                        return check_say(check, CHECK_FAIL,
                                         "a plan closed the change of %s, which was skipped",
                                         json_text_of(row, "resource", "?"));
        if (is_readonly && json_array_size(changes))
                return check_say(check, CHECK_FAIL, "it says KN_READONLY and announces a change");
        return CHECK_OK;
}

static enum verdict check_plan(struct check *check, const char *name)
{
        _free_ char *args = NULL;
        enum verdict verdict = prepare(check, name, &args);
        int code;

        if (verdict != CHECK_OK)
                return verdict;
        code = kn_mock_plan(check->mock, name, args);
        verdict = judge_plan(check, name);
        if (verdict == CHECK_OK && code < 0 && code != KN_EUNKNOWN)
                return check_say(check, CHECK_SKIP, "it got no further than: %s", sentence(check));
        return verdict;
}

struct calling {
        struct check *check;
        const char *name, *args;
        int64_t ended_ms;
};

static void *call(void *arg)
{
        struct calling *calling = arg;

        kn_mock_run(calling->check->mock, calling->name, calling->args);
        calling->ended_ms = clock_mono_ms();
        return NULL;
}

/* A call that hangs for good is ended by the parent's deadline, which then names this check. */
static enum verdict check_cancel(struct check *check, const char *name)
{
        _free_ char *args = NULL;
        struct calling calling = { .check = check, .name = name };
        enum verdict verdict = case_of(check, name) ? prepare(check, name, &args)
                : check_say(check, CHECK_SKIP, "no case calls it");
        int64_t asked_ms;
        pthread_t thread;

        if (verdict != CHECK_OK)
                return verdict;
        calling.args = args;
        if (pthread_create(&thread, NULL, call, &calling))
                return check_say(check, CHECK_FAIL, "no thread");
        usleep(20000);
        asked_ms = clock_mono_ms();
        kn_mock_cancel(check->mock);
        pthread_join(thread, NULL);
        if (calling.ended_ms - asked_ms < 1000)
                return CHECK_OK;
        return check_say(check, CHECK_FAIL,
                         "it went on for %lld ms after it was cancelled: ask kn_wait(ctx, -1, 0, "
                         "0), sleep in kn_wait()",
                         (long long)(calling.ended_ms - asked_ms));
}

static enum verdict judge_case(struct check *check, const json_t *each, int code)
{
        const json_t *want = json_object_get(each, "result");
        const char *want_code = json_text_of(each, "code", "ok"),
                *text = kn_mock_result(check->mock);
        _json_ json_t *result = NULL;
        _free_ char *wanted = NULL;

        if (strcmp(author_code(code), want_code))
                return check_say(check, CHECK_FAIL, "wanted %s, found %s%s%s", want_code,
                                 author_code(code),
                                 code < 0 ? ": " : "", code < 0 ? sentence(check) : "");
        if (code < 0 && !kn_mock_sentence(check->mock))
                return check_say(check, CHECK_FAIL,
                                 "it failed and did not say why: return kn_fail(ctx, …)");
        if (!want ||
            (!json_parse(text, strlen(text), NULL, &result, NULL) && json_equal(want, result)))
                return CHECK_OK;
        wanted = json_canonical(want);
        return check_say(check, CHECK_FAIL, "wanted %s, found %s", wanted ? wanted : "", text);
}

static enum verdict check_case(struct check *check, const char *number)
{
        const json_t *each = json_array_get(check->cases, (size_t)strtoul(number, NULL, 10) - 1);
        const char *action = json_text_of(each, "action", NULL),
                *mode = json_text_of(each, "mode", "run");
        _json_ json_t *alone = json_pack("[O?]", each);
        struct check only = *check;
        _free_ char *args = NULL;
        enum verdict verdict;

        if (!action || !author_action(check->manifest, action))
                return check_say(check, CHECK_FAIL, "the plugin has no action \"%s\"",
                                 action ? action : "");
        only.cases = alone;
        verdict = prepare(&only, action, &args);
        if (verdict == CHECK_OK)
                verdict = judge_case(&only, each,
                                     !strcmp(mode, "plan") ? kn_mock_plan(check->mock, action, args)
                                     : kn_mock_run(check->mock, action, args));
        memcpy(check->said, only.said, sizeof check->said);
        return verdict;
}

static enum verdict check_loads(struct check *check)
{
        (void)check;            /* that we came here is the proof */
        return CHECK_OK;
}

int check_run(struct check *check, const char *name, enum verdict *ret, struct fault *fault)
{
        static const struct {
                const char *name;
                enum verdict (*whole)(struct check *check);
                enum verdict (*one)(struct check *check, const char *what);
        } checks[] = {
                { "loads", check_loads, NULL }, { "exports", check_exports, NULL },
                { "sentences", check_sentences, NULL }, { "schemas", check_schemas, NULL },
                { "plan", NULL, check_plan }, { "cancel", NULL, check_cancel },
                { "case", NULL, check_case },
        };
        size_t len = strcspn(name, ":");

        for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
                if (strlen(checks[i].name) != len || strncmp(checks[i].name, name, len))
                        continue;
                if (!name[len] != !checks[i].one)
                        break;
                *ret = checks[i].one ? checks[i].one(check, name + len + 1)
                                     : checks[i].whole(check);
                return 0;
        }
        fault_set(fault, 404, "plugin.check", "there is no check \"%s\"", name);
        return fault_try(fault,
                         "loads, exports, sentences, schemas, plan:ACTION, cancel:ACTION, "
                         "case:NUMBER");
}
