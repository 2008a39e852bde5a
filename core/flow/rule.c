/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A definition is read once, strictly: whatever is not understood is refused with the key and the
 * nearest thing that is, since a rule that silently does not fire costs a night. What is read stays
 * beside the definition itself, which is what the API shows.
 */
#include "flow/rule.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"
#include "flow/rule_criteria.h"
#include "flow/rule_trigger.h"

#include <errno.h>
#include <string.h>

#define STARTS_PER_MINUTE 120

struct rule {
        json_t *definition;
        char *ref, *trigger_key;
        const char *action;             /* in the definition */
        bool enabled, backstop;
        int64_t limit_per_minute;
        struct criteria *criteria;
        struct expr *parameters;
};

enum kind { TEXT, BOOLEAN, OBJECT, LIST, COUNT, ANY };

struct key {
        const char *name;
        enum kind kind;
        bool required;
};

/* id, uid and ref are what a rule that was fetched from the API holds besides. */
static const struct key rule_keys[] = {
        { "name", TEXT, true },
        { "pack", TEXT, false },
        { "description", TEXT, false },
        { "enabled", BOOLEAN, false },
        { "type", OBJECT, false },
        { "trigger", OBJECT, true },
        { "criteria", OBJECT, false },
        { "action", OBJECT, true },
        { "context", OBJECT, false },
        { "tags", LIST, false },
        { "limit_per_minute", COUNT, false },
        { "metadata_file", TEXT, false },
        { "id", TEXT, false },
        { "uid", TEXT, false },
        { "ref", TEXT, false },
        { NULL, ANY, false },
};

static const struct key trigger_keys[] = {
        { "type", TEXT, true }, { "parameters", OBJECT, false }, { "description", TEXT, false },
        { "pack", TEXT, false }, { "name", TEXT, false }, { "ref", TEXT, false },
        { "id", TEXT, false }, { "uid", TEXT, false }, { NULL, ANY, false },
};

static const struct key action_keys[] = {
        { "ref", TEXT, true }, { "parameters", OBJECT, false }, { "description", TEXT, false },
        { NULL, ANY, false },
};

static const struct key type_keys[] = {
        { "ref", TEXT, true }, { "parameters", OBJECT, false }, { NULL, ANY, false },
};

static bool has_kind(const json_t *value, enum kind kind)
{
        switch (kind) {
        case TEXT:
                return json_is_string(value);
        case BOOLEAN:
                return json_is_boolean(value);
        case OBJECT:
                return json_is_object(value);
        case LIST:
                return json_is_array(value);
        case COUNT:
                return json_is_integer(value) && json_integer_value(value) >= 0;
        default:
                return true;
        }
}

static int wrong_kind(const char *where, const struct key *key, const json_t *value,
                      struct fault *fault)
{
        static const char *const wanted[] = {
                "text",    "true or false", "an object", "a list", "a whole number, 0 or more",
                "anything"
        };
        _free_ char *found = json_compact(value);

        fault_set(fault, 422, "rule.invalid", "%s%s must be %s, not %.80s", where, key->name,
                  wanted[key->kind], found ? found : "that");
        fault_at(fault, key->name);
        if (key->kind == BOOLEAN && json_is_string(value))
                return fault_try(fault, "write true or false; in YAML 1.2, yes and no are text");
        return FAULT;
}

static int check_key(const char *where, const struct key *key, const json_t *object,
                     struct fault *fault)
{
        const json_t *value = json_object_get(object, key->name);

        if (key->required && (!value || json_is_null(value))) {
                fault_set(fault, 422, "rule.invalid", "%s%s is missing", where, key->name);
                return fault_at(fault, key->name);
        }
        return !value || json_is_null(value) || has_kind(value, key->kind)
                ? 0 : wrong_kind(where, key, value, fault);
}

static const struct key *find_key(const struct key *keys, const char *name)
{
        for (; keys->name; keys++)
                if (strcmp(keys->name, name) == 0)
                        return keys;
        return NULL;
}

static int unknown_key(const char *where, const struct key *keys, const char *name,
                       struct fault *fault)
{
        const char *names[32] = { NULL }, *nearest;

        for (size_t i = 0; keys[i].name; i++)
                names[i] = keys[i].name;
        nearest = text_nearest(name, names);
        fault_set(fault, 422, "rule.unknown-key", "%s%.80s is not a key that is known", where,
                  name);
        fault_at_key(fault, name);
        return nearest ? fault_try(fault, "did you mean \"%s\"?", nearest) : FAULT;
}

