#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The hub as its operator meets it: starts, refusals, signals, what it tells the service manager.
. "$(dirname "$0")/../lib.sh"

work=$TEST_DIR
conf=$work/kanamed.conf
log=$work/hub.log
kanamed() { timeout 20 "$BUILD/kanamed" "$@"; }
# says TEXT: the hub's log has it
says() { grep -qF -e "$1" "$log"; }
await() { check wait_until grep -qE "$1" "${2:-$log}"; }
# refused SENTENCE REMEDY OPTION…: exit 1, and the one error says both
refused() {
        local sentence=$1 remedy=$2 status=0
        shift 2
        kanamed "$@" 2>"$work/refused.log" || status=$?
        check_equal 1 $status "exit status"
        check_equal 1 "$(grep -cE '(^| )error[: ]' "$work/refused.log")" "errors told"
        check grep -qF -e "$sentence" "$work/refused.log"
        check grep -qE -e "\(try: .*$remedy" "$work/refused.log"
}

mkdir -p "$work/conf.d" "$work/plugins" "$work/packs" "$work/contracts"
cat >"$conf" <<END
listen = ( "127.0.0.1:0", "unix:$work/sock" );
state_dir = "$work/state";
plugin_path = "$work/plugins";
pack_path = "$work/packs";
contract_path = "$work/contracts";
END

test_case "--help fits a screen, -V tells the ABI, an unknown option exits 2"
check [ "$(kanamed --help | wc -l)" -lt 40 ]
check_match '^plugin ABI [0-9]+\.[0-9]+$' "$(kanamed -V)"
status=0
kanamed --no-such-option 2>/dev/null || status=$?
check_equal 2 $status "exit status"

test_case "--check-config is silent where all is well, and touches nothing"
check_equal "" "$(kanamed --check-config -c "$conf" 2>&1)"
check_fails [ -e "$work/state" ]

test_case "--check-config tells every mistake with its file, line and remedy"
printf 'runing_max = 5;\ndrain_ms = "long";\n' >"$work/conf.d/bad.conf"
check_fails kanamed --check-config -c "$conf" 2>"$work/told"
check_equal "$work/conf.d/bad.conf:1: error: unknown key \"runing_max\" (try: running_max)
$work/conf.d/bad.conf:2: error: drain_ms wants a whole number from 0 to 3600000, found \"long\" (try: drain_ms = 30000;)" \
        "$(cat "$work/told")"
rm "$work/conf.d/bad.conf"

test_case "--check-config asks the plugins of its instances, and touches nothing"
cat >"$work/conf.d/instances.conf" <<END
plugin_path = ( "$BUILD/plugins" );
contract_path = ( "$TOP/plugins" );
instances = ( { name = "mail"; plugin = "smtp"; config = { url = "smtp://127.0.0.1:25"; from = "a@example.test"; }; },
  { name = "chat"; plugin = "webhok"; },
  { name = "items"; plugin = "netbox"; config = { url = "http://127.0.0.1"; tokn = "x"; }; } );
END
check_fails kanamed --check-config -c "$conf" 2>"$work/told"
check_equal "$work/conf.d/instances.conf:4: error: instance 'chat': there is no plugin 'webhok' (try: did you mean 'webhook'?)" \
        "$(sed -n 1p "$work/told")"
check_match "^$work/conf.d/instances.conf:5: error: instance 'items': config of a 'netbox': .*kaname-netbox" \
        "$(sed -n 2p "$work/told")"
check_equal 2 "$(wc -l <"$work/told")" "mistakes"
check_fails [ -e "$work/state" ]
rm "$work/conf.d/instances.conf"

test_case "--print-config tells where each setting comes from"
printed=$(kanamed --print-config -c "$conf" --listen 127.0.0.1:0)
check_match "^state_dir = .* # $conf:2\$" "$printed"
check_match '"127.0.0.1:0" .* # command line$' "$printed"
check_match '^running_max = 64; .* # default$' "$printed"

