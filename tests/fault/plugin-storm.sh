#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# plugin-storm.sh [CRASHES]: a plugin crashes that many times in its host process while events flow at
# 50/s or more. The hub's process id must not change, nothing accepted may be lost, and the ingest's
# p99 may be at most twice that of the same calls without crashes (or 5 ms, whichever is more);
# LATENCY=no leaves that last one out, for machines that do other things meanwhile.
crashes=${1:-1000}
. "$(dirname "$0")/common.sh"

mkdir -p "$work/plugins"
cp "$build/tests/plugins/idle.so" "$build/tests/plugins/storm.so" "$work/plugins/"
make_pack stormy
make_rule stormy idle flow idle.noop
make_config "plugin_path = ( \"$work/plugins\" );" 'default_home = "host";' 'timeouts = { backoff_ms = 40; };'
up

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
crashed() { api /api/v1/plugins | jq '[.[] | select(.name == "storm") | .home.crashes] | add // 0'; }
until counted=$(crashed) && [ "$counted" -ge "$crashes" ]; do
        [ $((SECONDS - began)) -lt 900 ] || { echo "only $counted crashes in 15 minutes" >&2; exit 1; }
        "${calls[@]}" --count $((crashes - counted + 1)) '{"action":"storm.crash"}' >"$work/crashes"
done
end_load
stormy=$(cat "$work/stormy")
echo "storm: $stormy ($((SECONDS - began)) s)"

kill -0 "$hub" || { echo "the hub died" >&2; tail -5 "$work/log" >&2; exit 1; }
down
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
