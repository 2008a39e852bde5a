/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/out.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const format_names[] = { "table", "wide", "json", "yaml", "jsonl", "csv", "name",
                                            NULL };

int out_format_parse(const char *text, enum out_format *ret, struct fault *fault)
{
        const char *near = text_nearest(text, format_names);

        for (size_t i = 0; format_names[i]; i++)
                if (text_equal(text, format_names[i])) {
                        *ret = (enum out_format)i;
                        return 0;
                }
        fault_set(fault, 400, "usage.format", "there is no output format \"%s\"", text);
        return fault_try(fault, "-o %s   (table, wide, json, yaml, jsonl, csv, name)",
                         near ? near : "json");
}

const char *out_color(bool has_color, enum out_color color)
{
        static const char *const sequences[] = {
                [OUT_PLAIN] = "\033[0m", [OUT_GOOD] = "\033[32m", [OUT_BAD] = "\033[31m",
                [OUT_BUSY] = "\033[33m", [OUT_FAINT] = "\033[2m", [OUT_STRONG] = "\033[1m",
        };

        return has_color ? sequences[color] : "";
}

enum out_color out_status_color(const char *status)
{
        static const struct { const char *status; enum out_color color; } colors[] = {
                { "succeeded", OUT_GOOD }, { "ok", OUT_GOOD }, { "applied", OUT_GOOD },
                { "running", OUT_GOOD }, { "failed", OUT_BAD }, { "fail", OUT_BAD },
                { "timeout", OUT_BAD }, { "abandoned", OUT_BAD }, { "conflict", OUT_BAD },
                { "unknown", OUT_BAD }, { "held", OUT_BUSY }, { "pending", OUT_BUSY },
                { "paused", OUT_BUSY }, { "delayed", OUT_BUSY }, { "warn", OUT_BUSY },
                { "canceling", OUT_BUSY }, { "canceled", OUT_FAINT }, { "requested", OUT_FAINT },
                { "scheduled", OUT_FAINT },
        };

        for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
                if (text_equal(colors[i].status, status))
                        return colors[i].color;
        return OUT_PLAIN;
}

static char *local_time(const char *text)
{
        char made[64];
        int64_t ms;
        time_t s;
        struct tm tm;

        if (clock_parse(text, &ms))
                return strdup(text);
        s = (time_t)(ms / 1000);
        if (!localtime_r(&s, &tm) || !strftime(made, sizeof made, "%F %T", &tm))
                return strdup(text);
        return strdup(made);
}

/* ["a","b"] reads better as a, b. */
static char *join(const json_t *array)
{
        _text_ struct text text = TEXT_INIT;
        const json_t *value;
        size_t i;

        json_array_foreach(array, i, value) {
                _free_ char *part = json_is_object(value) ||
                        json_is_array(value) ? json_compact(value)
                        : out_cell(value, COLUMN_TEXT);

                text_add(&text, i ? ", " : "");
                text_add(&text, part ? part : "");
        }
        return text_take(&text);
}

char *out_cell(const json_t *value, enum column_kind kind)
{
        char *number;

        if (!value || json_is_null(value))
                return strdup("");
        if (json_is_string(value) && kind == COLUMN_TIME)
                return local_time(json_string_value(value));
        if (json_is_string(value))
                return strdup(json_string_value(value));
        if (json_is_array(value))
                return join(value);
        if (json_is_real(value))
                return asprintf(&number, kind == COLUMN_NUMBER ? "%.3f" : "%.12g",
                                json_real_value(value)) < 0
                        ? NULL : number;
        return json_compact(value);
}

void out_text(FILE *to, const char *s, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)s[i];
                /* C1 controls come as 0xc2 0x80..0x9f: a terminal may obey those as well */
                bool is_c1 = c == 0xc2 && i + 1 < len && (unsigned char)s[i + 1] < 0xa0;

                if (is_c1)
                        i++;
                putc(is_c1 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? ' ' : c, to);
        }
}

static int out_json(FILE *to, const json_t *value, size_t flags)
{
        if (json_dumpf(value, to, flags | JSON_ENCODE_ANY))
                return -ENOMEM;
        fputc('\n', to);
        return 0;
}

static int out_jsonl(FILE *to, const json_t *list)
{
        const json_t *each;
        size_t i;
        int r = 0;

        if (!json_is_array(list))
                return out_json(to, list, JSON_COMPACT);
        json_array_foreach(list, i, each)
                if (!r)
                        r = out_json(to, each, JSON_COMPACT);
        return r;
}

static void out_name(FILE *to, const json_t *object, const char *name_path)
{
        static const char *const usual[] = { "ref", "name", "id", NULL };
        const json_t *value = name_path ? json_at(object, name_path) : NULL;
        _free_ char *text = NULL;

        for (size_t i = 0; !value && usual[i]; i++)
                value = json_object_get(object, usual[i]);
        text = out_cell(value, COLUMN_TEXT);
        fprintf(to, "%s\n", text ? text : "");
}

static int out_names(FILE *to, const json_t *list, const char *name_path)
{
        const json_t *each;
        size_t i;

        if (!json_is_array(list))
                out_name(to, list, name_path);
        json_array_foreach(list, i, each)
                out_name(to, each, name_path);
        return 0;
}

/* What is the same for lists and objects; 1: it is none of these. */
static int out_machine(struct cli *cli, const json_t *value, const char *name_path)
{
        switch (cli->format) {
        case OUT_JSON:
                return out_json(cli->out, value, JSON_INDENT(2));
        case OUT_YAML:
                return out_yaml(cli->out, value);
        case OUT_JSONL:
                return out_jsonl(cli->out, value);
        case OUT_NAME:
                return out_names(cli->out, value, name_path);
        default:
                return 1;
        }
}

int out_list(struct cli *cli, const json_t *list, const struct column *columns,
             const char *name_path)
{
        int r = out_machine(cli, list, name_path);

        if (r <= 0)
                return r;
        return cli->format == OUT_CSV ? out_csv(cli->out, list, columns) : out_table(cli, list,
                columns);
}

int out_object(struct cli *cli, const json_t *object, const char *name_path)
{
        int r = out_machine(cli, object, name_path);

        return r <= 0 ? r : out_properties(cli, object);
}
