/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libyaml's parser turns text into a flat stream of events and keeps its own nesting in a stack;
 * what it leaves open decides meaning and cost: what two equal keys mean, how far aliases may blow
 * a text up. All of that is here, in one recursive composer whose depth is limited before it
 * recurses.
 *
 * An alias is copied, not shared: values are changed in place later (defaults, coercion), and a
 * change in one place must not show in another. The copy is paid for out of the node limit first.
 */
#include "base/yaml.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "base/yaml_plain.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

const struct yaml_limits yaml_default_limits = { 1 << 20, 64, 100, 200000 };

#define TAG "tag:yaml.org,2002:"

struct anchor {
        json_t *value;          /* NULL while it is being composed: an alias now would be a cycle */
        size_t nodes;
        unsigned height;
};

struct composer {
        yaml_parser_t parser;
        const struct yaml_limits *limits;
        const char *name;
        struct fault *fault;
        size_t nodes;
        unsigned aliases, deepest;
        struct map anchors;
};

#define _event_ _cleanup_(yaml_event_delete)

static int compose(struct composer *c, const yaml_event_t *event, unsigned depth, json_t **ret);

__attribute__((format(printf, 3, 4)))
static int refuse(struct composer *c, yaml_mark_t mark, const char *fmt, ...)
{
        _free_ char *what = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&what, fmt, ap) < 0)
                what = NULL;
        va_end(ap);
        return what ? fault_set(c->fault, 400, "yaml.syntax", "%s:%zu:%zu: %s", c->name,
                                mark.line + 1, mark.column + 1, what) : -ENOMEM;
}

static int next(struct composer *c, yaml_event_t *event)
{
        const yaml_parser_t *p = &c->parser;
        yaml_mark_t mark = p->problem_mark;

        if (yaml_parser_parse(&c->parser, event))
                return 0;
        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        mark = p->problem_mark;
        if (p->error == YAML_READER_ERROR)
                return refuse(c, p->mark, "%s (byte %zu)", p->problem, p->problem_offset);
        return refuse(c, mark, "%s%s%s", p->problem ? p->problem : "not YAML",
                      p->context ? ", " : "", p->context ? p->context : "");
}

static int count_nodes(struct composer *c, yaml_mark_t mark, size_t n)
{
        if (n > c->limits->nodes - c->nodes)
                return refuse(c, mark, "more than %zu values once aliases are expanded",
                              c->limits->nodes);
        c->nodes += n;
        return 0;
}

static bool is_text_tag(const char *tag)
{
        return strcmp(tag, TAG "str") == 0 || strcmp(tag, "!") == 0;
}

