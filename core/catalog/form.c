/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/form.h"

#include "base/cleanup.h"
#include "schema/schema.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

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
