/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

/* In the order in which help shows them. */
const struct noun *const nouns[] = {
        &noun_lone, &noun_execution, &noun_event, &noun_action, &noun_rule, &noun_trigger,
        &noun_workflow, &noun_inquiry, &noun_policy, &noun_trace, &noun_runner, &noun_instance,
        &noun_plugin, &noun_pack, &noun_alias, &noun_change, &noun_key, &noun_held, &noun_apikey,
        NULL
};