/* Quoted, or tagged as text. */
static bool is_text(const yaml_event_t *event)
{
        const char *tag = (const char *)event->data.scalar.tag;

        return tag ? is_text_tag(tag) : event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static bool fits_tag(const json_t *value, const char *kind)
{
        switch (json_typeof(value)) {
        case JSON_NULL:
                return strcmp(kind, "null") == 0;
        case JSON_TRUE:
        case JSON_FALSE:
                return strcmp(kind, "bool") == 0;
        case JSON_INTEGER:
                return strcmp(kind, "int") == 0 || strcmp(kind, "float") == 0;
        case JSON_REAL:
                return strcmp(kind, "float") == 0;
        default:
                return false;
        }
}

/* A tag may only repeat what the value is anyway; !!str and ! make text of a plain word. */
static int check_tag(struct composer *c, const yaml_event_t *event, const json_t *value)
{
        const char *tag = (const char *)event->data.scalar.tag;

        if (!tag || is_text_tag(tag))
                return 0;
        if (!text_starts_with(tag, TAG) || json_is_string(value))
                return refuse(c, event->start_mark, "the tag %.80s is not supported here", tag);
        return fits_tag(value, tag + strlen(TAG)) ? 0
                : refuse(c, event->start_mark, "the value is not what its tag %.80s says", tag);
}

static int compose_scalar(struct composer *c, const yaml_event_t *event, json_t **ret)
{
        const char *s = (const char *)event->data.scalar.value, *why = NULL;
        size_t len = event->data.scalar.length;
        _json_ json_t *value = NULL;
        int r;

        if (is_text(event) || strlen(s) != len)
                value = json_stringn(s, len);
        else
                why = yaml_plain(s, &value);
        if (why)
                return refuse(c, event->start_mark, "%.40s %s: quote it to keep it as text", s,
                              why);
        if (!value)
                return -ENOMEM;
        r = check_tag(c, event, value);
        if (!r)
                *ret = TAKE(value);
        return r;
}

static int compose_sequence(struct composer *c, unsigned depth, json_t **ret)
{
        _json_ json_t *array = json_array();

        for (;;) {
                _event_ yaml_event_t event = { 0 };
                json_t *value = NULL;
                int r = next(c, &event);

                if (r)
                        return r;
                if (event.type == YAML_SEQUENCE_END_EVENT)
                        break;
                r = compose(c, &event, depth, &value);
                if (r)
                        return r;
                if (json_array_append_new(array, value) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE(array);
        return 0;
}

/* Keys are text in JSON: a plain 1, true or null is taken as it is spelled. */
static int check_key(struct composer *c, const yaml_event_t *key, struct map *lines)
{
        const char *s = (const char *)key->data.scalar.value;
        void *first = NULL;
        int r;

        if (key->type != YAML_SCALAR_EVENT)
                return refuse(c, key->start_mark, key->type == YAML_ALIAS_EVENT
                              ? "an alias cannot be a key" : "a key must be one piece of text");
        if (strlen(s) != key->data.scalar.length)
                return refuse(c, key->start_mark, "a key cannot hold a NUL character");
        if (strcmp(s, "<<") == 0 && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
                return refuse(c, key->start_mark, "merge keys (<<) are not supported: repeat the "
                              "members, or quote the key");
        r = map_put(lines, s, (void *)(uintptr_t)(key->start_mark.line + 1), &first);
        if (r)
                return r;
        return first ? refuse(c, key->start_mark, "the key \"%.80s\" was given on line %zu already",
                              s, (size_t)(uintptr_t)first) : 0;
}

static int compose_member(struct composer *c, const yaml_event_t *key, unsigned depth,
                          json_t *object)
{
        _event_ yaml_event_t event = { 0 };
        json_t *value = NULL;
        int r = next(c, &event);

        if (!r)
                r = compose(c, &event, depth, &value);
        if (r)
                return r;
        return json_object_set_new(object, (const char *)key->data.scalar.value, value) < 0
                ? -ENOMEM : 0;
}

static int compose_members(struct composer *c, unsigned depth, struct map *lines, json_t *object)
{
        for (;;) {
                _event_ yaml_event_t key = { 0 };
                int r = next(c, &key);

                if (r || key.type == YAML_MAPPING_END_EVENT)
                        return r;
                r = check_key(c, &key, lines);
                if (!r)
                        r = compose_member(c, &key, depth, object);
                if (r)
                        return r;
        }
}

static int compose_mapping(struct composer *c, unsigned depth, json_t **ret)
{
        _json_ json_t *object = json_object();
        struct map lines = MAP_INIT;
        int r = compose_members(c, depth, &lines, object);

        map_deinit(&lines, NULL);
        if (r)
                return r;
        *ret = TAKE(object);
        return 0;
}

static int compose_alias(struct composer *c, const yaml_event_t *event, unsigned depth,
                         json_t **ret)
{
        const char *name = (const char *)event->data.alias.anchor;
        const struct anchor *anchor = map_get(&c->anchors, name);
        int r;

        if (!anchor)
                return refuse(c, event->start_mark, "the alias *%.80s has no anchor before it",
                              name);
        if (!anchor->value)
                return refuse(c, event->start_mark, "the alias *%.80s stands inside its own anchor",
                              name);
        if (++c->aliases > c->limits->aliases)
                return refuse(c, event->start_mark, "more than %u aliases", c->limits->aliases);
        if (depth + anchor->height > c->limits->depth)
                return refuse(c, event->start_mark, "nested deeper than %u levels",
                              c->limits->depth);
        r = count_nodes(c, event->start_mark, anchor->nodes);
        if (r)
                return r;
        if (depth + anchor->height > c->deepest)
                c->deepest = depth + anchor->height;
        *ret = json_deep_copy(anchor->value);
        return *ret ? 0 : -ENOMEM;
}

static void anchor_free(void *p)
{
        struct anchor *anchor = p;

        json_decref(anchor->value);
        free(anchor);
}

/* The anchor is known, without a value, while its own content is read. */
static int open_anchor(struct composer *c, const yaml_event_t *event, const char *name,
                       struct anchor **ret)
{
        struct anchor *old = map_get(&c->anchors, name), *anchor;

        if (old && !old->value)
                return refuse(c, event->start_mark, "the anchor &%.80s stands inside itself", name);
        anchor = calloc(1, sizeof *anchor);
        if (!anchor || map_put(&c->anchors, name, anchor, NULL) < 0) {
                free(anchor);
                return -ENOMEM;
        }
        if (old)
                anchor_free(old);
        *ret = anchor;
        return 0;
}

static int compose_collection(struct composer *c, const yaml_event_t *event, unsigned depth,
                              json_t **ret)
{
        bool is_map = event->type == YAML_MAPPING_START_EVENT;
        const yaml_char_t *tag = is_map ? event->data.mapping_start.tag
                : event->data.sequence_start.tag;

        if (tag && strcmp((const char *)tag, is_map ? TAG "map" : TAG "seq") != 0 &&
            strcmp((const char *)tag, "!") != 0)
                return refuse(c, event->start_mark, "the tag %s is not supported here", tag);
        if (depth >= c->limits->depth)
                return refuse(c, event->start_mark, "nested deeper than %u levels",
                              c->limits->depth);
        if (depth + 1 > c->deepest)
                c->deepest = depth + 1;
        return is_map ? compose_mapping(c, depth + 1, ret) : compose_sequence(c, depth + 1, ret);
}

static const char *anchor_of(const yaml_event_t *event)
{
        return (const char *)(event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor
                              : event->type == YAML_MAPPING_START_EVENT
                              ? event->data.mapping_start.anchor
                              : event->data.sequence_start.anchor);
}

static int compose_value(struct composer *c, const yaml_event_t *event, unsigned depth,
                         json_t **ret)
{
        int r = count_nodes(c, event->start_mark, 1);

        if (r)
                return r;
        return event->type == YAML_SCALAR_EVENT ? compose_scalar(c, event, ret)
                : compose_collection(c, event, depth, ret);
}

static int compose_anchored(struct composer *c, const yaml_event_t *event, unsigned depth,
                            json_t **ret)
{
        unsigned deepest_before = c->deepest;
        size_t nodes_before = c->nodes;
        struct anchor *anchor = NULL;
        int r = open_anchor(c, event, anchor_of(event), &anchor);

        if (r)
                return r;
        c->deepest = depth;
        r = compose_value(c, event, depth, ret);
        if (r)
                return r;
        anchor->nodes = c->nodes - nodes_before;
        anchor->height = c->deepest - depth;
        anchor->value = json_incref(*ret);
        if (deepest_before > c->deepest)
                c->deepest = deepest_before;
        return 0;
}

/* The value that starts with event. depth: how many collections are open around it. */
static int compose(struct composer *c, const yaml_event_t *event, unsigned depth, json_t **ret)
{
        if (event->type == YAML_ALIAS_EVENT)
                return compose_alias(c, event, depth, ret);
        return anchor_of(event) ? compose_anchored(c, event, depth, ret)
                : compose_value(c, event, depth, ret);
}

/* STREAM-START, then nothing (null) or one document, then STREAM-END. */
static int compose_stream(struct composer *c, json_t **ret)
{
        _json_ json_t *value = NULL;
        bool ended = false;

        while (!ended) {
                _event_ yaml_event_t event = { 0 };
                int r = next(c, &event);

                if (r)
                        return r;
                switch (event.type) {
                case YAML_STREAM_START_EVENT:
                case YAML_DOCUMENT_END_EVENT:
                        break;
                case YAML_DOCUMENT_START_EVENT:
                        if (value)
                                return refuse(c, event.start_mark, "a second document starts here; "
                                              "one file holds one");
                        break;
                case YAML_STREAM_END_EVENT:
                        ended = true;
                        break;
                default:
                        r = compose(c, &event, 0, &value);
                        if (r)
                                return r;
                }
        }
        *ret = value ? TAKE(value) : json_null();
        return 0;
}

static int parser_open(yaml_parser_t *parser, const char *s, size_t len)
{
        if (!yaml_parser_initialize(parser))
                return -ENOMEM;
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(parser, (const unsigned char *)s, len);
        return 0;
}

int yaml_parse(const char *s, size_t len, const char *name, const struct yaml_limits *limits,
               json_t **ret, struct fault *fault)
{
        struct composer c = { .limits = limits ? limits : &yaml_default_limits, .name = name,
                              .fault = fault };
        int r;

        if (len > c.limits->bytes)
                return fault_set(fault, 413, "yaml.too-big", "%s: %zu bytes of YAML are more than "
                                 "the limit of %zu", name, len, c.limits->bytes);
        r = parser_open(&c.parser, s, len);
        if (r)
                return r;
        r = compose_stream(&c, ret);
        map_deinit(&c.anchors, anchor_free);
        yaml_parser_delete(&c.parser);
        return r;
}

int yaml_parse_file(const char *path, const struct yaml_limits *limits, json_t **ret,
                    struct fault *fault)
{
        _free_ char *text = NULL;
        size_t len;
        int r = file_read(path, (limits ? limits : &yaml_default_limits)->bytes, &text, &len,
                          fault);

        return r ? r : yaml_parse(text, len, path, limits, ret, fault);
}
