/* SPDX-License-Identifier: Apache-2.0 */

/*
 * XML answers as a tree of JSON: an element is {"name", "text"?, "children"?}, name without
 * namespace. No document types: nobody who answers an API needs one.
 */

#ifndef PLUGINS_STORAGE_S3_XML_H
#define PLUGINS_STORAGE_S3_XML_H

#include <jansson.h>

/* New; NULL: it is no XML, or out of memory. */
json_t *xml_parse(const char *text, size_t len);
/* The first child of that name, NULL if none; a path "a/b" goes down. parent may be NULL. */
json_t *xml_child(const json_t *parent, const char *path);
/* Its text, "" where there is none. */
const char *xml_text(const json_t *parent, const char *path);
const char *xml_name(const json_t *element);
/* for (i, child) over all children; use json_array_foreach(xml_children(x), i, child) */
json_t *xml_children(const json_t *element);

#endif
