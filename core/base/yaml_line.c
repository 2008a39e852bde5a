/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where in a file a value stands. Asked only when there is a complaint to make, so the text is read
 * a second time instead of keeping a line for every value of every file that was fine.
 */
#include "base/yaml.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>
#include <yaml.h>

#define _event_ _cleanup_(yaml_event_delete)

/* Does the first step of path spell s? The rest of the path, or NULL. */
static const char *step_over(const char *path, const char *s)
{
        for (; *path && *path != '.'; path++, s++) {
                if (path[0] == '\\' && path[1])
                        path++;
                if (*path != *s)
                        return NULL;
        }
        return *s ? NULL : *path ? path + 1 : path;
}

/* After the end libyaml gives empty events for ever: to every loop here they are a failure. */
static bool next(yaml_parser_t *parser, yaml_event_t *event)
{
        return yaml_parser_parse(parser, event) && event->type != YAML_NO_EVENT;
}

/* Read on until the collection that event opened is closed; a scalar is over already. */
static bool skip(yaml_parser_t *parser, const yaml_event_t *event)
{
        int open = event->type == YAML_MAPPING_START_EVENT ||
                event->type == YAML_SEQUENCE_START_EVENT;

        while (open) {
                _event_ yaml_event_t inner = { 0 };

                if (!next(parser, &inner))
                        return false;
                if (inner.type == YAML_MAPPING_START_EVENT ||
                    inner.type == YAML_SEQUENCE_START_EVENT)
                        open++;
                if (inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT)
                        open--;
        }
        return true;
}

/*
 * In the collection that kind opened, read up to the value of the path's first step, whose event
 * goes to *value; the rest of the path, or NULL.
 */
static const char *enter(yaml_parser_t *parser, yaml_event_type_t kind, const char *path,
                         yaml_event_t *value)
{
        for (size_t i = 0;; i++) {
                _event_ yaml_event_t key = { 0 };
                char index[24];
                const char *rest, *name = index;

                snprintf(index, sizeof index, "%zu", i);
                if (kind == YAML_MAPPING_START_EVENT) {
                        if (!next(parser, &key) || key.type == YAML_MAPPING_END_EVENT ||
                            !skip(parser, &key))
                                return NULL;
                        name = key.type == YAML_SCALAR_EVENT
                                ? (const char *)key.data.scalar.value : NULL;
                }
                if (!next(parser, value) || value->type == YAML_SEQUENCE_END_EVENT)
                        return NULL;
                rest = name ? step_over(path, name) : NULL;
                if (rest)
                        return rest;
                if (!skip(parser, value))
                        return NULL;
                yaml_event_delete(value);
        }
}

static unsigned find(yaml_parser_t *parser, const char *path)
{
        yaml_event_t at = { 0 };
        unsigned line;

        do {
                yaml_event_delete(&at);
                if (!next(parser, &at))
                        return 0;
        } while (at.type == YAML_STREAM_START_EVENT || at.type == YAML_DOCUMENT_START_EVENT);
        while (path && *path) {
                yaml_event_type_t kind = at.type;

                yaml_event_delete(&at);
                path = kind == YAML_MAPPING_START_EVENT || kind == YAML_SEQUENCE_START_EVENT
                        ? enter(parser, kind, path, &at) : NULL;
        }
        line = path ? (unsigned)at.start_mark.line + 1 : 0;
        yaml_event_delete(&at);
        return line;
}

unsigned yaml_line_of(const char *s, size_t len, const char *path)
{
        yaml_parser_t parser;
        unsigned line;

        if (!yaml_parser_initialize(&parser))
                return 0;
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)s, len);
        line = find(&parser, path);
        yaml_parser_delete(&parser);
        return line;
}
