#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The drill: a backup under load, a restore elsewhere, and every way in which a store can be refused,
# each put right by the command that the refusal names.
. "$(dirname "$0")/../lib.sh"

work=$TEST_DIR
file=$work/hub.backup
start_hub "$work/hub"
id_of() { jq -r .id; }
# check_store DIR: exit status; the report is in check.log
check_store() {
        local status=0
        "$BUILD/kanamed" --check-store --state-dir "$1" >"$work/check.log" 2>&1 || status=$?
        echo $status
}
# refused DIR: starts no hub; what it said is in refused.log
refused() {
        local status=0
        timeout 20 "$BUILD/kanamed" --state-dir "$1" --listen 127.0.0.1:0 2>"$work/refused.log" || status=$?
        check_equal 1 $status "exit status of a hub on $1"
}
# do_remedy FILE: the command of the refusal, as it stands, with FILE replaced
do_remedy() {
        local command
        command=$(grep -oE 'kanamed --restore FILE --state-dir [^ )]+' "$work/refused.log")
        command=${command/FILE/$1}
        # shellcheck disable=SC2086
        (PATH=$BUILD:$PATH && $command) >"$work/restore.log" 2>&1
}
# put OFFSET TEXT: into the store that lies there
put() { printf "$2" | dd of="$work/hub/state/store.db" bs=1 seek="$1" conv=notrunc status=none; }

# What is acknowledged: a secret, a large result, changes of content, executions of each kind.
api PUT /api/v1/keys/drill '{"name": "drill", "value": "canary-9981", "secret": true, "scope": "system"}' >/dev/null
large=$(run_action core.local '{"cmd": "head -c 100000 /dev/zero | tr \\\\0 x"}' | id_of)
delayed=$(api POST /api/v1/executions '{"action": "core.noop", "delay": 3600000}' | id_of)
api GET "/api/v1/executions/$large" | jq -cS .result >"$work/large"

# add_load: until told to stop; the id of what was acknowledged, a line each
add_load() {
        while [ ! -e "$work/stop" ]; do
                api POST /api/v1/executions '{"action": "core.noop"}' | jq -r .id >>"$work/acknowledged"
        done
}

test_case "a backup is taken while the hub works"
add_load &
loading=$!
has_load() { [ "$(wc -l <"$work/acknowledged")" -ge "$1" ]; }
check wait_until has_load 20
cp "$work/acknowledged" "$work/before"
check kaname backup "$file"
before=$(wc -l <"$work/before")
check wait_until has_load $((before + 20))
touch "$work/stop"
wait $loading
check_equal 600 "$(stat -c %a "$file")" "mode of the backup"
check_fails [ -e "$file.part" ]
check_fails [ -e "$work/hub/state/backup.part" ]

test_case "a file that exists is not overwritten"
sum=$(sha256sum <"$file")
status=0
kaname backup "$file" 2>/dev/null || status=$?
check_equal 5 $status "exit status"
check_equal "$sum" "$(sha256sum <"$file")" "the file"

test_case "only administrators may take one"
key=$(api POST /api/v1/apikeys '{"user": "eva", "grants": [{"action": "*", "verbs": ["run"]}]}' | jq -r .key)
check_equal 403 "$(KANAME_TOKEN=$key api_status POST /api/v1/backup)" "status for a user"

test_case "the store is judged beside the running hub"
check_equal 0 "$(check_store "$work/hub/state")" "exit status"
check_match "^$work/hub/state: .* executions .* sound$" "$(cat "$work/check.log")"

test_case "a store in use is not restored over"
check_fails "$BUILD/kanamed" --restore "$file" --state-dir "$work/hub/state" 2>"$work/said"
check_match 'another hub is running on this state \(process [0-9]+\)' "$(cat "$work/said")"
check_equal 200 "$(api_status GET "/api/v1/executions/$large")" "status of a read after that"

