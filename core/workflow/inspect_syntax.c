/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The form of a definition, as a JSON Schema: StackStorm's own, whose errors people know and
 * tools compare, so they are worded as Python's jsonschema words them. That is why this is not
 * core/schema, whose words are Kaname's: only the few keywords that this one schema uses are here.
 *
 * A name in angle brackets stands for a part of the schema that is used in several places.
 */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/regex.h"
#include "base/text.h"
#include "expr/python.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "{\"type\": \"string\", \"minLength\": 1}"
#define COUNT "{\"type\": \"integer\", \"minimum\": 0}"
#define TEXT_OR_COUNT "{\"oneOf\": [" TEXT ", " COUNT "]}"
#define ANYTHING                                                                                \
        "{\"anyOf\": [{\"type\": \"null\"}, {\"type\": \"array\"}, {\"type\": \"boolean\"},"   \
        " {\"type\": \"integer\"}, {\"type\": \"number\"}, {\"type\": \"object\"},"            \
        " {\"type\": \"string\"}]}"
#define WORDS "\"patternProperties\": {\"^\\\\w+$\": " ANYTHING "}"
#define SOME_KEYS "{\"type\": \"object\", \"minProperties\": 1, " WORDS "}"
#define ONE_KEY "{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, " WORDS "}"
#define LIST_OF(x)                                                                              \
        "{\"type\": \"array\", \"items\": " x ", \"uniqueItems\": true, \"minItems\": 1}"
#define ITEMS                                                                                   \
        "^(\\\\s+)?(<%.*?%>|{{.*?}})(\\\\s+)?$|"                                                \
        "^(\\\\s+)?((\\\\w+,\\\\s?|\\\\s+)+)?(\\\\w+)\\\\s+in\\\\s+(<%.*?%>|{{.*?}})(\\\\s+)?$"

static const char source[] =
        "{\"type\": \"object\", \"required\": [\"tasks\"], \"additionalProperties\": false,"
        " \"properties\": {"
        "  \"name\": " TEXT ","
        "  \"version\": {\"anyOf\": [" TEXT ", " COUNT ","
        "   {\"type\": \"number\", \"minimum\": 0.0}], \"enum\": [\"1.0\", 1.0]},"
        "  \"description\": " TEXT ","
        "  \"tags\": " LIST_OF(TEXT) ","
        "  \"timeout\": " TEXT_OR_COUNT ","
        "  \"vars\": " LIST_OF(ONE_KEY) ","
        "  \"input\": " LIST_OF("{\"oneOf\": [" TEXT ", " ONE_KEY "]}") ","
        "  \"output\": " LIST_OF(ONE_KEY) ","
        "  \"tasks\": {\"type\": \"object\", \"minProperties\": 1, \"patternProperties\": {"
        "   \"^\\\\w+$\": {\"type\": \"object\", \"additionalProperties\": false,"
        "    \"properties\": {"
        "     \"delay\": " TEXT_OR_COUNT ","
        "     \"timeout\": " TEXT_OR_COUNT ","
        "     \"join\": {\"oneOf\": [{\"enum\": [\"all\"]}, " COUNT "]},"
        "     \"with\": {\"type\": \"object\", \"additionalProperties\": false,"
        "      \"properties\": {"
        "       \"items\": {\"type\": \"string\", \"minLength\": 1, \"pattern\": \"" ITEMS "\"},"
        "       \"concurrency\": " TEXT_OR_COUNT "}},"
        "     \"action\": " TEXT ","
        "     \"input\": {\"oneOf\": [" TEXT ", " SOME_KEYS "]},"
        "     \"retry\": {\"type\": \"object\", \"required\": [\"count\"],"
        "      \"additionalProperties\": false, \"properties\": {\"when\": " TEXT ","
        "       \"count\": " TEXT_OR_COUNT ", \"delay\": " TEXT_OR_COUNT "}},"
        "     \"next\": {\"type\": \"array\", \"items\": {\"type\": \"object\","
        "      \"additionalProperties\": false, \"properties\": {\"when\": " TEXT ","
        "       \"publish\": {\"oneOf\": [" TEXT ", " LIST_OF(ONE_KEY) "]},"
        "       \"do\": {\"oneOf\": [" TEXT ", " LIST_OF(TEXT) "]}}}}}}}}}}";

