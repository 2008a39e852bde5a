/* SPDX-License-Identifier: Apache-2.0 */

/* Answers for files: YAML as libyaml writes it, CSV as RFC 4180 has it. */

#include "base/json.h"
#include "base/text.h"
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static bool emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
        return yaml_emitter_emit(emitter, event) != 0;
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *text, bool is_text)
{
        yaml_event_t event;
        yaml_scalar_style_t style = is_text && strchr(text, '\n') ? YAML_LITERAL_SCALAR_STYLE
                : YAML_ANY_SCALAR_STYLE;

        return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                            (int)strlen(text),
                                            true, true, style) && emit(emitter, &event);
}

/* Text that a reader of YAML (1.1 or 1.2) would take for something else is quoted. */
static bool reads_as_other(const char *s)
{
        static const char *const words[] = { "", "~", "null", "true", "false", "yes", "no", "on",
                                             "off",
                                             "y", "n", ".nan", "=", "<<", NULL };
        char *end;

        for (size_t i = 0; words[i]; i++)
                if (!strcasecmp(s, words[i]))
                        return true;
        strtod(s, &end);
        return !*end || strcasestr(s, ".inf") ||
                (strchr("0123456789.+-", *s) && strspn(s, "0123456789_:.+-xobeTZ ") == strlen(s));
}

static bool emit_text(yaml_emitter_t *emitter, const char *text)
{
        yaml_event_t event;

        if (!reads_as_other(text))
                return emit_scalar(emitter, text, true);
        return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                            (int)strlen(text),
                                            false, true, YAML_DOUBLE_QUOTED_SCALAR_STYLE) &&
                                            emit(emitter, &event);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value);

static bool emit_object(yaml_emitter_t *emitter, const json_t *object)
{
        yaml_event_t event;
        yaml_mapping_style_t style = json_object_size(object) ? YAML_BLOCK_MAPPING_STYLE
                : YAML_FLOW_MAPPING_STYLE;
        bool good = yaml_mapping_start_event_initialize(&event, NULL, NULL, true, style) &&
                emit(emitter, &event);
        const char *key;
        json_t *member;

        json_object_foreach((json_t *)object, key, member)
                good = good && emit_text(emitter, key) && emit_value(emitter, member);
        return good && yaml_mapping_end_event_initialize(&event) && emit(emitter, &event);
}

static bool emit_array(yaml_emitter_t *emitter, const json_t *array)
{
        yaml_event_t event;
        yaml_sequence_style_t style = json_array_size(array) ? YAML_BLOCK_SEQUENCE_STYLE
                : YAML_FLOW_SEQUENCE_STYLE;
        bool good = yaml_sequence_start_event_initialize(&event, NULL, NULL, true, style) &&
                emit(emitter, &event);
        const json_t *member;
        size_t i;

        json_array_foreach(array, i, member)
                good = good && emit_value(emitter, member);
        return good && yaml_sequence_end_event_initialize(&event) && emit(emitter, &event);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value)
{
        _free_ char *text = NULL;

        if (json_is_object(value))
                return emit_object(emitter, value);
        if (json_is_array(value))
                return emit_array(emitter, value);
        if (json_is_string(value))
                return emit_text(emitter, json_string_value(value));
        text = json_compact(value);
        return text && emit_scalar(emitter, text, false);
}

static bool emit_document(yaml_emitter_t *emitter, const json_t *value)
{
        yaml_event_t event;

        return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
                emit(emitter, &event) &&
                yaml_document_start_event_initialize(&event, NULL, NULL, NULL, true) &&
                emit(emitter, &event) &&
                emit_value(emitter, value) &&
                yaml_document_end_event_initialize(&event, true) && emit(emitter, &event) &&
                yaml_stream_end_event_initialize(&event) && emit(emitter, &event);
}

int out_yaml(FILE *to, const json_t *value)
{
        yaml_emitter_t emitter;
        bool good;

        if (!yaml_emitter_initialize(&emitter))
                return -ENOMEM;
        yaml_emitter_set_output_file(&emitter, to);
        yaml_emitter_set_unicode(&emitter, 1);
        yaml_emitter_set_width(&emitter, -1);
        good = emit_document(&emitter, value);
        yaml_emitter_delete(&emitter);
        return good ? 0 : -ENOMEM;
}

static void csv_cell(FILE *to, const char *s)
{
        if (!strpbrk(s, ",\"\r\n")) {
                fputs(s, to);
                return;
        }
        fputc('"', to);
        for (; *s; s++) {
                if (*s == '"')
                        fputc('"', to);
                fputc(*s, to);
        }
        fputc('"', to);
}

static void csv_row(FILE *to, const json_t *object, const struct column *columns)
{
        for (const struct column *column = columns; column->title; column++) {
                /* times stay as the API has them: a file has no time zone of its reader */
                _free_ char *text = out_cell(json_at(object, column->path), COLUMN_TEXT);

                if (column != columns)
                        fputc(',', to);
                csv_cell(to, text ? text : "");
        }
        fputs("\r\n", to);
}

int out_csv(FILE *to, const json_t *list, const struct column *columns)
{
        const json_t *object;
        size_t i;

        for (const struct column *column = columns; column->title; column++) {
                fputs(column == columns ? "" : ",", to);
                csv_cell(to, column->title);
        }
        fputs("\r\n", to);
        json_array_foreach(list, i, object)
                csv_row(to, object, columns);
        return 0;
}
