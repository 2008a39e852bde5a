/* SPDX-License-Identifier: Apache-2.0 */

/* Inspections: what is said of broken definitions, and that nothing is said of sound ones. */
#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"
#include "workflow_life.h"

#include <string.h>

static const struct {
        const char *definition, *type, *spec_path, *message;
} wrong[] = {
        { "{}", "syntax", NULL, "'tasks' is a required property" },
        { "{'tasks': {'a': {'action': 'x', 'wiht': 1}}}", "syntax", "tasks.a",
          "Additional properties are not allowed ('wiht' was unexpected)" },
        { "{'tasks': {}}", "syntax", "tasks", "{} should be non-empty" },
        { "{'tasks': {'a': {'action': 'x', 'z': 1, 'b': 2}}}", "syntax", "tasks.a",
          "Additional properties are not allowed ('b', 'z' were unexpected)" },
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': {'b': 1}}]}}}", "semantic",
          "tasks.a.next[0].do", "The task \"b\" is not defined." },
        { "{'version': '2.0', 'tasks': {'a': {'action': 'x'}}}", "syntax", "version",
          "'2.0' is not one of ['1.0', 1.0]" },
        { "{'tasks': {'a': {'action': 1}}}", "syntax", "tasks.a.action",
          "1 is not of type 'string'" },
        { "{'tasks': {'a': {'action': 'x', 'delay': -1}}}", "syntax", "tasks.a.delay",
          "-1 is not valid under any of the given schemas" },
        { "{'tasks': {'a-b': {'action': 'x'}}}", "syntax", "tasks",
          "'a-b' does not match '^\\w+$'" },
        { "{'tasks': {'noop': {'action': 'x'}}}", "semantic", "tasks.noop",
          "The task name \"noop\" is reserved with special function." },
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': 'a'}]}}}", "semantic", "tasks",
          "Unable to identify any tasks to start the workflow. If the workflow has a loop, please "
          "add a task that serves as an entry point (or lead) into the loop." },
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': 'b'}]}}}", "semantic",
          "tasks.a.next[0].do", "The task \"b\" is not defined." },
        { "{'tasks': {'a': {'with': '<% list(1) %>'}}}", "semantic", "tasks.a",
          "The action property is required for with items task." },
        { "{'tasks': {'a': {'action': 'x', 'input': {'b': '<% ctx().c %>'}}}}", "context",
          "tasks.a.input", "Variable \"c\" is referenced before assignment." },
        { "{'tasks': {'a': {'action': 'x', 'next': [{'do': 'b'}]}, 'b': {'action': 'x',"
          " 'next': [{'do': 'c'}]}, 'c': {'action': 'x', 'next': [{'do': 'b'}]}}}", "warning",
          "tasks.b", "The cycle of \"b\", \"c\" has no way out: each task always leads on within "
          "it." },
        { "{'tasks': {'a': {'action': 'x'}, 'b': {'action': 'x', 'next': [{'do': 'c'}]},"
          " 'c': {'action': 'x', 'next': [{'do': 'b'}]}}}", "warning", "tasks.b",
          "The task \"b\" is never reached from a start task." },
        { "{'chain': [{'name': 'a', 'ref': 'x', 'on-success': 'b'}]}", "semantic", "chain[0]",
          "Unable to find node with name \"b\" referenced in \"on-success\" in task \"a\"." },
        { "{'tasks': {'a': {'action': 'nobody.knows'}}}", "content", "tasks.a.action",
          "The action \"nobody.knows\" is not registered in the database." },
        { "{'tasks': {'a': {'action': 'x.y'}}}", "content", "tasks.a.input",
          "Action \"x.y\" is missing required input \"must\"." },
        { "{'tasks': {'a': {'action': 'x.y must=1 may=2'}}}", "content", "tasks.a.input",
          "Action \"x.y\" has unexpected input \"may\"." },
};

static const json_t *parameters(void *user, const char *ref)
{
        return strcmp(ref, "nobody.knows") ? json_object_get(user, ref) : NULL;
}

START_TEST(what_is_wrong_is_said_where)
{
        _json_ json_t *definition = life_json(wrong[_i].definition);
        _json_ json_t *known = life_json("{'x': {}, 'x.y': {'must': {'required': true}}}");
        const struct workflow_catalog catalog = { parameters, known };
        _json_ json_t *list = workflow_inspect(definition, NULL, &catalog);
        _free_ char *text = json_dumps(list, 0);
        const json_t *entry;
        bool found = false;
        size_t i;

        json_array_foreach(list, i, entry)
                found |= !strcmp(json_text_of(entry, "type", ""), wrong[_i].type) &&
                        !strcmp(json_text_of(entry, "message", ""), wrong[_i].message) &&
                        (!wrong[_i].spec_path ||
                         !strcmp(json_text_of(entry, "spec_path", ""), wrong[_i].spec_path));
        ck_assert_msg(found, "%s not in %s", wrong[_i].message, text);
        ck_assert_int_eq(workflow_is_refused(list), strcmp(wrong[_i].type, "warning") != 0);
}
END_TEST