/* Where a check stands, in the definition and in the schema; list NULL: only whether it holds. */
struct check {
        const struct check *up;
        const char *spec, *schema;      /* the steps that led here; NULL: none */
        size_t index;                   /* with neither text: a list's place */
        bool has_index;
        json_t *list;
        bool failed;
        int error;
};

static void spell_spec(const struct check *check, struct text *path)
{
        if (!check)
                return;
        spell_spec(check->up, path);
        if (check->has_index)
                text_addf(path, "[%zu]", check->index);
        else if (check->spec)
                text_addf(path, "%s%s", path->len ? "." : "", check->spec);
}

static void spell_schema(const struct check *check, struct text *path)
{
        if (!check)
                return;
        spell_schema(check->up, path);
        if (check->schema)
                text_addf(path, "%s%s", path->len ? "." : "", check->schema);
}

static void complain(struct check *check, const char *keyword, char *message)
{
        _text_ struct text spec = TEXT_INIT, schema = TEXT_INIT;

        check->failed = true;
        if (!check->list) {
                free(message);
                return;
        }
        spell_spec(check, &spec);
        spell_schema(check, &schema);
        text_addf(&schema, "%s%s", schema.len ? "." : "", keyword);
        check->error = inspect_add(check->list, "syntax", spec.s, schema.s, message);
}

/*
 * Python's repr(), with its escapes undone as StackStorm undoes them: the text as it is, in quotes.
 */
static char *shown(const json_t *value)
{
        _json_ json_t *list = json_pack("[O]", value);
        _text_ struct text text = TEXT_INIT;
        char *to, *from;

        python_str(list, &text);
        if (!text.s || text.failed || text.len < 2)
                return NULL;
        text.s[text.len - 1] = '\0';
        to = from = text.s + 1;
        for (; *from; from++) {
                if (*from == '\\' && from[1]) {
                        from++;
                        *to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == 'r' ? '\r' :
                                *from;
                        continue;
                }
                *to++ = *from;
        }
        *to = '\0';
        return strdup(text.s + 1);
}

/* fmt takes what value shows. */
static void complain_of(struct check *check, const char *keyword, const json_t *value,
                        const char *tail)
{
        _free_ char *is = check->list ? shown(value) : NULL;

        complain(check, keyword, is ? inspect_say("%s %s", is, tail) : NULL);
}

static void check_value(struct check *check, const json_t *schema, const json_t *value);

static bool has_type(const json_t *value, const char *type)
{
        static const struct {
                const char *name;
                unsigned types;
        } types[] = {
                { "string", 1u << JSON_STRING },
                { "integer", 1u << JSON_INTEGER },
                { "number", 1u << JSON_INTEGER | 1u << JSON_REAL },
                { "object", 1u << JSON_OBJECT },
                { "array", 1u << JSON_ARRAY },
                { "boolean", 1u << JSON_TRUE | 1u << JSON_FALSE },
                { "null", 1u << JSON_NULL },
        };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (!strcmp(types[i].name, type))
                        return (types[i].types >> json_typeof(value)) & 1;
        return false;
}

static void check_type(struct check *check, const json_t *type, const json_t *value)
{
        _free_ char *tail = NULL;

        if (has_type(value, json_string_value(type)))
                return;
        tail = inspect_say("is not of type '%s'", json_string_value(type));
        complain_of(check, "type", value, tail ? tail : "");
}

static void check_enum(struct check *check, const json_t *values, const json_t *value)
{
        _free_ char *list = shown(values), *tail = NULL;
        const json_t *one;
        size_t i;

        json_array_foreach(values, i, one)
                if (json_same(one, value, JSON_SAME_STRICT))
                        return;
        tail = inspect_say("is not one of %s", list ? list : "");
        complain_of(check, "enum", value, tail ? tail : "");
}

/* How jsonschema says that there is not even one. */
static const char *too_few(size_t least, const char *otherwise)
{
        return least == 1 ? "should be non-empty" : otherwise;
}

static void check_size(struct check *check, const json_t *limit, const json_t *value)
{
        size_t least = (size_t)json_integer_value(limit);

        if (json_is_string(value) && json_string_length(value) < least)
                complain_of(check, "minLength", value, too_few(least, "is too short"));
}

