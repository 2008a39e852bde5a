#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# Plans, conflicts, one key for a hundred requests, and the same call on two makes of DNS server.
. "$(dirname "$0")/../lib.sh"

start_server bind one.test
start_server powerdns two.test
(umask 077 && printf '%s' "$BIND_KEY_SECRET" >"$TEST_DIR/tsig.key" && printf '%s' "$POWERDNS_API_KEY" >"$TEST_DIR/pdns.key")
pack=$TEST_DIR/packs/moves
mkdir -p "$pack/actions/workflows"
printf 'name: moves\nversion: 1.0.0\nauthor: a\nemail: a@example.test\n' >"$pack/pack.yaml"
printf 'name: both\nrunner_type: orquesta\nentry_point: workflows/both.yaml\nenabled: true\nparameters: {to: {type: string, required: true}}\n' \
        >"$pack/actions/both.yaml"
cat >"$pack/actions/workflows/both.yaml" <<'END'
version: 1.0
input: [to]
tasks:
  one:
    action: dns.record.set
    input: {zone: one.test, name: both, type: A, ttl: 60, values: [<% ctx(to) %>]}
    next: [{when: <% succeeded() %>, do: two}]
  two:
    action: dns.record.set
    input: {zone: two.test, name: both, type: A, ttl: 60, values: [<% ctx(to) %>]}
END
HUB_CONFIG="pack_path = ( \"$TEST_DIR/packs\" );
instances = (
  { name = \"bind\"; plugin = \"rfc2136\"; scope = \"one.test\";
    config = { server = \"$BIND_SERVER\"; key_name = \"$BIND_KEY_NAME\"; secret = { file = \"$TEST_DIR/tsig.key\" }; }; },
  { name = \"pdns\"; plugin = \"powerdns\"; scope = \"two.test\";
    config = { url = \"$POWERDNS_URL\"; api_key = { file = \"$TEST_DIR/pdns.key\" }; }; }
);"
start_hub "$TEST_DIR/hub"

bind() { dig +short +time=1 +tries=1 "@$BIND_HOST" -p "$BIND_PORT" "$@"; }
pdns() { dig +short +time=1 +tries=1 "@$POWERDNS_HOST" -p "$POWERDNS_PORT" "$@"; }
set_record() { printf '{"zone":"%s","name":"www","type":"A","ttl":60,"values":["%s"]}' "$1" "$2"; }
plan() { api POST /api/v1/executions "{\"action\":\"dns.record.set\",\"mode\":\"plan\",\"parameters\":$1}" | jq -r .id; }

test_case "dns.record.set is the same call on BIND and on PowerDNS"
check_json "$(run_action dns.record.set "$(set_record one.test 192.0.2.1)")" '.status == "succeeded"'
check_json "$(run_action dns.record.set "$(set_record two.test 192.0.2.1)")" '.status == "succeeded"'
check_equal 192.0.2.1 "$(bind www.one.test A)" "BIND's answer"
check_equal 192.0.2.1 "$(pdns www.two.test A)" "PowerDNS' answer"

test_case "a zone that no instance serves is refused with those there are"
refused=$(_curl POST /api/v1/executions "{\"action\":\"dns.record.set\",\"parameters\":$(set_record three.test 192.0.2.1)}")
check_json "$refused" '.status == 404'
check_match 'one\.test' "$refused" "the answer"

test_case "a plan shows the change and makes none"
id=$(plan "$(set_record one.test 192.0.2.2)")
planned=$(wait_execution "$id")
check_json "$planned" '.status == "succeeded" and (.result.changes | length) == 1'
check_json "$planned" '.result.changes[0].before.values == ["192.0.2.1"] and .result.changes[0].after.values == ["192.0.2.2"]'
check_equal 192.0.2.1 "$(bind www.one.test A)" "BIND's answer"

test_case "the plan is applied as planned, and once"
applied=$(wait_execution "$(api POST "/api/v1/plans/$id/apply" '{}' | jq -r .id)")
check_json "$applied" '.status == "succeeded"'
check_equal 192.0.2.2 "$(bind www.one.test A)" "BIND's answer"
check_equal 409 "$(api_status POST "/api/v1/plans/$id/apply" '{}')" "status of a second apply"

test_case "a record that was changed behind the plan makes it a conflict"
id=$(plan "$(set_record one.test 192.0.2.3)")
wait_execution "$id" >/dev/null
nsupdate -k "$BIND_KEY_FILE" <<END
server $BIND_HOST $BIND_PORT
zone one.test
update delete www.one.test A
update add www.one.test 60 A 198.51.100.9
send
END
conflict=$(wait_execution "$(api POST "/api/v1/plans/$id/apply" '{}' | jq -r .id)")
check_json "$conflict" '.status == "failed" and .result.code == "conflict"'
check_json "$conflict" '.result.conflict.before.values == ["192.0.2.2"]' "before"
check_json "$conflict" '.result.conflict.found.values == ["198.51.100.9"]' "found"
check_json "$conflict" '.result.conflict.wanted.values == ["192.0.2.3"]' "wanted"
check_equal 198.51.100.9 "$(bind www.one.test A)" "the foreign value"

test_case "one Idempotency-Key posted 100 times at once makes one execution"
post_once() {
        _curl POST /api/v1/executions '{"action":"core.echo","parameters":{"message":"once"}}' \
                -H 'Idempotency-Key: a-hundred-times' -o /dev/null -w '%{http_code}\n'
}
posts=()
for _ in $(seq 100); do
        post_once >>"$TEST_DIR/statuses" &
        posts+=($!)
done
wait "${posts[@]}"
check_equal 1 "$(executions action=core.echo | jq length)" "executions"
check_fails grep -qv '^20[01]$\|^409$' "$TEST_DIR/statuses"

test_case "a workflow over both is planned, applied and undone as one"
planned=$(wait_execution "$(api POST /api/v1/executions '{"action": "moves.both", "mode": "plan", "parameters": {"to": "192.0.2.7"}}' | jq -r .id)")
check_json "$planned" '.status == "succeeded" and (.result.partial | not) and (.result.changes | length) == 2'
check_equal "" "$(bind both.one.test A)" "BIND after the plan"
id=$(jq -r .id <<<"$planned")
applied=$(wait_execution "$(api POST "/api/v1/plans/$id/apply" '{}' | jq -r .id)")
check_json "$applied" '.status == "succeeded"'
check_equal "192.0.2.7 192.0.2.7" "$(bind both.one.test A) $(pdns both.two.test A)" "both servers"
check_match 'one.test' "$(kaname undo "$(jq -r .id <<<"$applied")" 2>&1)" "undo"
check_equal " " "$(bind both.one.test A) $(pdns both.two.test A)" "both servers after undo"

test_case "what of a planned workflow is not as planned any more is a conflict"
id=$(kaname plan moves.both to=192.0.2.8 --async)
wait_execution "$id" >/dev/null
check_json "$(run_action dns.record.set '{"zone":"two.test","name":"both","type":"A","ttl":60,"values":["198.51.100.9"]}')" '.status == "succeeded"'
conflict=$(wait_execution "$(api POST "/api/v1/plans/$id/apply" '{}' | jq -r .id)")
check_json "$conflict" '.status == "failed"'
check_equal "192.0.2.8 198.51.100.9" "$(bind both.one.test A) $(pdns both.two.test A)" "both servers"
