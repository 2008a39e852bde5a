/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/dump.h"

#include "base/cleanup.h"
#include "expr/letters.h"
#include "expr/python.h"

#include <string.h>

struct dump {
        struct run *run;
        const struct dump_style *style;
        struct text *text;
        unsigned depth;
};

static bool add(struct dump *dump, const json_t *value);

static void add_code(struct text *text, uint32_t code)
{
        if (code >= 0x10000) {
                code -= 0x10000;
                text_addf(text, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
        } else {
                text_addf(text, "\\u%04x", code);
        }
}

static void add_string(struct dump *dump, const char *s, size_t len)
{
        static const char short_for[] = "\"\"\\\\\bb\ff\nn\rr\tt";
        const char *end = s + len;

        text_add(dump->text, "\"");
        for (; s < end; s += letter_size(s)) {
                const char *known = *s ? strchr(short_for, *s) : NULL;
                uint32_t code = letter_code(s);

                if (known && (known - short_for) % 2 == 1 && *s != '"' && *s != '\\')
                        known = NULL;
                if (known)
                        text_addf(dump->text, "\\%c", known[1]);
                else if (code < ' ' || (dump->style->ascii && code > 0x7e && code != 0x7f))
                        add_code(dump->text, code);
                else
                        text_add_bytes(dump->text, s, letter_size(s));
        }
        text_add(dump->text, "\"");
}

static void break_line(struct dump *dump)
{
        if (dump->style->indent < 0)
                return;
        text_add(dump->text, "\n");
        for (unsigned i = 0; i < dump->depth * (unsigned)dump->style->indent; i++)
                text_add(dump->text, " ");
}

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **dump_keys(const json_t *object, bool sorted)
{
        const char **keys = calloc(json_object_size(object) + 1, sizeof *keys), *key;
        json_t *value;
        size_t n = 0;

        if (!keys)
                return NULL;
        json_object_foreach((json_t *)object, key, value)
                keys[n++] = key;
        if (sorted)
                qsort(keys, n, sizeof *keys, by_text);
        return keys;
}

static bool add_object(struct dump *dump, const json_t *object)
{
        _free_ const char **keys = dump_keys(object, dump->style->sorted);

        if (!keys)
                return run_no_memory(dump->run);
        text_add(dump->text, "{");
        dump->depth++;
        for (size_t i = 0; keys[i]; i++) {
                text_add(dump->text, i ? dump->style->between : "");
                break_line(dump);
                add_string(dump, keys[i], strlen(keys[i]));
                text_add(dump->text, dump->style->colon);
                if (!add(dump, json_object_get(object, keys[i])))
                        return false;
        }
        dump->depth--;
        if (keys[0])
                break_line(dump);
        text_add(dump->text, "}");
        return true;
}

static bool add_list(struct dump *dump, const json_t *list)
{
        size_t i;
        json_t *item;

        text_add(dump->text, "[");
        dump->depth++;
        json_array_foreach((json_t *)list, i, item) {
                text_add(dump->text, i ? dump->style->between : "");
                break_line(dump);
                if (!add(dump, item))
                        return false;
        }
        dump->depth--;
        if (json_array_size(list))
                break_line(dump);
        text_add(dump->text, "]");
        return true;
}

static bool refuse(struct dump *dump, const json_t *value, enum nature_kind kind)
{
        if (kind == NATURE_UNDEFINED)
                return run_use_undefined(dump->run, value);
        return run_raise(dump->run, "TypeError", "Object of type %s is not JSON serializable",
                         python_type(&dump->run->natures, value));
}

static bool add(struct dump *dump, const json_t *value)
{
        enum nature_kind kind = nature_kind(&dump->run->natures, value);

        if (!run_step(dump->run, 1) || !run_afford(dump->run, dump->text))
                return false;
        if (kind == NATURE_UNDEFINED || kind == NATURE_MOMENT || kind == NATURE_SPAN ||
            kind == NATURE_REGEX || kind == NATURE_SET)
                return refuse(dump, value, kind);
        switch (json_typeof(value)) {
        case JSON_OBJECT:
                return add_object(dump, value);
        case JSON_ARRAY:
                return add_list(dump, value);
        case JSON_STRING:
                add_string(dump, json_string_value(value), json_string_length(value));
                return true;
        case JSON_NULL:
                text_add(dump->text, "null");
                return true;
        case JSON_TRUE:
        case JSON_FALSE:
                text_add(dump->text, json_is_true(value) ? "true" : "false");
                return true;
        default:
                return run_print(dump->run, value, false, dump->text);
        }
}

json_t *dump_json(struct run *run, const json_t *value, const struct dump_style *style)
{
        _text_ struct text text = TEXT_INIT;
        struct dump dump = { run, style, &text, 0 };

        return add(&dump, value) ? run_take(run, &text) : NULL;
}
