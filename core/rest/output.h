/* SPDX-License-Identifier: Apache-2.0 */

/* GET …/output: text as StackStorm has it, or a range of lines as JSON. */

#ifndef REST_OUTPUT_H
#define REST_OUTPUT_H

#include "rest/request.h"

int output_get(struct request *req, struct fault *fault);

#endif
