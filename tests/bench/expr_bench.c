/* SPDX-License-Identifier: Apache-2.0 */

/*
 * expr.*: the ten forms of expression that real packs use most, each against jinja2 or yaql in the
 * same run. Both sides compile once and evaluate often, and must give the same value. criteria.per_s:
 * how many events a second the criteria of one rule judge.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"
#include "flow/criteria.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 5
#define ROUND_US 20000

CLEANUP_DEFINE(struct expr *, expr_free);
CLEANUP_DEFINE(struct criteria *, criteria_free);

static const struct {
        const char *name, *language, *text;
} forms[] = {
        { "expr.name", "jinja", "{{ hostname }}" },
        { "expr.member", "jinja", "http://{{ trigger.body.host }}/{{ trigger.body.path }}" },
        { "expr.if", "jinja", "{% if trigger.body.state == 'up' and count > 2 %}ok{% else %}bad"
          "{% endif %}" },
        { "expr.for", "jinja", "{% for s in servers %}{{ s.name }}={{ s.load }} {% endfor %}" },
        { "expr.filter", "jinja", "{{ trigger.body.note | default('none') | upper }}" },
        { "expr.ctx", "yaql", "<% ctx().hostname %>" },
        { "expr.path", "yaql", "<% ctx().trigger.body.host %>" },
        { "expr.when", "yaql", "<% succeeded() and ctx().count < 5 %>" },
        { "expr.result", "yaql", "<% result().output.stdout + ctx(hostname) %>" },
        { "expr.query", "yaql", "<% ctx(servers).where($.load > 2).select($.name) %>" },
};
#define FORMS (sizeof forms / sizeof *forms)

static const char data_text[] =
        "{\"hostname\":\"web1.example.test\",\"count\":3,\"trigger\":{\"body\":{\"host\":\"web1\","
        "\"path\":\"status\",\"state\":\"up\",\"note\":\"planned\"}},\"result\":{\"output\":"
        "{\"stdout\":\"done on \"}},\"servers\":[{\"name\":\"a\",\"load\":1},{\"name\":\"b\","
        "\"load\":3},{\"name\":\"c\",\"load\":2},{\"name\":\"d\",\"load\":5}]}";

static int call(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                json_t **ret, struct fault *fault)
{
        json_t *key = json_array_get(args, 0), *value = arg;

        (void)kwargs;
        (void)fault;
        if (strcmp(function, "succeeded") == 0)
                value = json_true();
        else if (strcmp(function, "result") == 0)
                value = json_object_get(arg, "result");
        else if (strcmp(function, "ctx") != 0)
                return EXPR_NOT_MINE;
        else if (key)
                value = json_object_get(arg, json_string_value(key));
        *ret = json_incref(value);
        return value ? 0 : EXPR_NOT_MINE;
}

/* Nanoseconds of one evaluation, the best of some rounds; *ret_value is what it gives. */
static double measure(size_t i, json_t *data, json_t **ret_value)
{
        bool jinja = strcmp(forms[i].language, "jinja") == 0;
        struct expr_world world = { .names = jinja ? data : NULL, .call = call, .arg = data };
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _json_ json_t *source = json_string(forms[i].text);
        double best = -1;

        if (expr_compile_for(source, jinja ? EXPR_TEXT : EXPR_WORKFLOW, &expr, NULL) ||
            expr_eval_in(expr, &world, ret_value, NULL))
                return -1;
        for (int round = 0; round < ROUNDS; round++) {
                int64_t began = clock_mono_us(), took = 0, turns = 0;

                for (; took < ROUND_US; took = clock_mono_us() - began)
                        for (int k = 0; k < 1000; k++, turns++) {
                                json_t *made = NULL;

                                if (expr_eval_in(expr, &world, &made, NULL))
                                        return -1;
                                json_decref(made);
                        }
                if (best < 0 || (double)took * 1000 / (double)turns < best)
                        best = (double)took * 1000 / (double)turns;
        }
        return best;
}

/* What the peer answers: a file in between spares two pipes. */
static json_t *ask_peer(json_t *data)
{
        _json_ json_t *request = json_pack("{s:O, s:[]}", "data", data, "forms");
        const char *top = getenv("TOP_SRCDIR");
        char path[] = "/tmp/kaname-expr-bench.XXXXXX";
        _free_ char *command = NULL;
        int fd = mkstemp(path);
        FILE *peer;
        json_t *made;

        for (size_t i = 0; i < FORMS; i++)
                json_array_append_new(json_object_get(request, "forms"),
                                      json_pack("{s:s, s:s}", "language", forms[i].language, "text",
                                                forms[i].text));
        if (fd < 0 || json_dumpfd(request, fd, JSON_COMPACT) ||
            asprintf(&command, "/usr/bin/python3 %s/tests/bench/expr_peer.py <%s", top ? top : ".",
                     path) < 0)
                return NULL;
        close(fd);
        peer = popen(command, "re");
        made = peer ? json_loadf(peer, 0, NULL) : NULL;
        if (peer)
                pclose(peer);
        unlink(path);
        return made;
}

static bool judge_often(void)
{
        static const char source[] =
                "{\"trigger.body.state\":{\"type\":\"equals\",\"pattern\":\"up\"},"
                "\"trigger.body.host\":{\"type\":\"matchregex\",\"pattern\":\"^web[0-9]+$\"},"
                "\"trigger.body.path\":{\"type\":\"contains\",\"pattern\":\"tat\"}}";
        _json_ json_t *criteria_source = json_loads(source, 0, NULL),
                      *scope = json_loads(data_text, 0, NULL);
        const struct expr_world world = { .names = scope };
        _cleanup_(criteria_freep) struct criteria *criteria = NULL;
        int64_t began, took = 0, turns = 0;

        if (criteria_compile(criteria_source, &criteria, NULL))
                return false;
        began = clock_mono_us();
        for (; took < 10 * ROUND_US; took = clock_mono_us() - began)
                for (int k = 0; k < 1000; k++, turns++)
                        if (criteria_judge(criteria, &world, NULL) != VERDICT_YES)
                                return false;
        printf("criteria.per_s %.0f events/s three criteria: equals, matchregex, contains\n",
               (double)turns * 1e6 / (double)took);
        return true;
}

int main(void)
{
        _json_ json_t *data = json_loads(data_text, 0, NULL), *peer = ask_peer(data);

        if (!peer) {
                fprintf(stderr, "expr_bench: no answer of jinja2 and yaql (python3-jinja2, "
                        "python3-yaql)\n");
                return 1;
        }
        for (size_t i = 0; i < FORMS; i++) {
                _json_ json_t *value = NULL;
                const json_t *answer = json_array_get(peer, i);
                double ours = measure(i, data, &value);
                double theirs = json_number_value(json_array_get(answer, 0));

                if (ours < 0 || !json_equal(value, json_array_get(answer, 1))) {
                        fprintf(stderr, "expr_bench: %s: not the value of the peer\n",
                                forms[i].text);
                        return 1;
                }
                printf("%s %.1f x %s: %.0f ns, %s %.0f ns\n", forms[i].name, theirs / ours,
                       forms[i].text, ours, strcmp(forms[i].language, "jinja") ? "yaql" : "jinja2",
                       theirs);
        }
        return judge_often() ? 0 : 1;
}
