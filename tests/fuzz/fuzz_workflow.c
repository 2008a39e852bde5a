/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A definition as YAML. It is inspected, and what compiles is begun: what the inspection finds no
 * fault with must compile, and what compiles must begin.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/yaml.h"
#include "workflow/conductor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void live(struct workflow *workflow)
{
        struct conductor_setup setup = { .workflow = workflow };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *next = NULL, *actions = workflow_actions(workflow);
        struct conductor *conductor = NULL;

        if (conductor_new(&setup, &conductor, &fault))
                abort();
        conductor_request(conductor, STATUS_RUNNING, &fault);
        if (conductor_next_tasks(conductor, &next, &fault) || !actions)
                abort();
        json_decref(conductor_take_delta(conductor));
        conductor_free(conductor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct yaml_limits limits = { 1 << 16, 32, 10, 5000 };
        const struct workflow_limits life_limits = { 1000, 1000, 1000, 100, 16 };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *definition = NULL, *list = NULL;
        struct workflow *workflow = NULL;

        if (yaml_parse((const char *)data, size, "fuzz", &limits, &definition, &fault))
                return 0;
        list = workflow_inspect(definition, NULL, NULL);
        if (!list)
                abort();
        if (workflow_compile(definition, &life_limits, &workflow, &fault)) {
                if (!workflow_is_refused(list))
                        abort();
                return 0;
        }
        live(workflow);
        workflow_unref(workflow);
        return 0;
}
