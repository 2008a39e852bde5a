/* SPDX-License-Identifier: Apache-2.0 */

/* Policies: what bounds the starts of an action. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/remedy.h"

static const struct column columns[] = {
        { "REF", "ref", COLUMN_TEXT, false }, { "ENABLED", "enabled", COLUMN_TEXT, false },
        { "TYPE", "policy_type", COLUMN_TEXT, false },
        { "ACTION", "resource_ref", COLUMN_TEXT, false },
        { "PARAMETERS", "parameters", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, true },
        { "ORIGIN", "origin", COLUMN_TEXT, true }, { NULL, NULL, 0, false }
};

static const struct column type_columns[] = {
        { "TYPE", "ref", COLUMN_TEXT, false },
        { "DESCRIPTION", "description", COLUMN_TEXT, false }, { NULL, NULL, 0, false }
};

static const struct verb_option list_options[] = {
        { .name = "pack", .letter = 'p', .argument = "PACK", .summary = "of this pack",
          .query = "pack", .complete = COMPLETE_PACK },
        { .name = "action", .argument = "ACTION", .summary = "about this action",
          .query = "resource_ref", .complete = COMPLETE_ACTION },
        { .name = "type", .argument = "TYPE", .summary = "of this type", .query = "policy_type" },
        { .name = "enabled", .argument = "BOOL", .summary = "true or false", .query = "enabled" },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "the policies there are", .run = verb_list,
          .options = list_options, .path = "/api/v1/policies", .columns = columns,
          .name_path = "ref" },
        { .name = "get", .operands = "POLICY...", .summary = "policies in full", .run = verb_get,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/policies/{}",
          .name_path = "ref", .complete = COMPLETE_POLICY },
        { .name = "create", .operands = "FILE", .summary = "add a policy from YAML or JSON",
          .run = verb_create, .path = "/api/v1/policies", .operands_min = 1, .operands_max = 1,
          .complete = COMPLETE_FILE },
        { .name = "delete", .operands = "POLICY...", .summary = "take policies out",
          .run = verb_delete, .operands_min = 1, .operands_max = -1,
          .path = "/api/v1/policies/{}", .done = "deleted", .complete = COMPLETE_POLICY },
        { .name = "enable", .operands = "POLICY...", .summary = "let policies count",
          .run = verb_enable, .operands_min = 1, .operands_max = -1,
          .path = "/api/v1/policies/{}", .complete = COMPLETE_POLICY },
        { .name = "disable", .operands = "POLICY...", .summary = "leave policies aside",
          .run = verb_enable, .operands_min = 1, .operands_max = -1,
          .path = "/api/v1/policies/{}", .complete = COMPLETE_POLICY },
        { .name = "types", .summary = "what kinds of policies there are", .run = verb_list,
          .path = "/api/v1/policytypes", .columns = type_columns, .name_path = "ref" },
        { .name = NULL }
};

const struct noun noun_policy = {
        .name = "policy", .summary = "what bounds how an action is started", .verbs = verbs,
        .about =
                "A policy belongs to an action: at most so many at once\n.Pq Cm "
                "action.concurrency ,\nalso by the values of parameters\n.Pq Cm "
                "action.concurrency.attr ;\ntry it again when it fails\n.Pq Cm action.retry ;\n"
                "hold for a person what would start more often within a time than it may\n"
                ".Pq Cm action.breaker .\nOne that a file defines can be enabled and disabled "
                "here, and is edited in its file.",
        .examples =
                "kaname policy list --action deploy.rollout\n"
                "kaname policy create ./one-at-a-time.yaml\n"
                "kaname policy disable deploy.one-at-a-time",
};
