/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin's own schemas, applied as the hub applies them; a domain's contract is not at hand
 * here.
 */

#include "mock/mock_state.h"

#include "base/cleanup.h"
#include "host/public.h"
#include "schema/schema.h"

#include <errno.h>
#include <string.h>

static void unref(struct schema **schema)
{
        schema_unref(*schema);
}

static int compile(const char *text, const char *what, struct schema **ret, struct fault *fault)
{
        _json_ json_t *source = NULL;
        int r = json_parse(text, strlen(text), NULL, &source, fault);

        if (r == 0)
                r = schema_compile(source, ret, fault);
        return r == FAULT ? fault_prefix(fault, "%s", what) : r;
}

static int fit(const char *text, const char *what, json_t *value, struct schema **ret,
               struct fault *fault)
{
        int r;

        if (!json_is_object(value))
                return fault_set(fault, 422, "schema.mismatch", "%s: a JSON object is wanted",
                                 what);
        if (!text)
                return 0;
        r = compile(text, what, ret, fault);
        if (r == 0)
                r = schema_fill_defaults(*ret, value);
        if (r == 0)
                r = schema_check(*ret, value, fault);
        return r;
}

int mock_fit(const struct kn_action *action, json_t *args, struct fault *fault)
{
        _cleanup_(unref) struct schema *schema = NULL;

        return fault_errno(fault, fit(action->params, action->name, args, &schema, fault),
                           "checking arguments");
}

int mock_fit_config(struct kn_mock *m, struct fault *fault)
{
        _cleanup_(unref) struct schema *schema = NULL;
        const char *path;
        json_t *secret;
        int r;

        json_decref(m->config);
        m->config = json_deep_copy(m->given);
        json_object_foreach(m->secrets, path, secret)
                if (!json_at(m->config, path))
                        json_put_at(&m->config, path, json_incref(secret));
        r = fit(m->module->plugin.config, "config", m->config, &schema, fault);
        if (r != 0)
                return fault_errno(fault, r, "checking the configuration");
        json_decref(m->seen);
        m->seen = public_config(schema, m->config);
        return m->seen ? 0 : fault_errno(fault, -ENOMEM, "checking the configuration");
}