static int check_keys(const char *where, const struct key *keys, const json_t *object,
                      struct fault *fault)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)object, name, value)
                if (!find_key(keys, name))
                        return unknown_key(where, keys, name, fault);
        for (; keys->name; keys++)
                if (check_key(where, keys, object, fault))
                        return FAULT;
        return 0;
}

static int read_type(struct rule *rule, struct fault *fault)
{
        const json_t *type = json_object_get(rule->definition, "type");
        const char *ref = json_text_of(type, "ref", "standard");

        if (json_is_object(type) && check_keys("type.", type_keys, type, fault))
                return fault_at(fault, "type");
        rule->backstop = strcmp(ref, "backstop") == 0;
        if (rule->backstop || strcmp(ref, "standard") == 0)
                return 0;
        fault_set(fault, 422, "rule.invalid",
                  "type.ref must be standard or backstop, not \"%.80s\"", ref);
        return fault_at(fault, "type.ref");
}

static int check_ref(const char *where, const char *ref, struct fault *fault)
{
        const char *dot = strchr(ref, '.');

        if (text_is_name(ref) && dot && dot[1])
                return 0;
        fault_set(fault, 422, "rule.invalid", "%s must be PACK.NAME, not \"%.80s\"", where, ref);
        return fault_at(fault, where);
}

static int read_trigger(struct rule *rule, struct fault *fault)
{
        const json_t *trigger = json_object_get(rule->definition, "trigger");
        const json_t *parameters = json_object_get(trigger, "parameters");
        const char *type;
        int r;

        if (check_keys("trigger.", trigger_keys, trigger, fault))
                return fault_at(fault, "trigger");
        type = json_text_of(trigger, "type", "");
        if (check_ref("trigger.type", type, fault))
                return FAULT;
        r = trigger_check(type, parameters, fault);
        if (r)
                return r == FAULT ? fault_at(fault, "trigger.parameters") : r;
        rule->trigger_key = trigger_key(type, parameters);
        return rule->trigger_key ? 0 : -ENOMEM;
}

static int read_action(struct rule *rule, struct fault *fault)
{
        const json_t *action = json_object_get(rule->definition, "action");
        const json_t *parameters = json_object_get(action, "parameters");
        _json_ json_t *none = json_object();
        int r;

        if (check_keys("action.", action_keys, action, fault))
                return fault_at(fault, "action");
        rule->action = json_text_of(action, "ref", "");
        if (check_ref("action.ref", rule->action, fault))
                return FAULT;
        r = expr_compile(json_is_object(parameters) ? parameters : none, &rule->parameters, fault);
        if (r != FAULT)
                return r;
        fault_at(fault, "action.parameters");
        return fault_prefix(fault, "action.parameters");
}

/*
 * Names in use hold blanks and commas; what a ref cannot bear is a slash, a control, an edge of
 * blank.
 */
static bool is_title(const char *s)
{
        size_t n = strlen(s);

        for (size_t i = 0; i < n; i++)
                if ((unsigned char)s[i] < ' ' || s[i] == 0x7f || strchr("/?#", s[i]))
                        return false;
        return n && n <= 128 && s[0] != ' ' && s[0] != '.' && s[n - 1] != ' ';
}

static int read_name(struct rule *rule, struct fault *fault)
{
        const char *name = json_text_of(rule->definition, "name", "");
        const char *pack = json_text_of(rule->definition, "pack", "default");

        if (!is_title(name)) {
                fault_set(fault, 422, "rule.invalid", "name \"%.140s\" must have 1 to 128 "
                          "bytes, no / ? # or control characters, and no blank at an end", name);
                return fault_at(fault, "name");
        }
        if (!text_is_name(pack)) {
                fault_set(fault, 422, "rule.invalid",
                          "pack \"%.140s\" must consist of "
                          "letters, digits, _, - and dots, and have at most 128 bytes", pack);
                return fault_at(fault, "pack");
        }
        return asprintf(&rule->ref, "%s.%s", pack, name) < 0 ? -ENOMEM : 0;
}

