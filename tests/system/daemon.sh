#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hub as its operator meets it: starts, refusals, signals, what it tells the service manager.
set -eu
kanamed=${KANAMED:-${TOP_BUILDDIR:-build}/kanamed}
work=$(mktemp -d /tmp/kaname-daemon-XXXXXX)
pids=
finish() {
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null || true; done
        rm -rf "$work"
}
trap finish EXIT
passed=0
ok() { passed=$((passed + 1)); echo "ok $passed - $1"; }
fail() {
        echo "not ok - $1"
        tail -n 20 "$work"/*.log 2>/dev/null || true
        exit 1
}

# Wait for a condition, polling; $1: what for, the rest: a command.
await() {
        what=$1
        shift
        n=0
        until "$@" >/dev/null 2>&1; do
                n=$((n + 1))
                [ "$n" -lt 500 ] || fail "$what did not come"
                sleep 0.02
        done
}
# $1: log; the rest: options. Sets $hub.
start() {
        log=$work/$1.log
        shift
        : >"$log"
        "$kanamed" "$@" 2>"$log" &
        hub=$!
        pids="$pids $hub"
}
ready() { await "ready" grep -q ' ready after ' "$log"; }
# Wait for the end, at most 15 s; the exit status in $status.
ended() {
        (sleep 15; kill -KILL "$hub") >/dev/null 2>&1 &
        watcher=$!
        wait "$hub" && status=0 || status=$?
        kill "$watcher" 2>/dev/null || true
}
# $1: text; the log says it.
says() { grep -qF -e "$1" "$log" || fail "the log does not say: $1"; }
# A start that must be refused: $1 what, $2 the sentence, $3 the remedy, then options.
refused() {
        what=$1 sentence=$2 remedy=$3
        shift 3
        log=$work/refused.log
        timeout 15 "$kanamed" "$@" 2>"$log" && status=0 || status=$?
        [ "$status" -eq 1 ] || fail "$what: exit $status, wanted 1"
        says "$sentence"
        says "$remedy"
        [ "$(grep -c ' error ' "$log")" -eq 1 ] || fail "$what: more than one error"
        log=$work/hub.log
        ok "$what is refused with one error and a remedy"
}

"$kanamed" --help >"$work/help"
[ "$(wc -l <"$work/help")" -lt 40 ] || fail "--help has 40 lines or more"
"$kanamed" -V | grep -q '^plugin ABI [0-9]' || fail "-V does not tell the ABI"
ok "--help fits a screen, -V tells the ABI"

"$kanamed" --no-such-option 2>/dev/null && fail "an unknown option is taken" || [ $? -eq 2 ] || fail "exit not 2"
ok "an unknown option exits 2"

# ---- configuration ----

mkdir "$work/conf.d"
cat >"$work/kanamed.conf" <<END
listen = ( "127.0.0.1:0", "unix:$work/sock" );
state_dir = "$work/state";
plugin_path = "$work/plugins";
pack_path = "$work/packs";
contract_path = "$work/contracts";
END
mkdir "$work/plugins" "$work/packs" "$work/contracts"
"$kanamed" --check-config -c "$work/kanamed.conf" || fail "a good configuration is refused"
[ ! -e "$work/state" ] || fail "--check-config made the state"
echo 'runing_max = 5;' >"$work/conf.d/bad.conf"
"$kanamed" --check-config -c "$work/kanamed.conf" 2>"$work/told" && fail "a bad configuration is taken"
grep -qx "$work/conf.d/bad.conf:1: error: unknown key \"runing_max\" (try: running_max)" "$work/told" ||
        fail "--check-config does not tell the mistake"
rm "$work/conf.d/bad.conf"
"$kanamed" --print-config -c "$work/kanamed.conf" --listen 127.0.0.1:0 >"$work/printed"
grep -q "^state_dir = .*# $work/kanamed.conf:2\$" "$work/printed" || fail "--print-config lacks an origin"
grep -q '# command line$' "$work/printed" || fail "--print-config lacks the command line"
grep -q '^running_max = 64; *# default$' "$work/printed" || fail "--print-config lacks a default"
ok "--check-config and --print-config tell files and lines"

"$kanamed" --check-disk --state-dir "$work/disk" | grep -qE '[1-9][0-9]* durable commits/s' || fail "--check-disk"
ok "--check-disk measures"

# ---- start and first start ----

start hub -c "$work/kanamed.conf"
ready
says "the administrator's token is in $work/state/admin-token"
[ "$(stat -c %a "$work/state/admin-token")" = 600 ] || fail "admin-token is not 0600"
grep -qF "$(cat "$work/state/admin-token")" "$log" && fail "the token stands in the log"
ok "the first start writes the token, mode 0600, and says where"

refused "a second hub on the same state" "another hub is running on this state" "(try: " \
        -c "$work/kanamed.conf" --listen 127.0.0.1:0
port=$(sed -n 's|.*listening on http://127.0.0.1:\([0-9]*\)$|\1|p' "$work/hub.log")
[ "${port:-0}" -gt 0 ] || fail "the log does not tell the port"
refused "a port that is taken" "127.0.0.1:$port" "(try: " --state-dir "$work/other" --listen "127.0.0.1:$port"
refused "a state that cannot be" "the state directory /dev/null/state cannot be used" "--state-dir" \
        --state-dir /dev/null/state --listen 127.0.0.1:0
timeout 15 "$kanamed" --state-dir "$work/other" --listen 0.0.0.0:0 2>"$work/told" &&
        fail "a public address without TLS is taken"
grep -qF 'listen "0.0.0.0:0" is open to other machines and has no TLS (try: ' "$work/told" ||
        fail "a public address without TLS is refused, but not for that"
ok "a public address without TLS is refused"

# ---- signals ----

kill -USR2 "$hub"
await "status" grep -q 'status status=queue' "$log"
ok "SIGUSR2 writes the status to the log"

echo 'log = { level = "debug"; }; limits = { depth = 32; };' >"$work/conf.d/10.conf"
kill -HUP "$hub"
await "reload" grep -q ' reloaded$' "$log"
says "changed and in force after a restart: limits.depth"
echo 'instances = ( { name = "a"; plugin = "no-such-plugin"; } );' >"$work/conf.d/20.conf"
kill -HUP "$hub"
await "refusal" grep -q 'not reloaded: everything stays as it was' "$log"
says "no-such-plugin"
echo 'running_max = ;' >"$work/conf.d/20.conf"
kill -HUP "$hub"
await "refusal" grep -q "$work/conf.d/20.conf:1: error: " "$log"
kill -0 "$hub" || fail "a bad reload ends the hub"
rm "$work"/conf.d/*
ok "SIGHUP reloads all or nothing"

kill -TERM "$hub"
ended
[ "$status" -eq 0 ] || fail "SIGTERM: exit $status"
says "stopped"
ok "SIGTERM ends with 0"

start again -c "$work/kanamed.conf"
ready
grep -q "administrator's token" "$log" && fail "the second start makes a token again"
kill -INT "$hub"
ended
[ "$status" -eq 0 ] || fail "SIGINT: exit $status"
ok "the second start keeps the token; SIGINT ends at once"

# ---- the service manager ----

if command -v socat >/dev/null; then
        socat -u "UNIX-RECV:$work/notify" "OPEN:$work/notified,creat,append" &
        pids="$pids $!"
        await "the socket" test -S "$work/notify"
        NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=400000 start notify -c "$work/kanamed.conf"
        await "READY" grep -q '^READY=1' "$work/notified"
        await "WATCHDOG" grep -q 'WATCHDOG=1' "$work/notified"
        await "STATUS" grep -q 'STATUS=0 running, 0 queued, 0 held' "$work/notified"
        kill -HUP "$hub"
        await "RELOADING" grep -q '^MONOTONIC_USEC=[1-9]' "$work/notified"
        kill -TERM "$hub"
        ended
        await "STOPPING" grep -q 'STOPPING=1' "$work/notified"
        grep -q 'EXTEND_TIMEOUT_USEC=[1-9]' "$work/notified" || fail "EXTEND_TIMEOUT_USEC"
        ok "the service manager is told READY, WATCHDOG, STATUS, RELOADING, STOPPING"
fi

# ---- no configuration at all ----

start bare --state-dir "$work/bare" --listen "unix:$work/bare.sock"
ready
took=$(sed -n 's/.* ready after \([0-9]*\) ms$/\1/p' "$log")
kill -TERM "$hub"
ended
[ "$status" -eq 0 ] || fail "without configuration: exit $status"
ok "it works without a configuration; ready after $took ms"
echo "daemon: $passed passed"