test_case "--check-disk measures durable commits"
check_match '[1-9][0-9]* durable commits/s' "$(kanamed --check-disk --state-dir "$work/disk")"

test_case "the first start writes the administrator's token, mode 0600, and says where"
spawn hub "$BUILD/kanamed" -c "$conf"
await ' ready after '
check says "the administrator's token is in $work/state/admin-token"
check_equal 600 "$(stat -c %a "$work/state/admin-token")" "mode"
check_fails grep -qF "$(cat "$work/state/admin-token")" "$log"

test_case "a second hub on the same state is refused"
refused "another hub is running on this state" "" -c "$conf" --listen 127.0.0.1:0

test_case "a port that is taken is refused"
port=$(sed -n 's|.*listening on http://127.0.0.1:\([0-9]*\)$|\1|p' "$log")
check [ "${port:-0}" -gt 0 ]
refused "127.0.0.1:$port" "" --state-dir "$work/other" --listen "127.0.0.1:$port"

test_case "a state that cannot be written is refused"
refused "the state directory /dev/null/state cannot be used" "--state-dir" \
        --state-dir /dev/null/state --listen 127.0.0.1:0

test_case "a state that another user left files in is refused, with the command that gives them back"
mkdir -p "$work/foreign"
touch "$work/foreign/store.db"
chmod 000 "$work/foreign/store.db"
# Root passes every permission; without that power it is a user like any other.
powerless() {
        if [ "$(id -u)" -eq 0 ]; then setpriv --bounding-set=-dac_override,-dac_read_search "$@"; else "$@"; fi
}
check_fails powerless timeout 20 "$BUILD/kanamed" --state-dir "$work/foreign" --listen 127.0.0.1:0 2>"$work/refused.log"
check_match "$work/foreign cannot be used: store.db: Permission denied; this runs as user $(id -un)" "$(cat "$work/refused.log")"
check_match "try: chown -R $(id -un) $work/foreign," "$(cat "$work/refused.log")"

test_case "an address that is not this machine's, and a socket's missing folder, are refused"
mkdir -p "$work/conf.d"
echo 'insecure = true;' >"$work/conf.d/10.conf"
refused "192.0.2.1:8470: Cannot assign requested address" "ip -br address" \
        -c "$conf" --state-dir "$work/other" --listen 192.0.2.1:8470
rm "$work/conf.d/10.conf"
refused "unix:$work/none/sock: No such file or directory" "a folder that exists" \
        --state-dir "$work/other" --listen "unix:$work/none/sock"

test_case "a master key that others may read is refused, and the remedy works word for word"
chmod 644 "$work/other/master.key"
refused "the master key $work/other/master.key cannot be used; others than its owner may read it" "chmod 600" \
        --state-dir "$work/other" --listen 127.0.0.1:0
$(grep -oE 'chmod 600 [^ )]+' "$work/refused.log")
check_equal 600 "$(stat -c %a "$work/other/master.key")" "mode after the remedy"

test_case "a public address without TLS is refused"
refused 'listen "0.0.0.0:0" is open to other machines and has no TLS' "insecure = true" \
        --state-dir "$work/other" --listen 0.0.0.0:0

test_case "SIGUSR2 writes the status to the log"
kill -USR2 "$(pid_of hub)"
await 'status=queue value='

test_case "SIGHUP takes a good configuration, and says what waits for a restart"
echo 'log = { level = "debug"; }; limits = { depth = 32; };' >"$work/conf.d/10.conf"
kill -HUP "$(pid_of hub)"
await ' reloaded$'
check says "changed and in force after a restart: limits.depth"

