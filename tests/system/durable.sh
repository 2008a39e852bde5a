#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# What a crash may not do: a 2xx before the disk has it, a change that nobody knows of.
. "$(dirname "$0")/../lib.sh"

start_server bind example.test
(umask 077 && printf '%s' "$BIND_KEY_SECRET" >"$TEST_DIR/tsig.key")
"$TOP/tests/tools/delay.pl" "$BIND_SERVER" "$TEST_DIR/hold" >"$TEST_DIR/proxy.port" &
proxy=$!
stopping+=("kill $proxy")
wait_until test -s "$TEST_DIR/proxy.port"
# strace reads the hub's memory.
HUB_CONFIG="core_dumps = true;
instances = (
  { name = \"corp-dns\"; plugin = \"rfc2136\"; scope = \"example.test\";
    config = { server = \"127.0.0.1:$(cat "$TEST_DIR/proxy.port")\"; key_name = \"$BIND_KEY_NAME\"; secret = { file = \"$TEST_DIR/tsig.key\" }; }; }
);"
start_hub "$TEST_DIR/hub"
address() { dig +short +time=1 +tries=1 "@$BIND_HOST" -p "$BIND_PORT" www.example.test A; }
has_address() { [ -n "$(address)" ]; }
change() { api GET "/api/v1/changes?resource=dns/example.test/*" | jq -c 'sort_by(.seq)'; }
is_intent() { change | jq -e 'length > 0' >/dev/null; }

test_case "kill -9 between a DNS change and its result: the ledger has it"
id=$(api POST /api/v1/executions '{"action":"dns.record.set","parameters":{"zone":"example.test","name":"www","type":"A","values":["192.0.2.7"]}}' | jq -r .id)
# Let it read the zone; hold back the answers from the announcement on.
wait_until is_intent
touch "$TEST_DIR/hold"
WAIT_S=5 wait_until has_address || true
kill_hub "$TEST_DIR/hub"
rm -f "$TEST_DIR/hold"
start_hub "$TEST_DIR/hub"
check is_intent
is_settled() { change | jq -e 'all(.state != "intent")'; }
check wait_until is_settled
states=$(change | jq -r '.[].state' | sort -u | tr '\n' ' ')
check_match '^(applied|unknown|refused| )+$' "$states" "states of the change"
if has_address; then check_match 'applied' "$states" "the change was made, and the ledger"; fi

test_case "fdatasync returned before each 2xx"
stop_hub "$TEST_DIR/hub"
strace -f -qq -e trace=fdatasync,fsync,recvfrom,read,sendto,sendmsg,writev,write -s 64 -o "$TEST_DIR/trace" \
        "$BUILD/kanamed" -c "$TEST_DIR/hub/kanamed.conf" 2>>"$TEST_DIR/hub.log" &
traced=$!
stopping+=("pkill -P $traced")
wait_until hub_ready
for _ in $(seq 20); do
        check_equal 201 "$(api_status POST /api/v1/executions '{"action":"core.noop"}')" "status"
done
pkill -TERM -P "$traced" || true
wait "$traced" || true
# One request at a time: each POST read must be followed by a sync that returned 0 before its 2xx goes out.
verdict=$(awk '
        /POST \/api\/v1\/executions/ { open = 1; synced = 0; posts++ }
        /(fdatasync|fsync)(\(| resumed)/ && /= 0$/ { synced = 1 }
        /HTTP\/1\.1 20[0-9]/ { if (open && !synced) early++; if (open) answers++; open = 0 }
        END { print posts + 0, answers + 0, early + 0 }' "$TEST_DIR/trace")
check_equal "20 20 0" "$verdict" "requests, answers, answers before a sync"
