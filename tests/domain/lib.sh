# SPDX-License-Identifier: Apache-2.0
# Sourced by the conformance suites. A suite speaks of actions only; through what they are called is
# decided here: call() prints {"code", "sentence", "result", "changes", "events"}, and there are two of it,
# the mock host (below) and a running hub (tests/system/domain.sh).

set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
TOP_SRCDIR=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
TOP_BUILDDIR=${TOP_BUILDDIR:-$TOP_SRCDIR/build}
servers=$TOP_SRCDIR/tests/servers
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-domain.XXXXXX")
passed=0 failed=0 last= between= plugin= config= contract= store=

pass() { passed=$((passed + 1)); }

# $1: what was to be shown; the last answer tells what was found
fail() {
        failed=$((failed + 1))
        echo "FAIL ${suite:-}: $1" >&2
        [ -z "${2:-}" ] || echo "     $2" >&2
        echo "     last answer: $(echo "$last" | cut -c1-700)" >&2
}

# call MODE NAME [ARGS]: the answer goes to $last. $between: a command to run in the moment between
# announcing a change and making it.
call() {
        last=$(call_via "$@") || { echo "$0: $* could not be called" >&2; exit 1; }
}

call_mock() {
        local options=(-c "$contract" -k "$config")
        [ -z "$store" ] || options+=(-s "$store")
        [ -z "$between" ] || options+=(-x "$between")
        "$TOP_BUILDDIR/tests/domain/drive" "${options[@]}" "$plugin" "$@"
}
call_via() { call_mock "$@"; }

# shows WHAT FILTER: the last answer fits the jq filter
shows() {
        if echo "$last" | jq -e "$2" >/dev/null 2>&1; then pass; else fail "$1" "$2"; fi
}

# equals WHAT FOUND WANTED
equals() {
        if [ "$2" = "$3" ]; then pass; else fail "$1" "found '$2', wanted '$3'"; fi
}

# run and refuse: one call each, with the check that nearly every one needs
run() { call run "$1" "${2:-}"; shows "$1 ${2:-} succeeds" '.code >= 0'; }
refuse() {
        call run "$2" "$3"
        shows "$2 $3 is refused with $1" ".code == $1 and (.sentence | length) > 20"
}

# Undo the last answer's changes, the last first, by what they say themselves.
undo() {
        local rows action args before
        rows=$(echo "$last" | jq -r '.changes | reverse[] | [.undo_action, (.undo_args | tojson), (.before | tojson)] | join("\t")')
        [ -n "$rows" ] || fail "there is a change to undo"
        while IFS=$'\t' read -r action args before; do
                call undo "$action" "$args"
                shows "undo puts before back" ".code >= 0 and .changes[0].observed == $before"
        done <<<"$rows"
}

# Each of these as a run of its own, at once; their reports in order. $1…: arguments of this script.
fan_out() {
        local one pids=() wrong=0
        for one; do
                "$0" "$one" >"$work/$one.report" 2>&1 &
                pids+=($!)
        done
        for one in "${!pids[@]}"; do wait "${pids[$one]}" || wrong=1; done
        for one; do sed "s/^\([a-z_]*\.sh\): /\1 $one: /" "$work/$one.report"; done
        return $wrong
}

finish() {
        echo "${0##*/}: $passed passed, $failed failed"
        [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
