#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The checker of the fault campaigns finds what it is there for: a planted loss, a planted duplicate.
. "$(dirname "$0")/../lib.sh"
"$TOP/tests/programs.sh" "$BUILD" tests/fault/check

mkdir -p "$TEST_DIR/packs/count/rules"
printf 'name: count\nversion: 1.0.0\ndescription: One rule\nauthor: Kaname\nemail: k@example.test\n' \
        >"$TEST_DIR/packs/count/pack.yaml"
cat >"$TEST_DIR/packs/count/rules/count.yaml" <<END
name: count
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: count}}
action: {ref: core.noop}
END
HUB_CONFIG="pack_path = ( \"$TEST_DIR/packs\" );"
start_hub "$TEST_DIR/hub"
for n in 1 2 3 4 5; do
        [ "$(api_status POST /api/v1/webhooks/count "{\"n\":$n}")" = 202 ] && echo $n
done >"$TEST_DIR/acks"
all_ended() { [ "$(executions 'action=core.noop&status=succeeded' | jq length)" = 5 ]; }
wait_until all_ended
stop_hub "$TEST_DIR/hub"
store=$TEST_DIR/hub/state/store.db
sqlite3 "$store" "SELECT lower(hex(id)) FROM execution" >"$TEST_DIR/counter"

# verdict SQL [COUNTER]: what the checker says of a copy that was changed so
verdict() {
        cp "$store" "$TEST_DIR/copy.db"
        sqlite3 "$TEST_DIR/copy.db" "$1"
        "$BUILD/tests/fault/check" "$TEST_DIR/copy.db" "$TEST_DIR/acks" "${2:-$TEST_DIR/counter}" || echo "exit $?"
}

test_case "it is content with what really happened"
check_equal "accepted 5 lost 0 duplicate 0 integrity 0" "$(verdict 'SELECT 1 WHERE 0')"

test_case "a planted loss: an event, a result, a start"
check_match 'lost 1 duplicate 0.*exit 1' "$(verdict "DELETE FROM event WHERE json_extract(payload, '\$.body.n') = 3" | tr '\n' ' ')"
check_match 'lost 1 duplicate 0.*exit 1' "$(verdict 'DELETE FROM result WHERE seq = (SELECT max(seq) FROM result)' | tr '\n' ' ')"
head -4 "$TEST_DIR/counter" >"$TEST_DIR/short"
check_match 'lost 1 duplicate 0.*exit 1' "$(verdict 'SELECT 1 WHERE 0' "$TEST_DIR/short" | tr '\n' ' ')"

test_case "a planted duplicate: an event of one number, an execution of one event"
check_match 'duplicate 1 .*exit 1' "$(verdict "INSERT INTO event SELECT seq + 1000, randomblob(12), trigger, source, trace, at_ms, payload
        FROM event WHERE json_extract(payload, '\$.body.n') = 2" | tr '\n' ' ')"
check_match 'duplicate 1 .*exit 1' "$(verdict "INSERT INTO execution SELECT seq + 1000, randomblob(12), parent, event, plan, action, runner,
        instance, rule, user, mode, on_lost, timeout_ms, created_ms, params, context, trace FROM execution LIMIT 1" | tr '\n' ' ')"
