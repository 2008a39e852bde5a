/* SPDX-License-Identifier: Apache-2.0 */

#include "life.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

void life_deinit(struct life *life)
{
        conductor_free(life->conductor);
        workflow_unref(life->workflow);
        json_decref(life->records);
}

/* An error is compared by its type and expression where its tail is Python's. */
static size_t message_length(const char *s)
{
        const char *end = strstr(s, ">'. ");

        if (!end)
                end = strstr(s, "}'. ");
        return end ? (size_t)(end - s) : strlen(s);
}

static bool same_message(const char *a, const char *b)
{
        size_t len = message_length(a);

        return len == message_length(b) && !strncmp(a, b, len);
}

static bool same_entry(json_t *a, json_t *b)
{
        _json_ json_t *x = json_copy(a), *y = json_copy(b);
        const char *s = json_text_of(a, "message", ""), *t = json_text_of(b, "message", "");

        if (!same_message(s, t))
                return false;
        json_object_del(x, "message");
        json_object_del(y, "message");
        return json_same(x, y, JSON_SAME_PYTHON);
}

bool same_errors(const json_t *a, const json_t *b)
{
        size_t i, n = json_array_size(a);
        json_t *entry;

        if (n != json_array_size(b))
                return false;
        json_array_foreach(a, i, entry)
                if (!same_entry(entry, json_array_get(b, i)))
                        return false;
        return true;
}

bool same_values(const json_t *a, const json_t *b)
{
        if (!a || !b)
                return (!a || json_is_null(a)) && (!b || json_is_null(b));
        return json_same(a, b, JSON_SAME_PYTHON);
}

bool life_differs(struct life *life, const char *what, const json_t *got, const json_t *wanted)
{
        _free_ char *a = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
        _free_ char *b = wanted ? json_dumps(wanted, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

        if (!life->outcome->detail)
                outcome_set(life->outcome, DIFFERED, "%s: expected %.600s, got %.600s", what,
                            b ? b : "nothing", a ? a : "nothing");
        return false;
}

static void keep_delta(struct life *life)
{
        json_t *delta = conductor_take_delta(life->conductor);

        json_array_extend(life->records, delta);
        json_decref(delta);
}

bool life_cut(struct life *life)
{
        struct conductor *restored = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        keep_delta(life);
        if (!life->cuts)
                return true;
        if (conductor_restore(&life->setup, life->records, &restored, &fault)) {
                outcome_set(life->outcome, DIFFERED, "not restored: %s", fault.what);
                return false;
        }
        conductor_free(life->conductor);
        life->conductor = restored;
        return true;
}

int life_begin(struct life *life, const json_t *definition, const json_t *input,
               const json_t *context, struct fault *fault)
{
        int r = workflow_compile(definition, NULL, &life->workflow, fault);

        if (r)
                return r;
        life->setup = (struct conductor_setup){ .workflow = life->workflow, .input = input,
                                                .context = context };
        life->cuts = getenv("KANAME_CUT") != NULL;
        life->records = json_array();
        return conductor_new(&life->setup, &life->conductor, fault);
}

int life_revive(struct life *life, const json_t *kept, struct fault *fault)
{
        int r = workflow_compile(json_object_get(kept, "definition"), NULL, &life->workflow, fault);

        life->setup = (struct conductor_setup){ .workflow = life->workflow,
                                                .input = json_object_get(kept, "input"),
                                                .context = json_object_get(kept, "context") };
        life->cuts = getenv("KANAME_CUT") != NULL;
        life->records = json_copy(json_object_get(kept, "records"));
        return r ? r : conductor_restore(&life->setup, life->records, &life->conductor, fault);
}

json_t *life_keep(struct life *life)
{
        keep_delta(life);
        return json_pack("{s:O, s:O?, s:O?, s:O}", "definition",
                         workflow_definition(life->workflow), "input", life->setup.input,
                         "context", life->setup.context, "records", life->records);
}

json_t *inspection_by_category(const json_t *list)
{
        static const char *const categories[][2] = {
                { "syntax", "syntax" }, { "semantic", "semantics" },
                { "expression", "expressions" }, { "context", "context" },
                { "content", "contents" },
        };
        json_t *all = json_object(), *entry;
        size_t i;

        json_array_foreach(list, i, entry) {
                _json_ json_t *copy = json_copy(entry);
                const char *type = json_text_of(entry, "type", "");

                json_object_del(copy, "type");
                if (json_object_get(copy, "language"))
                        json_object_set(copy, "type", json_object_get(copy, "language"));
                json_object_del(copy, "language");
                for (size_t k = 0; k < sizeof categories / sizeof *categories; k++) {
                        if (strcmp(categories[k][0], type))
                                continue;
                        if (!json_object_get(all, categories[k][1]))
                                json_object_set_new(all, categories[k][1], json_array());
                        json_array_append(json_object_get(all, categories[k][1]), copy);
                }
        }
        return all;
}

bool same_inspections(const json_t *a, const json_t *b)
{
        static const char *const exact[] = { "syntax", "semantics", "context", "contents" };
        const json_t *x = json_object_get(a, "expressions"), *y = json_object_get(b, "expressions");
        json_t *entry;
        size_t i;

        for (i = 0; i < sizeof exact / sizeof *exact; i++)
                if (!same_values(json_object_get(a, exact[i]), json_object_get(b, exact[i])))
                        return false;
        if (json_array_size(x) != json_array_size(y))
                return false;
        json_array_foreach(x, i, entry) {
                _json_ json_t *p = json_copy(entry), *q = json_copy(json_array_get(y, i));

                json_object_del(p, "message");
                json_object_del(q, "message");
                if (!json_equal(p, q))
                        return false;
        }
        return true;
}