static int read_definition(struct rule *rule, struct fault *fault)
{
        int r;

        if (!json_is_object(rule->definition))
                return fault_set(fault, 422, "rule.invalid", "a rule must be an object with name, "
                                 "trigger and action");
        if (check_keys("", rule_keys, rule->definition, fault))
                return FAULT;
        rule->enabled = json_bool_of(rule->definition, "enabled", false);
        rule->limit_per_minute = json_int_of(rule->definition, "limit_per_minute",
                                             STARTS_PER_MINUTE);
        r = read_name(rule, fault);
        if (!r)
                r = read_type(rule, fault);
        if (!r)
                r = read_trigger(rule, fault);
        if (!r)
                r = criteria_compile(json_object_get(rule->definition, "criteria"), &rule->criteria,
                                     fault);
        return r ? r : read_action(rule, fault);
}

int rule_compile(const json_t *definition, struct rule **ret, struct fault *fault)
{
        struct rule *rule = calloc(1, sizeof *rule);
        int r;

        if (!rule)
                return -ENOMEM;
        rule->definition = json_deep_copy(definition);
        r = rule->definition ? read_definition(rule, fault) : -ENOMEM;
        if (r) {
                rule_free(rule);
                return r;
        }
        *ret = rule;
        return 0;
}

struct rule *rule_free(struct rule *rule)
{
        if (!rule)
                return NULL;
        json_decref(rule->definition);
        free(rule->ref);
        free(rule->trigger_key);
        criteria_free(rule->criteria);
        expr_free(rule->parameters);
        free(rule);
        return NULL;
}

const char *rule_ref(const struct rule *rule)
{
        return rule->ref;
}

const json_t *rule_definition(const struct rule *rule)
{
        return rule->definition;
}

const char *rule_trigger_key(const struct rule *rule)
{
        return rule->trigger_key;
}

const char *rule_action(const struct rule *rule)
{
        return rule->action;
}

bool rule_is_enabled(const struct rule *rule)
{
        return rule->enabled;
}

bool rule_is_backstop(const struct rule *rule)
{
        return rule->backstop;
}

int64_t rule_limit_per_minute(const struct rule *rule)
{
        return rule->limit_per_minute;
}

const struct criteria *rule_criteria(const struct rule *rule)
{
        return rule->criteria;
}

json_t *rule_scope(const json_t *payload)
{
        return json_pack("{s:O?}", "trigger", (json_t *)payload);
}

struct expr_world rule_world(const struct expr_world *world, const json_t *names)
{
        struct expr_world made = world ? *world : (struct expr_world){ .names = NULL };

        made.names = names;
        return made;
}

/* What Python calls false. */
static bool is_empty(const json_t *payload)
{
        return !payload || json_is_null(payload) || json_is_false(payload) ||
                (json_is_string(payload) && !json_string_length(payload)) ||
                (json_is_number(payload) && json_number_value(payload) == 0) ||
                (json_is_array(payload) && !json_array_size(payload)) ||
                (json_is_object(payload) && !json_object_size(payload));
}

int rule_judge(const struct rule *rule, const struct expr_world *world, struct fault *fault)
{
        if (!criteria_count(rule->criteria))
                return VERDICT_YES;
        if (is_empty(json_object_get(world->names, "trigger")))
                return VERDICT_NO;
        return criteria_judge(rule->criteria, world, fault);
}

int rule_matches(const struct rule *rule, const struct expr_world *world, const json_t *payload,
                 bool *ret, struct fault *fault)
{
        _json_ json_t *names = rule_scope(payload);
        const struct expr_world here = rule_world(world, names);
        int verdict = names ? rule_judge(rule, &here, fault) : -ENOMEM;

        if (verdict < 0)
                return verdict;
        if (verdict == VERDICT_FAULT)
                return FAULT;
        *ret = verdict == VERDICT_YES;
        return 0;
}

json_t *rule_explain(const struct rule *rule, const struct expr_world *world,
                     const json_t *payload, bool *ret_matched)
{
        _json_ json_t *names = rule_scope(payload);
        const struct expr_world here = rule_world(world, names);

        if (!names)
                return NULL;
        *ret_matched = rule_judge(rule, &here, NULL) == VERDICT_YES;
        return criteria_explain(rule->criteria, &here);
}

int rule_parameters(const struct rule *rule, const struct expr_world *world,
                    const json_t *payload, json_t **ret, struct fault *fault)
{
        _json_ json_t *names = rule_scope(payload), *made = NULL;
        const struct expr_world here = rule_world(world, names);
        int r = names ? expr_eval_in(rule->parameters, &here, &made, fault) : -ENOMEM;

        if (r)
                return r == FAULT ? fault_prefix(fault, "action.parameters") : r;
        /* What it is made of may be the event itself. */
        *ret = json_deep_copy(made);
        return *ret ? 0 : -ENOMEM;
}
