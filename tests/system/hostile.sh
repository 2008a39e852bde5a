#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an attacker sends and a tired operator types: each gets one clear refusal, and the hub goes on.
# quick
. "$(dirname "$0")/../lib.sh"

start_hub "$TEST_DIR/hub"

# refused STATUS PATTERN METHOD PATH [BODY [CURL OPTION…]]: with this status, and a problem that says so
refused() {
        local status=$1 pattern=$2 answer
        shift 2
        answer=$(_more=(-w '\n%{http_code}') && _curl "$@")
        check_equal "$status" "${answer##*$'\n'}" "$* $answer"
        check_match "$pattern" "${answer%$'\n'*}" "$*"
        check_json "${answer%$'\n'*}" 'has("detail") and has("faultstring")' "$*"
}

test_case "a NUL in a text is kept where it may be and no end of a name"
refused 422 name POST /api/v1/triggertypes '{"name": "a\u0000b", "pack": "default"}'
check_equal 201 "$(api_status POST /api/v1/triggertypes '{"name": "ab", "pack": "default", "description": "x\u0000y"}')" \
        "a description with a NUL"
check_json "$(run_action core.echo '{"message": "x\u0000y"}')" '.parameters.message == "x\u0000y"' "a parameter with a NUL"
end_process hub
start_hub "$TEST_DIR/hub"
check_equal 200 "$(api_status GET /api/v1/triggertypes/default.ab)" "the trigger type after a restart"
refused 422 instance POST /api/v1/apikeys '{"role": "operator", "grants": [{"action": "dns.*", "instance": "a\u0000", "verbs": ["run"]}]}'
