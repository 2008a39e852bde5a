#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every contract speaks to its operators in both languages: the domain, each action and each trigger.
set -eu
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}"

contracts=$(find plugins -mindepth 2 -maxdepth 2 -name domain.json | sort)
# shellcheck disable=SC2086
wrong=$(jq -r '
        def lacks($text): (. // "") | test($text) | not;
        ([{what: "the domain", of: .}] +
         [.actions[] | {what: "action \(.name)", of: .}] +
         [.triggers[]? | {what: "trigger \(.name)", of: .}])[] as {$what, $of} |
        (("title", "summary") | select(. as $name | $of[$name] | lacks("[A-Za-z]"))),
        (("title_ja", "summary_ja") |
         select(. as $name | $of[$name] | lacks("[\\p{Hiragana}\\p{Katakana}\\p{Han}]"))) |
        "\(input_filename): \($what) has no \(.)"' $contracts)
# shellcheck disable=SC2086
echo "contracts: $(echo "$contracts" | wc -l), $(jq -s '[.[] | .actions, .triggers // [] | length] | add' $contracts) actions and triggers"
[ -z "$wrong" ] || { echo "$wrong"; exit 1; }
