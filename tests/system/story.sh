#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The main job, by a real Alertmanager: a failing server is drained and leaves the zone; one undo.
. "$(dirname "$0")/../lib.sh"

start_server bind example.test
start_server haproxy app=web1,web2
(umask 077 && printf '%s' "$BIND_KEY_SECRET" >"$TEST_DIR/tsig.key")
nsupdate -k "$BIND_KEY_FILE" <<END
server $BIND_HOST $BIND_PORT
zone example.test
update add web2.example.test 60 A 192.0.2.12
send
END
HUB_CONFIG="pack_path = ( \"$TOP/examples/quickstart\" );
instances = (
  { name = \"corp-dns\"; plugin = \"rfc2136\"; scope = \"example.test\";
    config = { server = \"$BIND_SERVER\"; key_name = \"$BIND_KEY_NAME\"; secret = { file = \"$TEST_DIR/tsig.key\" }; }; },
  { name = \"edge-lb\"; plugin = \"haproxy\"; scope = \"*\"; config = { socket = \"$HAPROXY_SOCKET\"; }; }
);"
start_hub "$TEST_DIR/hub"
start_server alertmanager "$KANAME_URL/api/v1/webhooks/alerts" "$KANAME_TOKEN"

address() { dig +short +time=1 +tries=1 "@$BIND_HOST" -p "$BIND_PORT" web2.example.test A; }
has_no_address() { [ -z "$(address)" ]; }
# 0 ready, 8 drain: HAProxy's own word
admin_state() { echo "show servers state app" | socat - "UNIX-CONNECT:${HAPROXY_SOCKET#unix:}" | awk '$4 == "web2" { print $7 }'; }
first_event() { api GET "/api/v1/events?trigger=core.st2.webhook&sort_asc=true" | jq -r ".[0].id"; }

test_case "before the alert the server serves and has a record"
check_equal 0 "$(admin_state)" "HAProxy's admin state"
check_equal 192.0.2.12 "$(address)" "the record"

test_case "within five seconds of the alert it is drained and unlisted"
"$TOP/tests/servers/alertmanager.sh" fire "$TEST_DIR/alertmanager" alertname=ServerFailing pool=app server=web2 instance=web2
WAIT_S=5 check wait_until has_no_address
check_equal 8 "$(admin_state)" "HAProxy's admin state"

test_case "200 requests see no failure and none reaches the drained server"
answers=$(for _ in $(seq 200); do curl -sf -m 2 "http://$HAPROXY_FRONT_APP/" || echo failed; done | sort | uniq -c)
check_equal "200 web1" "$(echo $answers)" "who answered"

test_case "both changes stand in the ledger, the drain first"
changes=$(api GET "/api/v1/changes?state=applied")
check_equal 2 "$(jq length <<<"$changes")" "changes"
check_json "$changes" 'sort_by(.seq) | .[0].resource == "lb/app/web2" and (.[1].resource | startswith("dns/example.test/web2"))'
check_json "$changes" 'all(.before != .after)'

test_case "undo of the event restores both, last first"
event=$(first_event)
check wait_until none_runs
undo=$(api POST "/api/v1/events/$event/undo" '{}' | jq -r .id)
done=$(wait_execution "$undo")
check_json "$done" '.status == "succeeded"'
check_json "$done" '.result.undone[0].resource | startswith("dns/")'
check_equal 0 "$(admin_state)" "HAProxy's admin state"
check_equal 192.0.2.12 "$(address)" "the record"

test_case "a second undo is refused and changes nothing"
check_equal 409 "$(api_status POST "/api/v1/events/$event/undo" '{}')" "status"
check_equal 0 "$(admin_state)" "HAProxy's admin state"
check_equal 192.0.2.12 "$(address)" "the record"

test_case "no secret stands in the log, the store or an answer"
check_fails grep -rqF "$BIND_KEY_SECRET" "$TEST_DIR/hub.log" "$TEST_DIR/hub/state/store.db" "$TEST_DIR/hub/state/store.db-wal"
check_fails grep -qF "$BIND_KEY_SECRET" <<<"$(api GET /api/v1/instances) $(api GET /api/v1/status)"
