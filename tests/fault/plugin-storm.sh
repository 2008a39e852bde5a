#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# plugin-storm.sh [CRASHES]: a plugin crashes that many times in its host process while events flow at
# 50/s or more. The hub's process id must not change, nothing accepted may be lost, and the ingest's
# p99 may be at most twice that of the same calls without crashes (or 5 ms, whichever is more);
# LATENCY=no leaves that last one out, for machines that do other things meanwhile.
set -euo pipefail
crashes=${1:-1000}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-storm.XXXXXX")
hub= load=
finish() {
        [ -z "$load" ] || kill "$load" 2>/dev/null || true
        [ -z "$hub" ] || kill -9 "$hub" 2>/dev/null || true
        [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/plugins" "$work/packs/storm/rules"
cp "$build/tests/plugins/idle.so" "$build/tests/plugins/storm.so" "$work/plugins/"
printf 'name: stormy\nversion: 1.0.0\ndescription: Events beside a storm\nauthor: Kaname\nemail: k@example.test\n' \
        >"$work/packs/storm/pack.yaml"
cat >"$work/packs/storm/rules/idle.yaml" <<END
name: idle
enabled: true
limit_per_minute: 0
trigger:
  type: core.st2.webhook
  parameters:
    url: flow
action:
  ref: idle.noop
END
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
cat >"$work/kanamed.conf" <<END
listen = ( "127.0.0.1:$port" );
state_dir = "$work/state";
plugin_path = ( "$work/plugins" );
pack_path = ( "$work/packs" );
default_home = "host";
timeouts = { backoff_ms = 40; };
END
"$build/kanamed" -c "$work/kanamed.conf" 2>"$work/log" &
hub=$!
tries=0
until curl -sf -o /dev/null "http://127.0.0.1:$port/readyz"; do
        kill -0 "$hub" 2>/dev/null && [ $((tries += 1)) -lt 500 ] || { tail -5 "$work/log" >&2; exit 1; }
        sleep 0.02
done
token=$(cat "$work/state/admin-token")
api() { curl -sf -H "Authorization: Bearer $token" "$@"; }

# Events at 60/s, each with a number of its own.
flow=("$build/tests/load/load" --port "$port" --path /api/v1/webhooks/flow --token "$token" --connections 4
        --rate 60 --acks "$work/acks")
figure() { tr ' ' '\n' <<<"$1" | grep -A1 "^$2\$" | tail -1; }

# Calls of the plugin beside the flow, 20 a second: in the calm part they do nothing, in the storm they crash.
calls=("$build/tests/load/load" --port "$port" --path "/api/v1/executions" --token "$token" --connections 2
        --rate 20 --header "Prefer: wait=30")

"${calls[@]}" --seconds 20 '{"action":"storm.noop"}' >/dev/null &
load=$!
calm=$("${flow[@]}" --seconds 20 '{"n":%N}')
wait "$load"
load=
echo "calm:  $calm"

"${flow[@]}" --seconds 3600 --first 1000000 '{"n":%N}' >"$work/stormy" &
load=$!
began=$SECONDS
# A crash takes every call of its process with it, and some find none: go on until there were enough.
crashed() { api "http://127.0.0.1:$port/api/v1/plugins" | jq '[.[] | select(.name == "storm") | .home.crashes] | add // 0'; }
until counted=$(crashed) && [ "$counted" -ge "$crashes" ]; do
        [ $((SECONDS - began)) -lt 900 ] || { echo "only $counted crashes in 15 minutes" >&2; exit 1; }
        "${calls[@]}" --count $((crashes - counted + 1)) '{"action":"storm.crash"}' >"$work/crashes"
done
kill "$load"
wait "$load" || true
load=
stormy=$(cat "$work/stormy")
echo "storm: $stormy ($((SECONDS - began)) s)"

kill -0 "$hub" || { echo "the hub died" >&2; tail -5 "$work/log" >&2; exit 1; }
tries=0
until [ "$(api "http://127.0.0.1:$port/metrics" | awk '/^kaname_executions_(running|queued|delayed) / { n += $2 } END { print n }')" = 0 ]; do
        [ $((tries += 1)) -lt 600 ] || { echo "the queue does not drain" >&2; exit 1; }
        sleep 0.1
done
kill "$hub"
wait "$hub" || true
hub=
# What flowed did nothing outside: its counter is the executions themselves.
sqlite3 "$work/state/store.db" "SELECT lower(hex(id)) FROM execution WHERE event IS NOT NULL" >"$work/counter"
checked=$("$build/tests/fault/check" "$work/state/store.db" "$work/acks" "$work/counter") || { echo "$checked"; exit 1; }
calm99=$(figure "$calm" p99_ms) storm99=$(figure "$stormy" p99_ms)
echo "$checked"
echo "crashes $counted hub_restarts 0 p99_ms $calm99 -> $storm99"
[ "${LATENCY:-}" = no ] || awk -v a="$calm99" -v b="$storm99" 'BEGIN { limit = 2 * a > 5 ? 2 * a : 5; exit b > limit }' || {
        echo "the storm more than doubled the p99 of the ingest" >&2
        exit 1
}
