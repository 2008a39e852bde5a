/* SPDX-License-Identifier: Apache-2.0 */

/* The nouns, each from its own file. */

#ifndef CLI_NOUNS_H
#define CLI_NOUNS_H

#include "cli/verb.h"

extern const struct noun noun_lone, noun_execution, noun_event, noun_action, noun_rule,
        noun_trigger, noun_plugin, noun_pack, noun_instance, noun_key, noun_change, noun_apikey,
        noun_held, noun_workflow, noun_inquiry, noun_policy, noun_trace, noun_runner, noun_alias;

#endif
