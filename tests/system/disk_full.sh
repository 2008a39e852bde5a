#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# A full disk is a state that ends: new work is refused with what to do, reads go on, what runs is
# finished, and once there is room the hub goes on by itself, with all that it ever acknowledged.

# A small disk is a tmpfs in a mount namespace of this script's own.
if [ -z "${SMALL_DISK:-}" ] && unshare -rm mount -t tmpfs -o size=1m tmpfs /mnt 2>/dev/null; then
        SMALL_DISK=1 exec unshare -rm "$0" "$@"
fi
. "$(dirname "$0")/../lib.sh"
[ -n "${SMALL_DISK:-}" ] || skip_all "no mount namespaces here"

state=$TEST_DIR/hub/state
mkdir -p "$state"
mount -t tmpfs -o size=48m,mode=700 tmpfs "$state"
stopping+=("umount $state")
HUB_CONFIG='reserve_bytes = 4194304;'
start_hub "$TEST_DIR/hub"

reserve_is() { [ "$(stat -c %s "$state/reserve")" -eq "$1" ]; }
fill() { dd if=/dev/zero of="$state/filler" bs=64k status=none 2>/dev/null || true; }
# post: one more; its status in $answered, its id among the acknowledged
post() {
        answered=$(curl -sS --max-time 20 -o "$TEST_DIR/body" -D "$TEST_DIR/head" -w '%{http_code}' \
                -H "Authorization: Bearer $KANAME_TOKEN" -H 'Content-Type: application/json' \
                --data-binary '{"action": "core.noop"}' "$KANAME_URL/api/v1/executions")
        [ "$answered" != 201 ] || jq -r .id "$TEST_DIR/body" >>"$TEST_DIR/acknowledged"
}
is_accepted() { post && [ "$answered" = 201 ]; }
is_refused() { post && [ "$answered" != 201 ]; }
is_running() { api GET "/api/v1/executions/$1" | jq -e '.status == "running"'; }

for _ in 1 2 3 4 5; do post; done
running=()
for _ in 1 2 3; do
        running+=("$(api POST /api/v1/executions "$(jq -cn --arg go "$TEST_DIR/go" '{action: "core.local",
                parameters: {cmd: "while [ ! -e \($go) ]; do sleep 0.05; done; head -c 20000 /dev/zero | tr \"\\\\0\" x"}}')" | jq -r .id)")
done
for id in "${running[@]}"; do wait_until is_running "$id"; done

test_case "on a full disk new work is refused, with what to do"
check reserve_is 4194304
fill
WAIT_S=30 check wait_until is_refused
check_equal 507 "$answered" "status"
check_match '^content-type: application/problem\+json' "$(tr 'A-Z' 'a-z' <"$TEST_DIR/head")" "content type"
check_match '^Retry-After: [0-9]+' "$(cat "$TEST_DIR/head")" "when to come again"
check_json "$(cat "$TEST_DIR/body")" '.status == 507 and .code == "store.full" and (.remedy | test("room"))' "problem"
check_equal 507 "$(api_status POST /api/v1/events '{"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}' \
        -H 'Content-Type: application/cloudevents+json')" "status of an event"
check_equal 507 "$(api_status PUT /api/v1/keys/k '{"name": "k", "value": "v"}')" "status of a change"

test_case "reads go on, and say what is wrong"
check_equal 200 "$(api_status GET /api/v1/executions)" "status of a list"
check_equal 200 "$(api_status GET "/api/v1/executions/$(head -1 "$TEST_DIR/acknowledged")")" "status of one"
check_equal 507 "$(api_status GET /readyz)" "readiness"
check_match "full" "$(api GET /api/v1/status | jq -r .store_problem)" "what the status says"
check_match 'make room' "$(kaname doctor 2>&1 || true)" "what doctor says"

test_case "a backup that would not fit is refused, and leaves nothing"
api POST /api/v1/backup >"$TEST_DIR/body" || true
check_json "$(cat "$TEST_DIR/body")" '.status == 507 and .code == "store.backup-room" and .remedy'
check_fails [ -e "$state/backup.part" ]

test_case "what runs is finished with the reserve"
touch "$TEST_DIR/go"
for id in "${running[@]}"; do
        check_equal succeeded "$(wait_execution "$id" | jq -r .status)" "status of $id"
        check_equal 20000 "$(api GET "/api/v1/executions/$id" | jq -r '.result.stdout | length')" "length of its result"
done
is_refused
check_equal 507 "$answered" "status of new work meanwhile"

test_case "with room again the hub goes on by itself"
rm "$state/filler"
check wait_until hub_ready
check is_accepted
check reserve_is 4194304
check_equal succeeded "$(wait_execution "$(tail -1 "$TEST_DIR/acknowledged")" | jq -r .status)" "status of new work"

test_case "nothing that was acknowledged is lost, through a second time and kill -9"
fill
WAIT_S=30 check wait_until is_refused
kill_hub "$TEST_DIR/hub"
rm "$state/filler"
start_hub "$TEST_DIR/hub"
check wait_until is_accepted
while read -r id; do
        check_equal succeeded "$(wait_execution "$id" | jq -r .status)" "status of $id"
done <"$TEST_DIR/acknowledged"
check "$BUILD/kanamed" --check-store --state-dir "$state"

test_case "a hub that is started on a full disk serves reads, and goes on when there is room"
stop_hub "$TEST_DIR/hub"
check reserve_is 4194304
fill
spawn hub "$BUILD/kanamed" -c "$TEST_DIR/hub/kanamed.conf"
is_serving() { api GET "/api/v1/executions/$(head -1 "$TEST_DIR/acknowledged")"; }
check wait_until is_serving
is_refused
check_equal 507 "$answered" "status of new work"
rm "$state/filler"
check wait_until is_accepted

test_case "the log says when the disk was full and when it was not any more"
check wait_until grep -q 'notice .*there is room again' "$TEST_DIR/hub.log"
check_match 'warning .*disk of the state directory .* is full.*make room' "$(cat "$TEST_DIR/hub.log")"
