/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/s3/xml.h"

#include "cleanup.h"

#include <expat.h>
#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 32

struct reading {
        XML_Parser parser;
        json_t *stack[DEPTH_MAX];       /* borrowed but for the root */
        char *text[DEPTH_MAX];          /* owned */
        size_t len[DEPTH_MAX];
        int depth;
        json_t *root;                   /* owned */
        bool failed;
};

static void stop(struct reading *reading)
{
        reading->failed = true;
        XML_StopParser(reading->parser, XML_FALSE);
}

static bool add_child(json_t *parent, json_t *child)
{
        json_t *children = json_object_get(parent, "children");

        if (!children) {
                children = json_array();
                if (json_object_set_new(parent, "children", children) < 0)
                        return false;
        }
        return json_array_append_new(children, child) == 0;
}

static void XMLCALL begin(void *data, const XML_Char *name, const XML_Char **attributes)
{
        struct reading *reading = data;
        const char *local = strrchr(name, '\n');
        json_t *element = json_pack("{s:s}", "name", local ? local + 1 : name);

        (void)attributes;
        if (!element || reading->depth == DEPTH_MAX) {
                json_decref(element);
                stop(reading);
                return;
        }
        if (reading->depth == 0)
                reading->root = element;
        else if (!add_child(reading->stack[reading->depth - 1], element)) {
                stop(reading);
                return;
        }
        reading->stack[reading->depth++] = element;
}

static void XMLCALL end(void *data, const XML_Char *name)
{
        struct reading *reading = data;
        int at = --reading->depth;

        (void)name;
        if (reading->text[at] &&
            json_object_set_new(reading->stack[at], "text",
                                json_stringn(reading->text[at], reading->len[at])) < 0)
                stop(reading);
        free(reading->text[at]);
        reading->text[at] = NULL;
        reading->len[at] = 0;
}

static void XMLCALL add_text(void *data, const XML_Char *s, int len)
{
        struct reading *reading = data;
        int at = reading->depth - 1;
        char *grown;

        if (at < 0)
                return;
        grown = realloc(reading->text[at], reading->len[at] + (size_t)len + 1);
        if (!grown) {
                stop(reading);
                return;
        }
        memcpy(grown + reading->len[at], s, (size_t)len);
        reading->text[at] = grown;
        reading->len[at] += (size_t)len;
        grown[reading->len[at]] = 0;
}

static void XMLCALL doctype(void *data, const XML_Char *name, const XML_Char *system,
                            const XML_Char *public, int has_subset)
{
        (void)name;
        (void)system;
        (void)public;
        (void)has_subset;
        stop(data);
}

json_t *xml_parse(const char *text, size_t len)
{
        struct reading reading = { .parser = XML_ParserCreateNS(NULL, '\n') };

        if (!reading.parser || len > 64u << 20)
                return NULL;
        XML_SetUserData(reading.parser, &reading);
        XML_SetElementHandler(reading.parser, begin, end);
        XML_SetCharacterDataHandler(reading.parser, add_text);
        XML_SetStartDoctypeDeclHandler(reading.parser, doctype);
        if (XML_Parse(reading.parser, text, (int)len, 1) != XML_STATUS_OK)
                reading.failed = true;
        XML_ParserFree(reading.parser);
        for (int i = 0; i < DEPTH_MAX; i++)
                free(reading.text[i]);
        if (!reading.failed)
                return reading.root;
        json_decref(reading.root);
        return NULL;
}

const char *xml_name(const json_t *element)
{
        const char *name = json_string_value(json_object_get(element, "name"));

        return name ? name : "";
}

json_t *xml_children(const json_t *element)
{
        return json_object_get(element, "children");
}

json_t *xml_child(const json_t *parent, const char *path)
{
        size_t len = strcspn(path, "/"), i;
        json_t *child;

        json_array_foreach(xml_children(parent), i, child)
                if (strncmp(xml_name(child), path, len) == 0 && !xml_name(child)[len])
                        return path[len] ? xml_child(child, path + len + 1) : child;
        return NULL;
}

const char *xml_text(const json_t *parent, const char *path)
{
        const char *text = json_string_value(json_object_get(xml_child(parent, path), "text"));

        return text ? text : "";
}
