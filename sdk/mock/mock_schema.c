/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/mock_state.h"

int mock_fit(struct kn_mock *m, const struct kn_action *action, json_t *args, struct fault *fault)
{
        (void)m;
        if (!json_is_object(args))
                return fault_set(fault, 422, "schema.mismatch", "the arguments of %s are no object", action->name);
        return 0;
}

int mock_fit_config(struct kn_mock *m, json_t *config, struct fault *fault)
{
        (void)m;
        return json_is_object(config) ? 0
                : fault_set(fault, 422, "schema.mismatch", "the configuration is no object");
}
