# SPDX-License-Identifier: Apache-2.0
# Sourced by the conformance suites. A suite speaks of actions only; through what they are called is
# decided here: call() leaves {"code", "sentence", "result", "changes", "events"} in $last, and there
# are two ways, the mock host and a running hub. A part of a suite is one case.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

"$TOP/tests/programs.sh" "$BUILD" tests/domain/drive

last='{}' between= plugin= config= contract= store= via=mock domain=

# call MODE NAME [ARGS]. $between: a command to run in the moment between announcing a change and
# making it (mock only).
call() { last=$("call_$via" "$@") || { echo "$* could not be called" >&2 && return 1; }; }

call_mock() {
        local options=(-c "$contract" -k "$config")
        [ -z "$store" ] || options+=(-s "$store")
        [ -z "$between" ] || options+=(-x "$between")
        "$BUILD/tests/domain/drive" "${options[@]}" "$plugin" "$@"
}

# For tests/domain/run.sh: whose case it was, and how it ended.
eval "$(declare -f end_case | sed '1s/end_case/end_any_case/')"
end_case() {
        local home=mock
        [ "$via" != hub ] || home=${instance#in-}
        [ -z "$case_name" ] || [ -z "${DOMAIN_RESULTS:-}" ] ||
                printf '%s\t%s\t%s\t%s\n' "$domain" "$(basename "${plugin:-none}" .so)" "$home" "$case_state" >>"$DOMAIN_RESULTS"
        end_any_case
}

# ---- the hub: $instance serves, an execution's end and its ledger make the answer ----

codes='{"ok":0,"arguments":-1,"denied-there":-2,"not-found":-3,"conflict":-4,"temporary":-5,"remote":-6,"timeout":-7,
        "unsupported":-9,"denied":-13}'

call_hub() {
        local mode=$1 name=${2:-} args=${3:-}
        if [ "$mode" = check ]; then
                api POST "/api/v1/instances/$instance/check" '{}' |
                        jq -c --argjson codes "$codes" '{code: ($codes[.code] // -99), sentence: .message, result, changes: [], events: []}'
                return
        fi
        args=${args#\{}
        args=${args%\}}
        answer_of "$(_curl POST /api/v1/executions "{\"action\": \"$domain.$name\", \"mode\": \"$mode\", \"parameters\":
                {\"instance\": \"$instance\"${args:+, }$args}}" -H 'Prefer: wait=30')"
}

# The answer to a POST of an execution, once it has ended.
answer_of() {
        local ended=$1 id changes
        if ! [[ $ended =~ ^\{\"id\":\"([0-9a-f]{24})\" ]]; then
                jq -c '{code: ({"422": -1, "400": -1, "404": -3, "409": -4}[.status | tostring] // -99), sentence: .detail, changes: [], events: []}' \
                        <<<"$ended"
                return
        fi
        id=${BASH_REMATCH[1]}
        [[ $ended =~ \"status\":\"(succeeded|failed)\" ]] || ended=$(wait_execution "$id")
        changes=$(api GET "/api/v1/changes?execution=$id&sort_asc=true")
        # By files: an answer can be larger than an argument may be. A plan's result stands in its report.
        jq -nc --slurpfile ended <(echo "$ended") --slurpfile ledger <(echo "$changes") --argjson codes "$codes" '
                $ended[0] as $e | {code: (if $e.status == "succeeded" then 0 else $codes[$e.result.code // ""] // -99 end),
                id: $e.id, sentence: $e.result.error, conflict: $e.result.conflict, events: [],
                result: (if $e.result | has("partial") then $e.result.result else $e.result end),
                changes: [$ledger[0][] | .state = (if .state == "refused" then "failed" else .state end)]}'
}

# ---- what nearly every line needs ----

# shows WHAT FILTER: the last answer fits the jq filter
shows() { jq -e "$2" <<<"$last" >/dev/null 2>&1 || fail "line ${BASH_LINENO[0]}: $1" "wanted: $2" "found: ${last:0:900}"; }
# equals WHAT FOUND WANTED
equals() { [ "$2" = "$3" ] || fail "line ${BASH_LINENO[0]}: $1" "wanted: $3" "found: $2" "after: ${last:0:900}"; }

run() {
        call run "$1" "${2:-}"
        [[ $last == '{"code":0,'* ]] || fail "line ${BASH_LINENO[0]}: $1 ${2:-} fails" "${last:0:900}"
}
# refuse CODE ACTION ARGS: it fails so, and says why
refuse() {
        call run "$2" "$3"
        jq -e ".code == $1 and (.sentence | length) > 20" <<<"$last" >/dev/null ||
                fail "line ${BASH_LINENO[0]}: $2 $3 should fail with $1" "${last:0:900}"
}

# Undo what the last answer did, by what it says itself; it has to be as it was before.
undo() {
        local before
        before=$(jq -cS '.changes[0].before' <<<"$last")
        "undo_$via"
        jq -e ".code >= 0 and .changes[0].observed == $before" <<<"$last" >/dev/null ||
                fail "line ${BASH_LINENO[0]}: undo does not put $before back" "${last:0:900}"
}

undo_mock() { call undo "$(jq -r '.changes[0].undo_action' <<<"$last")" "$(jq -c '.changes[0].undo_args' <<<"$last")"; }
undo_hub() { last=$(answer_of "$(_curl POST "/api/v1/executions/$(jq -r .id <<<"$last")/undo" '{}')"); }

# parts NAME…: each is a case of its own
parts() {
        local part
        for part; do
                test_case "$system, ${instance:-$via}: $part"
                "suite_$part"
        done
}

# instance_of NAME HOME SCOPE: one line of kanamed.conf. $secrets: the members of $config that go to files of
# their own; $egress: where it may connect to, where that cannot be seen in the rest
secrets="secret api_key password token secret_key" egress=
instance_of() {
        local key file=$TEST_DIR/secret.$1
        for key in $secrets; do (umask 077 && jq -j ".$key // empty" <<<"$config" >"$file.$key"); done
        jq -r --arg name "$1" --arg home "$2" --arg scope "$3" --arg plugin "$(basename "$plugin" .so)" --arg file "$file" \
                --arg secrets "$secrets" --arg egress "${egress:+ egress = ( \"$egress\" );}" '
                def conf: if type == "object" then "{ " + ([to_entries[] | "\(.key) = \(.value | conf);"] | join(" ")) + " }"
                        elif type == "array" then "( " + (map(conf) | join(", ")) + " )" else tojson end;
                with_entries(if .key | IN($secrets | split(" ")[]) then .value = {file: "\($file).\(.key)"} else . end) |
                "{ name = \"\($name)\"; plugin = \"\($plugin)\"; home = \"\($home)\"; scope = \"\($scope)\";\($egress) config = \(conf); }"' <<<"$config"
}

# The suite, and that it ran where it should.
parts_at_home() {
        local home=$1
        shift
        parts "$@"
        test_case "$system, $instance: it lives there"
        check_equal "$home" "$(api POST "/api/v1/instances/$instance/check" '{}' | jq -r .home)"
}

# fan_out ARGUMENT…: this script once for each, at once; their reports in order
fan_out() {
        local one pids=() wrong=0 dir
        dir=$(mktemp -d)
        for one; do
                "$0" "$one" >"$dir/$one" 2>&1 &
                pids+=($!)
        done
        for one in "${pids[@]}"; do wait "$one" || wrong=1; done
        for one; do cat "$dir/$one"; done
        rm -rf "$dir" "$TEST_DIR"
        trap - EXIT ERR
        exit $wrong
}
