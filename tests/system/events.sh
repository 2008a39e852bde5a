#!/bin/bash
# Events that come from inside: timers, a sensor of a real load balancer, actions that ended.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../lib.sh"

start_server haproxy app=web1,web2
mkdir -p "$TEST_DIR/packs/clock/rules"
printf 'name: clock\nversion: 1.0.0\ndescription: Timers\nauthor: Kaname\nemail: k@example.test\n' \
        >"$TEST_DIR/packs/clock/pack.yaml"
# rule NAME TRIGGER-YAML MESSAGE [CRITERIA-YAML]
rule() {
        cat >"$TEST_DIR/packs/clock/rules/$1.yaml" <<END
name: $1
enabled: true
trigger: $2
criteria: ${4:-"{\}"}
action:
  ref: core.echo
  parameters:
    message: "$3"
END
}
soon=$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)
rule every '{type: core.st2.IntervalTimer, parameters: {unit: seconds, delta: 1}}' 'every {{ trigger.executed_at }}'
rule cron '{type: core.st2.CronTimer, parameters: {second: "*/2", timezone: Asia/Tokyo}}' 'cron {{ trigger.executed_at }}'
rule once "{type: core.st2.DateTimer, parameters: {date: \"$soon\"}}" 'once {{ trigger.executed_at }}'
rule down '{type: lb.server.down}' 'down {{ trigger.server }}'
rule up '{type: lb.server.up}' 'up {{ trigger.server }}'
rule after '{type: core.st2.generic.actiontrigger}' 'after {{ trigger.parameters.message }}' \
        '{trigger.parameters.message: {type: startswith, pattern: down}}'
HUB_CONFIG="pack_path = ( \"$TEST_DIR/packs\" );
instances = ( { name = \"edge-lb\"; plugin = \"haproxy\"; scope = \"*\"; config = { socket = \"$HAPROXY_SOCKET\"; }; } );"
start_hub "$TEST_DIR/hub"

messages() { api GET "/api/v1/executions?action=core.echo&limit=100" | jq -r '.[].parameters.message'; }
has() { [ "$(messages | grep -c "^$2")" -ge "$1" ]; }

test_case "an interval fires on its beat"
check wait_until has 2 every
check_equal "" "$(messages | grep '^every' | sort | uniq -d)" "slots that fired twice"

test_case "a cron timer fires, in a zone of its own"
check wait_until has 1 cron

test_case "a date fires once"
check wait_until has 1 once
check_equal 1 "$(messages | grep -c '^once')" "firings"

test_case "the timers of the rules in force are shown with their next slot"
check_json "$(api GET /api/v1/timers)" 'map(.type) | contains(["core.st2.IntervalTimer", "core.st2.CronTimer"])'
check_json "$(api GET /api/v1/timers)" '[.[] | select(.type == "core.st2.IntervalTimer")][0].next != null'

test_case "a restart does not fire a slot again"
kill_hub "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
n=$(messages | grep -c '^every')
check wait_until has $((n + 1)) every
check_equal "" "$(messages | grep '^every\|^cron\|^once' | sort | uniq -d)" "slots that fired twice"

test_case "the load balancer's sensor tells that a server went down, and what follows from it"
wait_until sh -c "echo 'show servers state app' | socat - UNIX-CONNECT:$HAPROXY_SOCKET_PATH | grep -q 'web2 .* 2 0'" || true
sensor_ran() { api GET /api/v1/sensortypes | jq -e 'any(.[]; (.last_ok // .status.last_ok) != null)'; }
wait_until sensor_ran || true
"$TOP/tests/servers/haproxy.sh" kill "$TEST_DIR/haproxy" web2
WAIT_S=15 check wait_until has 1 'down web2'
check wait_until has 1 'after down web2'

test_case "and that it came back"
"$TOP/tests/servers/haproxy.sh" revive "$TEST_DIR/haproxy" web2
WAIT_S=15 check wait_until has 1 'up web2'
check_equal 1 "$(messages | grep -c '^down web2')" "times it was told that it went down"
