#!/bin/bash
# Programs and scripts on the hub's own machine: StackStorm's local runners.
# SPDX-License-Identifier: Apache-2.0
# quick
. "$(dirname "$0")/../lib.sh"

pack=$TEST_DIR/packs/scripts
mkdir -p "$pack/actions" "$TEST_DIR/bin"
printf 'name: scripts\nversion: 1.0.0\nauthor: a\nemail: a@example.test\n' >"$pack/pack.yaml"
# script NAME PARAMETERS <text: an action and its script
script() {
        printf 'name: %s\nrunner_type: local-shell-script\nentry_point: %s.sh\nenabled: true\nparameters: %s\n' \
                "$1" "$1" "$2" >"$pack/actions/$1.yaml"
        cat >"$pack/actions/$1.sh"
}
script show '{second: {type: array, position: 1}, first: {type: string, position: 0}, third: {type: boolean, position: 2},
  loud: {type: boolean}, soft: {type: boolean}, name: {type: string}, odd: {type: object}, empty: {type: string, default: ""}}' <<'END'
#!/bin/bash -e
printf '<%s>' "$@"
END
chmod +x "$pack/actions/show.sh"
script plain '{word: {type: string, position: 0}}' <<'END'
#! /bin/bash -e
[[ $word ]] || printf '%s %s' "$1" "$ST2_ACTION_PACK_NAME"
END
script bare '{kwarg_op: {default: "+"}, word: {type: string}}' <<<'printf %s "$1"; exit 3'
script gone '{}' </dev/null
rm "$pack/actions/gone.sh"

# No sudo that this machine may have: what it is asked for is what counts here.
cat >"$TEST_DIR/bin/sudo" <<'END'
#!/bin/bash
printf '%s ' "$@" >&2
[ "$1" != -S ] || read -r password
while [ "$1" != -- ]; do shift; done
shift
SUDO_SAID=${password:-} exec "$@"
END
chmod +x "$TEST_DIR/bin/sudo"
HUB_CONFIG="pack_path = ( \"$TEST_DIR/packs\" );"
PATH=$TEST_DIR/bin:$PATH
start_hub "$TEST_DIR/hub"

test_case "a script gets named arguments, then those with a position in their order"
x=$(run_action scripts.show '{"second": ["x", "y", 3], "first": "a b\"$HOME", "third": true, "loud": true, "soft": false,
        "name": "it'\''s", "odd": {"a": 1}}')
check_json "$x" '.status == "succeeded" and .result.return_code == 0'
check_equal '<--loud><--name=it'\''s><--odd={"a":1}><a b"$HOME><x,y,3><1>' "$(jq -r .result.stdout <<<"$x")"

test_case "what has a position and no value is empty, so that the others keep their place"
check_equal '<><><>' "$(run_action scripts.show '{}' | jq -r .result.stdout)"

test_case "a script that is not executable runs by what its first line names, or by the shell"
check_equal 'w scripts' "$(run_action scripts.plain '{"word": "w"}' | jq -r .result.stdout)"
x=$(run_action scripts.bare '{"word": "w"}')
check_json "$x" '.status == "failed" and .result.return_code == 3 and .result.stdout == "+word=w"'

test_case "a script that is not there is named"
x=$(run_action scripts.gone '{}')
check_json "$x" '.status == "failed" and (.result.error | contains("gone.sh"))'

test_case "sudo asks nobody, and a password reaches it on its standard input alone"
x=$(run_action core.local_sudo '{"cmd": "echo here"}')
check_json "$x" '.result.stdout == "here\n" and .result.stderr == "-n -E -- /bin/sh -c echo here "'
x=$(run_action core.local '{"argv": ["printenv", "SUDO_SAID"], "sudo": true, "sudo_password": "s3kr1t"}')
check_json "$x" '.result.stdout == "s3kr1t\n" and .result.stderr == "-S -E -- printenv SUDO_SAID "'
check_json "$x" '.parameters.sudo_password == "********"'

test_case "core.error says its message, whatever it holds"
check_equal 'a "b" $c' "$(run_action core.error '{"message": "a \"b\" $c"}' | jq -r .result.stderr)"

test_case "an action whose runner is not here is shown, and says so when it is run"
check_json "$(api GET /api/v1/actions/core.remote)" '.runner_type == "remote-shell-cmd"'
check_match 'runner.missing' "$(api POST /api/v1/executions '{"action": "core.remote", "parameters": {"cmd": "ls"}}' 2>/dev/null)"