test_case "SIGHUP refuses a configuration with one mistake as a whole"
echo 'instances = ( { name = "a"; plugin = "no-such-plugin"; } );' >"$work/conf.d/20.conf"
kill -HUP "$(pid_of hub)"
await 'not reloaded: everything stays as it was'
check says "no-such-plugin"
echo 'running_max = ;' >"$work/conf.d/20.conf"
kill -HUP "$(pid_of hub)"
await "$work/conf.d/20.conf:1: error: "
check alive hub
rm "$work"/conf.d/*

# Reading the environment asks the kernel what reading the memory does, but for Yama.
test_case "another process of the same user cannot look into the hub, unless core_dumps allows it"
# Root without powers is a user like any other; the hub must not have more than who looks.
plain=()
[ "$(id -u)" -ne 0 ] || plain=(setpriv --bounding-set=-all)
looks_into() { "${plain[@]}" head -c 1 "/proc/$(pid_of "$1")/environ"; }
spawn_plain() {
        echo "core_dumps = $2;" >"$work/$1.conf"
        spawn "$1" "${plain[@]}" "$BUILD/kanamed" -c "$work/$1.conf" --state-dir "$work/$1" --listen "unix:$work/$1.sock"
        await ' ready after ' "$work/$1.log"
}
spawn_plain open true
spawn_plain closed false
if grep -q __asan_init "$BUILD/kanamed"; then
        skip "a hub with AddressSanitizer lets itself be looked into"
elif ! looks_into open >/dev/null 2>&1; then
        skip "one process cannot look into another here at all"
else
        check_fails looks_into closed 2>/dev/null
fi
end_process open
end_process closed

test_case "SIGTERM drains and ends with 0"
status=0
end_process hub TERM || status=$?
check_equal 0 $status "exit status"
check says "stopped"

test_case "the next start keeps the token; SIGINT ends at once"
spawn again "$BUILD/kanamed" -c "$conf"
log=$work/again.log
await ' ready after '
check_fails says "administrator's token"
status=0
end_process again INT || status=$?
check_equal 0 $status "exit status"

test_case "the service manager is told READY, WATCHDOG, STATUS, RELOADING, STOPPING"
spawn manager socat -u "UNIX-RECV:$work/notify" "OPEN:$work/told,creat,trunc"
check wait_until test -S "$work/notify"
NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=400000 spawn notify "$BUILD/kanamed" -c "$conf"
await '^READY=1' "$work/told"
await 'WATCHDOG=1' "$work/told"
await 'STATUS=0 running, 0 queued, 0 held' "$work/told"
kill -HUP "$(pid_of notify)"
await '^MONOTONIC_USEC=[1-9]' "$work/told"
end_process notify
await 'STOPPING=1' "$work/told"
await 'EXTEND_TIMEOUT_USEC=[1-9]' "$work/told"

test_case "it works without a configuration"
spawn bare "$BUILD/kanamed" --state-dir "$work/bare" --listen "unix:$work/bare.sock"
log=$work/bare.log
await ' ready after '
check curl -fsS -o /dev/null --unix-socket "$work/bare.sock" http://hub/readyz
status=0
end_process bare || status=$?
check_equal 0 $status "exit status"

# start_sleeper SECONDS: an execution that runs; its id
start_sleeper() {
        local id
        id=$(api POST /api/v1/executions "{\"action\": \"core.local\", \"parameters\": {\"cmd\": \"sleep $1\"}}" | jq -r .id)
        wait_until is_running "$id" && echo "$id"
}
is_running() { api GET "/api/v1/executions/$1" | jq -e '.status == "running"'; }

test_case "SIGTERM waits for what runs, and its result is kept"
start_hub "$work/drain"
id=$(start_sleeper 1)
kill -TERM "$(pid_of drain)"
check wait_until gone drain
end_process drain
start_hub "$work/drain"
check_equal succeeded "$(api GET "/api/v1/executions/$id" | jq -r .status)" "status after the drain"

# Two of one signal that nobody took in between are one to the kernel: the second waits until the log
# tells that the first was taken, and so the log must be this start's own.
test_case "a second SIGTERM does not wait"
: >"$work/drain.log"
id=$(start_sleeper 60)
kill -TERM "$(pid_of drain)"
check wait_until grep -q 'stopping: Terminated, after what runs has ended' "$work/drain.log"
began=$SECONDS
end_process drain TERM || true
check [ $((SECONDS - began)) -lt 10 ]
check_match 'stopping: Terminated, at once' "$(cat "$work/drain.log")"
