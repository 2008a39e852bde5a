/* SPDX-License-Identifier: Apache-2.0 */

/* Workflow definitions, looked at before they are put anywhere: StackStorm's inspection. */

#include "rest/request.h"

#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "workflow/workflow.h"

#include <errno.h>

/* What an action takes, in StackStorm's form: with "required" beside each parameter. */
static const json_t *parameters_of(void *user, const char *ref)
{
        const struct catalog_action *action = catalog_action(user, ref);

        if (!action)
                return NULL;
        if (text_equal(action->runner, "plugin"))
                return json_object_get(action->metadata, "parameters");
        return json_object_get(schema_source(action->params), "properties");
}

static int inspect(struct request *req, struct fault *fault)
{
        const struct workflow_catalog catalog = { parameters_of, request_catalog(req) };
        _json_ json_t *definition = NULL, *names = json_pack("{s:{}}", "st2");
        json_t *found;
        int r;

        if (!req->body_len) {
                fault_set(fault, 400, "workflow.empty", "there is no definition to inspect");
                return fault_try(fault, "send its YAML as the body, as text/plain");
        }
        r = yaml_parse(req->body, req->body_len, "workflow", NULL, &definition, fault);
        if (r)
                return r;
        found = workflow_inspect(definition, names, &catalog);
        return found ? answer_json(req, 200, found) : -ENOMEM;
}

static const struct route rows[] = {
        { "POST", "/api/v1/workflows/inspect", inspect, AUTH_READ, ROUTE_RAW, 200,
          "What is wrong with a workflow definition (YAML as text); an empty list: nothing", "",
          "Any", "[Inspection]" },
};

ROUTE_TABLE(routes_workflows);
