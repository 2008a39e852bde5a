/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/form.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

CLEANUP_DEFINE(struct schema *, schema_unref);

static const char forms_text[] =
#include "catalog/forms.inc"
        ;

json_t *form_parse(const char *text)
{
        json_error_t error;
        json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);

        assert(value || json_error_code(&error) == json_error_out_of_memory);
        return value;
}

int form_schema(const json_t *object, const char *key, struct schema **ret, struct fault *fault)
{
        const json_t *source = json_object_get(object, key);

        return schema_compile(json_is_null(source) ? NULL : source, ret, fault);
}

int form_check(const char *form, const json_t *value, struct fault *fault)
{
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        _json_ json_t *forms = form_parse(forms_text);
        int r;

        if (!forms)
                return -ENOMEM;
        assert(json_object_get(forms, form));
        r = schema_compile(json_object_get(forms, form), &schema, fault);
        if (r == 0)
                r = schema_check(schema, value, fault);
        if (r == FAULT && fault)
                snprintf(fault->code, sizeof fault->code, "%s.invalid", form);
        return r;
}

/* "/action/parameters/a~1b" of a schema's error as "action.parameters.a/b". */
static char *dotted(const char *pointer)
{
        _text_ struct text path = TEXT_INIT;

        for (const char *s = *pointer == '/' ? pointer + 1 : pointer; *s; s++) {
                if (*s == '/')
                        text_add(&path, ".");
                else if (s[0] == '~' && (s[1] == '0' || s[1] == '1'))
                        text_add(&path, *++s == '0' ? "~" : "/");
                else
                        text_addf(&path, *s == '.' ? "\\%c" : "%c", *s);
        }
        return text_take(&path);
}

/* "tasks.a.next[0].do" of a workflow's inspection as "tasks.a.next.0.do". */
static char *stepwise(const char *spec_path)
{
        _text_ struct text path = TEXT_INIT;

        for (const char *s = spec_path; *s; s++)
                if (*s != ']')
                        text_addf(&path, "%c", *s == '[' ? '.' : *s);
        return text_take(&path);
}

/* Of the value at path, or, where that is missing, of what would hold it. */
static unsigned nearest_line(const char *text, size_t len, const char *path)
{
        _free_ char *up = strdup(path);
        unsigned line = 0;

        for (size_t n = up ? strlen(up) : 0; n && !line;) {
                line = yaml_line_of(text, len, up);
                do
                        n--;
                while (n && !(up[n] == '.' && up[n - 1] != '\\'));
                up[n] = '\0';
        }
        return line;
}

unsigned form_line(const char *text, size_t len, const struct fault *fault)
{
        const json_t *first = json_array_get(json_object_get(fault->detail, "errors"), 0);
        const char *pointer = json_text_of(first, "pointer", NULL), *colon;
        const char *path = json_text_of(fault->detail, "path", NULL);
        _free_ char *made = NULL;

        if (!path && pointer)
                path = made = dotted(pointer);
        else if (!path && json_text_of(first, "spec_path", NULL))
                path = made = stepwise(json_text_of(first, "spec_path", ""));
        if (!path && fault->what && (colon = strchr(fault->what, ':')))
                path = made = strndup(fault->what, (size_t)(colon - fault->what));
        return path && *path ? nearest_line(text, len, path) : 0;
}