test_case "it restores into another directory, and says what is not in it"
check "$BUILD/kanamed" --restore "$file" --state-dir "$work/new/state"
check_match 'no master.key' "$(cat "$work/said")"
check_equal 0 "$(check_store "$work/new/state")" "exit status of the check"
cp "$work/hub/state/master.key" "$work/new/state/master.key"

test_case "all that was acknowledged before is in the restored hub"
start_hub "$work/new"
check [ "$before" -ge 20 ]
while read -r id; do
        [ "$(api_status GET "/api/v1/executions/$id")" = 200 ] || fail "execution $id is not there"
done <"$work/before"
check_equal "$(cat "$work/large")" "$(api GET "/api/v1/executions/$large" | jq -cS .result)" "a large result"
check_equal canary-9981 "$(api GET "/api/v1/keys/drill?decrypt=true" | jq -r .value)" "the secret"
check_equal delayed "$(api GET "/api/v1/executions/$delayed" | jq -r .status)" "what was to come"

test_case "it starts paused, until a person resumes it"
check_json "$(api GET /api/v1/status)" '.paused'
id=$(api POST /api/v1/executions '{"action": "core.noop"}' | id_of)
check kaname resume
check_equal succeeded "$(wait_execution "$id" | jq -r .status)" "status after resume"
stop_hub "$work/new"

use_hub "$work/hub"
stop_hub "$work/hub"
cp -a "$work/hub/state/store.db" "$work/sound.db"

test_case "a store whose beginning is damaged is refused, and the remedy works word for word"
put 0 "no longer a database"
refused "$work/hub/state"
check grep -qF "$work/hub/state/store.db cannot be read as a store" "$work/refused.log"
check do_remedy "$file"
check_equal 0 "$(check_store "$work/hub/state")" "exit status of the check"
check cmp -n 19 "$work/hub/state/store.db.old" <(printf 'no longer a databas')

test_case "a store that lost its end is refused, and the remedy works word for word"
cp -a "$work/sound.db" "$work/hub/state/store.db"
truncate -s $(($(stat -c %s "$work/sound.db") / 8192 * 4096)) "$work/hub/state/store.db"
refused "$work/hub/state"
check grep -qF "$work/hub/state/store.db cannot be read as a store" "$work/refused.log"
check do_remedy "$file"
check_equal 0 "$(check_store "$work/hub/state")" "exit status of the check"

test_case "a store of a newer version is refused, and a backup of this one takes its place"
put 60 '\0\0\0\143'
refused "$work/hub/state"
check grep -qF "$work/hub/state/store.db was made by a newer Kaname; it has schema 99" "$work/refused.log"
check_equal 1 "$(check_store "$work/hub/state")" "exit status of the check"
check do_remedy "$file"
start_hub "$work/hub"
check_equal 200 "$(api_status GET "/api/v1/executions/$(head -1 "$work/before")")" "status of what was acknowledged"
stop_hub "$work/hub"

test_case "damage in the middle is found by the check"
cp -a "$work/sound.db" "$work/hub/state/store.db"
rm -f "$work"/hub/state/store.db-*
pages=$(($(stat -c %s "$work/sound.db") / 4096))
for ((page = pages / 2; page < pages / 2 + 4; page++)); do
        put $((page * 4096)) 'UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU'
done
check_equal 1 "$(check_store "$work/hub/state")" "exit status"
check_match 'NOT SOUND|cannot be read' "$(cat "$work/check.log")"
cp "$work/check.log" "$work/refused.log"
check do_remedy "$file"
check_equal 0 "$(check_store "$work/hub/state")" "exit status after the remedy"

test_case "a backup that broke off is refused, and the store stays as it was"
head -c $(($(stat -c %s "$file") / 2)) "$file" >"$work/half.backup"
sum=$(sha256sum <"$work/hub/state/store.db")
check_fails "$BUILD/kanamed" --restore "$work/half.backup" --state-dir "$work/hub/state" 2>"$work/said"
check_match "$work/half.backup cannot be read .*try: name another file" "$(cat "$work/said")"
check_equal "$sum" "$(sha256sum <"$work/hub/state/store.db")" "the store"