static void check_items_count(struct check *check, const json_t *limit, const json_t *value)
{
        size_t least = (size_t)json_integer_value(limit);

        if (json_is_array(value) && json_array_size(value) < least)
                complain_of(check, "minItems", value, too_few(least, "is too short"));
}

static void check_least(struct check *check, const json_t *limit, const json_t *value)
{
        _free_ char *is = shown(limit), *tail = NULL;

        if (!json_is_number(value) || json_compare_numbers(value, limit) >= 0)
                return;
        tail = inspect_say("is less than the minimum of %s", is ? is : "");
        complain_of(check, "minimum", value, tail ? tail : "");
}

static void check_unique(struct check *check, const json_t *wanted, const json_t *value)
{
        const json_t *a;
        size_t i;

        (void)wanted;
        json_array_foreach(value, i, a)
                for (size_t k = 0; k < i && k < 1000; k++)
                        if (json_same(a, json_array_get(value, k), JSON_SAME_STRICT)) {
                                complain_of(check, "uniqueItems", value,
                                            "has non-unique elements");
                                return;
                        }
}

static void check_few(struct check *check, const json_t *limit, const json_t *value)
{
        size_t least = (size_t)json_integer_value(limit);

        if (json_is_object(value) && json_object_size(value) < least)
                complain_of(check, "minProperties", value,
                            too_few(least, "does not have enough properties"));
}

static void check_many(struct check *check, const json_t *limit, const json_t *value)
{
        if (json_is_object(value) && json_object_size(value) > (size_t)json_integer_value(limit))
                complain_of(check, "maxProperties", value, "has too many properties");
}

static bool matches(struct check *check, const char *pattern, const char *s)
{
        struct regex *regex = NULL;
        _fault_ struct fault ignored = FAULT_INIT;
        int r = regex_compile(pattern, REGEX_PYTHON, &regex, &ignored);

        if (r == 0)
                r = regex_match(regex, s, strlen(s));
        else
                check->error = -EINVAL;
        regex_free(regex);
        return r == 1;
}

static void check_pattern(struct check *check, const json_t *pattern, const json_t *value)
{
        _free_ char *tail = NULL;

        if (!json_is_string(value) ||
            matches(check, json_string_value(pattern), json_string_value(value)))
                return;
        tail = inspect_say("does not match '%s'", json_string_value(pattern));
        complain_of(check, "pattern", value, tail ? tail : "");
}

static void check_required(struct check *check, const json_t *names, const json_t *value)
{
        const json_t *name;
        size_t i;

        if (!json_is_object(value))
                return;
        json_array_foreach(names, i, name)
                if (!json_object_get(value, json_string_value(name)))
                        complain_of(check, "required", name, "is a required property");
}

static size_t valid_among(const json_t *schemas, const json_t *value)
{
        const json_t *schema;
        size_t i, valid = 0;

        json_array_foreach(schemas, i, schema) {
                struct check quiet = { .list = NULL };

                check_value(&quiet, schema, value);
                valid += !quiet.failed;
        }
        return valid;
}

static void check_any(struct check *check, const json_t *schemas, const json_t *value)
{
        if (!valid_among(schemas, value))
                complain_of(check, "anyOf", value, "is not valid under any of the given schemas");
}

static void check_one(struct check *check, const json_t *schemas, const json_t *value)
{
        if (!valid_among(schemas, value))
                complain_of(check, "oneOf", value, "is not valid under any of the given schemas");
}

/* Check a part, and take over what it found. */
static void descend(struct check *check, struct check step, const json_t *schema,
                    const json_t *value)
{
        step.up = check;
        step.list = check->list;
        check_value(&step, schema, value);
        check->failed |= step.failed;
        if (!check->error)
                check->error = step.error;
}

static void check_properties(struct check *check, const json_t *properties, const json_t *value)
{
        const char *name;
        json_t *schema;

        json_object_foreach((json_t *)properties, name, schema) {
                const json_t *member = json_object_get(value, name);
                _free_ char *path = member ? inspect_say("properties.%s", name) : NULL;

                if (member)
                        descend(check, (struct check){ .spec = name, .schema = path }, schema,
                                member);
        }
}

