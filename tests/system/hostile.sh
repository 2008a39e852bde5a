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

test_case "a pack that is refused leaves nothing behind, and its error names the pack's own file"
mkdir -p "$TEST_DIR/dup/rules"
printf 'name: dup\nversion: 1.0.0\n' >"$TEST_DIR/dup/pack.yaml"
printf 'name: r\ntrigger: {type: core.st2.webhook, parameters: {url: x}}\naction: {ref: core.noop}\n' >"$TEST_DIR/dup/rules/r.yaml"
check kaname pack install "$TEST_DIR/dup"
sed -i 's/1.0.0/1.1.0/' "$TEST_DIR/dup/pack.yaml"
check kaname pack upgrade "$TEST_DIR/dup"
sed -i 's/1.1.0/2.0.0/' "$TEST_DIR/dup/pack.yaml"
echo 'name: again' >>"$TEST_DIR/dup/rules/r.yaml"
said=$(kaname pack upgrade "$TEST_DIR/dup" 2>&1) && fail "a duplicate key was accepted"
check_match '^error: rules/r.yaml:4:1: ' "$said" "the error"
check_equal "1.0.0 1.1.0" "$(cd "$TEST_DIR/hub/state/packs/dup" && echo [0-9]*)" "what lies there"
check kaname pack rollback dup
check_equal 1.0.0 "$(kaname pack get dup -o json | jq -r .version)" "the version after the rollback"
sed -i 's/name: dup/name: core/' "$TEST_DIR/dup/pack.yaml"
check_fails kaname pack install "$TEST_DIR/dup" 2>/dev/null
check_equal dup "$(cd "$TEST_DIR/hub/state/packs" && echo [a-z]*)" "the packs that lie there"

# says EXIT PATTERN COMMAND…: ends so, and its first line of error is this
says() {
        local wanted=$1 pattern=$2 status=0 said
        shift 2
        said=$("$@" 2>&1 >/dev/null </dev/null) || status=$?
        check_equal "$wanted" "$status" "exit of $*"
        check_match "$pattern" "$said" "$*"
}

test_case "kaname refuses what is no name, no token and no parameter, each with one error"
says 4 "^error: the pack '..' is not installed" kaname pack get ..
says 2 '^error: cancel needs ' kaname execution cancel ''
says 2 '^error: the token from \$KANAME_TOKEN holds a space' env KANAME_TOKEN=$'a\r\nX-Evil: 1' "$BUILD/kaname" status
says 2 '^error: parameters of core.echo: message: is required' kaname run core.echo mesage=x
check_equal 1 "$(kaname run core.echo mesage=x 2>&1 | grep -c 'did you mean')" "times that the other mistake is told"

# nowhere CANARY: neither in the log nor in any file of the state
nowhere() {
        local found
        found=$(grep -rlaF -- "$1" "$TEST_DIR/hub/state" "$TEST_DIR/hub.log") || return 0
        fail "line ${BASH_LINENO[0]}: $1 is in" "$found"
}

test_case "a secret in the wrong place is refused and kept nowhere"
refused 422 inline-secret POST /api/v1/instances \
        '{"name": "pdns", "plugin": "powerdns", "config": {"url": "http://127.0.0.1:1", "api_key": "canary-inline"}}'
nowhere canary-inline
refused 400 'two different' GET '/api/v1/status?st2-api-key=canary-query'
nowhere canary-query
answer=$(curl -s -X PUT -H "Authorization: Bearer $KANAME_TOKEN" -H 'Content-Type: application/json' \
        -d '{"name": "k", "secret": true, "value": "canary-cut' "$KANAME_URL/api/v1/keys/k")
check_match 'not JSON: .*line 1, column' "$answer" "the error of a truncated body"
check_fails grep canary-cut <<<"$answer"
check_equal 200 "$(api_status PUT /api/v1/keys/k '{"name": "k", "secret": true, "value": "canary-sealed"}')" "the key"
nowhere canary-sealed
