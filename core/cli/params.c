/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/params.h"

#include "base/json.h"
#include "base/text.h"
#include "schema/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool params_is_pair(const char *text)
{
        const char *equals = strchr(text, '=');

        return equals && equals != text;
}

static int pair_value(const char *text, bool is_json, const char *pair, json_t **ret,
                      struct fault *fault)
{
        int r;

        if (!text_is_utf8(text, strlen(text)))
                return fault_set(fault, 400, "usage.parameter", "%s: the value is no UTF-8", pair);
        if (!is_json) {
                *ret = json_string(text);
                return *ret ? 0 : -ENOMEM;
        }
        r = json_parse(text, strlen(text), NULL, ret, fault);
        if (r == FAULT) {
                fault_prefix(fault, "%s", pair);
                fault_try(fault,
                          "KEY=VALUE for text; after := the value is JSON, such as "
                          "'tags:=[\"a\",\"b\"]'");
        }
        return r;
}

static int put(json_t **object, const char *key, json_t *value, struct fault *fault)
{
        json_t *old = json_at(*object, key), *list;
        int r;

        if (old && json_is_array(old) && !json_is_array(value))
                return json_array_append_new(old, value) ? -ENOMEM : 0;
        list = old && !json_is_object(old) && !json_is_array(value) ? json_pack("[O,o]", old,
                value) : value;
        r = json_put_at(object, key, list);
        return r == -EINVAL ? fault_set(fault, 400, "usage.parameter",
                                        "%s: a part of it has a value already", key)
                : r;
}

int params_add(json_t **object, const char *pair, struct fault *fault)
{
        const char *equals = strchr(pair, '=');
        json_t *value = NULL;
        bool is_json;
        _free_ char *key = NULL;
        int r;

        if (!params_is_pair(pair)) {
                fault_set(fault, 400, "usage.parameter", "\"%s\" is no KEY=VALUE", pair);
                return fault_try(fault, "%s=…", *pair == '=' ? "KEY" : pair);
        }
        is_json = equals > pair + 1 && equals[-1] == ':';
        key = strndup(pair, (size_t)(equals - pair) - is_json);
        if (!key || (!*object && !(*object = json_object())))
                return -ENOMEM;
        r = pair_value(equals + 1, is_json, pair, &value, fault);
        return r ? r : put(object, key, value, fault);
}

int params_read(struct cli *cli, int first, json_t **ret, struct fault *fault)
{
        _json_ json_t *params = NULL, *given = NULL;
        int r = cli_file(cli, "file", &params, fault);

        if (!r && params && !json_is_object(params))
                r = fault_set(fault, 400, "usage.parameter", "%s: want an object of parameters",
                              cli_option(cli, "file"));
        for (int i = first; i < cli->n_operands && !r; i++)
                r = params_add(&given, cli->operands[i], fault);
        if (r)
                return r;
        if (!params)
                params = json_object();
        if (!params || (given && json_object_update(params, given)))
                return -ENOMEM;
        *ret = TAKE(params);
        return 0;
}

static bool wants_list(const json_t *schema)
{
        return text_equal(json_text_of(schema, "type", NULL), "array");
}

static json_t *split(const char *text)
{
        json_t *list = json_array();

        while (list && *text) {
                size_t len = strcspn(text, ",");

                json_array_append_new(list, json_stringn(text, len));
                text += len + (text[len] == ',');
        }
        return list;
}

static void split_lists(json_t *params, const json_t *declared)
{
        const char *key;
        json_t *value;
        void *next;

        json_object_foreach_safe(params, next, key, value) {
                const char *text = json_string_value(value);

                if (text && *text != '[' && wants_list(json_object_get(declared, key)))
                        json_object_set_new(params, key, split(text));
        }
}

int params_coerce(json_t *params, const json_t *declared, struct fault *fault)
{
        _json_ json_t *source = NULL;
        struct schema *schema = NULL;
        int r;

        if (!json_object_size(declared))
                return 0;
        split_lists(params, declared);
        source = json_pack("{s:s,s:O}", "type", "object", "properties", declared);
        r = source ? schema_compile(source, &schema, fault) : -ENOMEM;
        if (r)
                return r;
        schema_coerce(schema, params);
        schema_unref(schema);
        return 0;
}