static void check_named(struct check *check, const json_t *patterns, const json_t *value)
{
        const char *pattern, *name;
        json_t *schema, *member;

        json_object_foreach((json_t *)patterns, pattern, schema) {
                _free_ char *path = inspect_say("patternProperties.%s", pattern);

                json_object_foreach((json_t *)value, name, member)
                        if (matches(check, pattern, name))
                                descend(check, (struct check){ .spec = name, .schema = path },
                                        schema, member);
        }
}

static void check_items(struct check *check, const json_t *schema, const json_t *value)
{
        const json_t *item;
        size_t i;

        json_array_foreach(value, i, item)
                descend(check, (struct check){ .index = i, .has_index = true, .schema = "items" },
                        schema, item);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_others(struct check *check, const json_t *schema, const json_t *value)
{
        const json_t *known = json_object_get(schema, "properties");
        _free_ const char **names = calloc(json_object_size(value) + 1, sizeof *names);
        _text_ struct text extra = TEXT_INIT;
        const char *name;
        json_t *member;
        size_t n = 0;

        json_object_foreach((json_t *)value, name, member)
                if (names && !json_object_get(known, name))
                        names[n++] = name;
        if (n)
                qsort(names, n, sizeof *names, by_name);
        for (size_t i = 0; i < n; i++)
                text_addf(&extra, "%s'%s'", i ? ", " : "", names[i]);
        if (n)
                complain(check, "additionalProperties",
                         inspect_say("Additional properties are not allowed (%s %s unexpected)",
                                     extra.s, n > 1 ? "were" : "was"));
}

static const struct {
        const char *name;
        void (*check)(struct check *check, const json_t *keyword, const json_t *value);
} keywords[] = {
        { "type", check_type }, { "enum", check_enum }, { "minLength", check_size },
        { "pattern", check_pattern }, { "minimum", check_least }, { "minItems", check_items_count },
        { "uniqueItems", check_unique }, { "minProperties", check_few },
        { "maxProperties", check_many }, { "required", check_required }, { "anyOf", check_any },
        { "oneOf", check_one }, { "properties", check_properties },
        { "patternProperties", check_named }, { "items", check_items },
};

static void check_value(struct check *check, const json_t *schema, const json_t *value)
{
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
                const json_t *keyword = json_object_get(schema, keywords[i].name);

                if (keyword && !check->error)
                        keywords[i].check(check, keyword, value);
        }
        if (json_is_false(json_object_get(schema, "additionalProperties")))
                check_others(check, schema, value);
}

/* StackStorm does not say so, but cannot run such a task: its names are words. */
static int check_task_names(const json_t *definition, json_t *list)
{
        struct check check = { .list = NULL };
        const char *name;
        json_t *task;

        json_object_foreach(json_object_get(definition, "tasks"), name, task)
                if (!matches(&check, "^\\w+$", name) &&
                    inspect_add(list, "syntax", "tasks", "properties.tasks.patternProperties",
                                inspect_say("'%s' does not match '^\\w+$'", name)))
                        return -ENOMEM;
        return check.error;
}

/* The short form of `with` is no error. */
static json_t *written_out(const json_t *definition)
{
        json_t *copy = json_copy((json_t *)definition);
        json_t *tasks = json_object_get(definition, "tasks"), *task;
        const char *name;

        if (!copy || !json_is_object(tasks))
                return copy;
        tasks = json_copy(tasks);
        json_object_foreach(tasks, name, task) {
                const json_t *with = json_object_get(task, "with");
                json_t *mine;

                if (!json_is_string(with))
                        continue;
                mine = json_copy(task);
                json_object_set_new(mine, "with", json_pack("{s:O}", "items", with));
                json_object_set_new(tasks, name, mine);
        }
        json_object_set_new(copy, "tasks", tasks);
        return copy;
}

int inspect_syntax(const json_t *definition, json_t *list)
{
        _json_ json_t *schema = json_loads(source, 0, NULL);
        _json_ json_t *whole = json_is_object(definition) ? written_out(definition) :
                json_incref((json_t *)definition);
        struct check check = { .list = list };

        if (!schema || !whole)
                return -ENOMEM;
        check_value(&check, schema, whole);
        return check.error ? check.error : check_task_names(definition, list);
}