static const char *const sound[] = {
        "{'version': 1.0, 'tasks': {'a': {'action': 'x'}}}",
        "{'version': '1.0', 'input': ['i', {'k': 1}], 'vars': [{'v': '<% ctx().i %>'}], 'tasks': {"
        " 'a': {'action': 'x y=<% ctx(v) %>', 'timeout': 5, 'delay': '<% ctx().k %>',"
        " 'next': [{'when': '<% failed() %>', 'publish': 'p=1 q=<% ctx().k %>',"
        " 'do': ['b', 'fail']}]}, 'b': {'action': 'x', 'input': {'p': '{{ ctx().p }}'},"
        " 'retry': {'count': 2}}}, 'output': [{'o': '<% ctx().v %>'}]}",
        "{'tasks': {'a': {'action': 'x', 'next': [{'do': 'b, c'}]}, 'b': {'action': 'x',"
        " 'next': [{'do': 'd'}]}, 'c': {'action': 'x', 'next': [{'do': 'd'}]},"
        " 'd': {'join': 'all', 'action': 'x'}}}",
        "{'default': 'b', 'chain': [{'name': 'a', 'ref': 'x'}, {'name': 'b', 'ref': 'x',"
        " 'on-failure': 'a'}]}",
};

START_TEST(of_what_is_sound_nothing_is_said)
{
        _json_ json_t *definition = life_json(sound[_i]);
        _json_ json_t *list = workflow_inspect(definition, NULL, NULL);
        _free_ char *text = json_dumps(list, 0);

        ck_assert_msg(json_array_size(list) == 0, "%s", text);
}
END_TEST

START_TEST(names_that_a_life_begins_with_are_known)
{
        _json_ json_t *definition = life_json("{'tasks': {'a': {'action': 'x', 'input': {"
                                              "'b': '<% ctx().st2 %>'}}}}");
        _json_ json_t *names = life_json("{'st2': {}}");
        _json_ json_t *list = workflow_inspect(definition, names, NULL);

        ck_assert_uint_eq(json_array_size(list), 0);
}
END_TEST

/* Diamonds behind diamonds: the ways through them are very many, the tasks are not. */
START_TEST(many_ways_are_not_all_walked)
{
        _json_ json_t *tasks = json_object(), *definition = NULL, *list = NULL;

        for (int i = 0; i < 40; i++) {
                char names[4][16];

                for (int k = 0; k < 4; k++)
                        snprintf(names[k], sizeof names[k], "%c%d", "abcd"[k], i);
                json_object_set_new(tasks, names[0], json_pack("{s:s, s:[{s:[s, s]}]}", "action", "x",
                                                               "next", "do", names[1], names[2]));
                json_object_set_new(tasks, names[1], json_pack("{s:s, s:[{s:s}]}", "action", "x",
                                                               "next", "do", names[3]));
                json_object_set_new(tasks, names[2], json_pack("{s:s, s:[{s:s}]}", "action", "x",
                                                               "next", "do", names[3]));
                snprintf(names[0], sizeof names[0], "a%d", i + 1);
                json_object_set_new(tasks, names[3], json_pack("{s:s, s:s, s:[{s:s}]}", "action",
                                                               "x", "join", "all", "next", "do",
                                                               i < 39 ? names[0] : "noop"));
        }
        definition = json_pack("{s:O}", "tasks", tasks);
        list = workflow_inspect(definition, NULL, NULL);
        ck_assert_uint_eq(json_array_size(list), 0);
}
END_TEST

START_TEST(a_compilation_says_all_that_is_wrong)
{
        _json_ json_t *definition = life_json("{'tasks': {'a': {'action': 1, 'next': [{"
                                              "'do': 'b'}]}}}");
        _fault_ struct fault fault = FAULT_INIT;
        struct workflow *workflow = NULL;

        ck_assert_int_eq(workflow_compile(definition, NULL, &workflow, &fault), FAULT);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_uint_eq(json_array_size(json_object_get(fault.detail, "errors")), 2);
}
END_TEST

int main(void)
{
        return SUITE("workflow/inspect", EACH(what_is_wrong_is_said_where, wrong),
                     EACH(of_what_is_sound_nothing_is_said, sound),
                     ONCE(names_that_a_life_begins_with_are_known),
                     ONCE(many_ways_are_not_all_walked),
                     ONCE(a_compilation_says_all_that_is_wrong));
}
