/* SPDX-License-Identifier: Apache-2.0 */

/* Inside flow: the parameters of a rule's trigger, for the types whose parameters have a meaning. */

#ifndef FLOW_RULE_TRIGGER_H
#define FLOW_RULE_TRIGGER_H

#include "base/fault.h"

/*
 * Would a timer with these ever fire, a request to this webhook ever come? FAULT 422 with the path
 * below the parameters.
 */
int trigger_check(const char *type, const json_t *parameters, struct fault *fault);

#endif
