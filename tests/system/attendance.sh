#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# A system without a plugin: examples/attendance offers it by actions in YAML. What it stored is looked up with curl;
# refused credentials and a system that says yes and stores nothing are failures; the token shows up nowhere.
. "$(dirname "$0")/../lib.sh"

token=attendance-token-$RANDOM$RANDOM
(umask 077 && printf '%s' "$token" >"$TEST_DIR/token")
for kind in honest forgetful; do
        spawn "$kind" "$TOP/examples/attendance/server.py" "$TEST_DIR/token" "${kind/honest/}"
        wait_until test -s "$TEST_DIR/$kind.log"
        declare "$kind=http://127.0.0.1:$(head -1 "$TEST_DIR/$kind.log")"
done
cp -r "$TOP/examples/attendance/pack" "$TEST_DIR/attendance"
HUB_CONFIG="pack_path = ( \"$TEST_DIR\" );"
start_hub "$TEST_DIR/hub"
use_system() { api PUT /api/v1/configs/attendance "{\"url\": \"$1\"}" >/dev/null; }
use_token() { kaname key set attendance_token --encrypt <"$1" >/dev/null 2>&1; }
use_system "$honest"
use_token "$TEST_DIR/token"

held() { curl -sS -H "Authorization: Bearer $token" "$honest/v1/days/$1"; }
day='"employee": "mio", "date": "2026-11-23"'
everything() {
        cat "$TEST_DIR/hub.log"
        strings -n 6 "$TEST_DIR"/hub/state/store.db*
        executions include_attributes=parameters,result
}

test_case "a day is set and read back"
done=$(run_action attendance.set "{$day, \"status\": \"remote\", \"note\": \"at 大阪 \\\"office\\\"\"}")
check_json "$done" '.status == "succeeded" and .result.output.found == {status: "remote", note: "at 大阪 \"office\""}'
check_equal '{"status": "remote", "note": "at 大阪 \"office\""}' "$(held mio/2026-11-23 | jq -c . | jq -c '{status, note}' | sed 's/,/, /; s/:"/: "/g')"

test_case "and shown by itself"
check_json "$(run_action attendance.get "{$day}")" '.status == "succeeded" and .result.body.status == "remote"'

test_case "what does not fit the schema is refused, and so is another address or another header"
for more in '"status": "asleep"' '"status": "remote", "note": 7' '"status": "remote", "extra": 1'; do
        check_equal 422 "$(api_status POST /api/v1/executions "{\"action\": \"attendance.set\", \"parameters\": {$day, $more}}")" "$more"
done
for more in "\"url\": \"$forgetful/\"" '"headers": {"X": "y"}' '"method": "DELETE"'; do
        check_equal 422 "$(api_status POST /api/v1/executions "{\"action\": \"attendance.get\", \"parameters\": {$day, $more}}")" "$more"
done
check_equal 422 "$(api_status POST /api/v1/executions '{"action": "attendance.get", "parameters": {"employee": "../x", "date": "2026-11-23"}}')" "a path"

test_case "a system that says yes and stores nothing is caught"
use_system "$forgetful"
check_json "$(run_action attendance.put "{$day, \"status\": \"leave\"}")" '.status == "succeeded"' "it says yes"
done=$(run_action attendance.set "{$day, \"status\": \"leave\"}")
check_json "$done" '.status == "failed" and .result.output.verdict == "the system said yes and holds something else" and
        .result.output.found.status == "unknown"'
use_system "$honest"

test_case "refused credentials are a failure that says so, and change nothing"
printf 'wrong-token-%s' "$RANDOM" >"$TEST_DIR/wrong"
use_token "$TEST_DIR/wrong"
done=$(run_action attendance.put "{$day, \"status\": \"leave\"}")
check_json "$done" '.status == "failed" and .result.status_code == 401'
check_json "$(run_action attendance.set "{$day, \"status\": \"leave\"}")" '.status == "failed" and .result.output.found == null'
check_json "$(held mio/2026-11-23)" '.status == "remote"'

test_case "no token, no request"
kaname key delete attendance_token >/dev/null 2>&1
check_json "$(run_action attendance.get "{$day}")" '.status == "failed"'

test_case "neither token stands in a log, an answer or the store"
everything >"$TEST_DIR/everything"
check_match 'mio' "$(tail -c 1000000 "$TEST_DIR/everything")" "there is something to look into"
check_json "$(executions 'action=attendance.put&include_attributes=parameters')" 'length >= 3 and all(.parameters.headers == "********")'
check_fails grep -qF -e "$token" -e "$(cat "$TEST_DIR/wrong")" "$TEST_DIR/everything"
