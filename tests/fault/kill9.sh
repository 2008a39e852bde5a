#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill9.sh [CYCLES]: kill -9 the hub at random instants under load with at least 20 executions in
# flight, start it again, and hold its store to what was seen outside: the numbers answered with 2xx
# and a counter that the executions themselves wrote. Last line: accepted N lost N duplicate N integrity N.
set -euo pipefail
cycles=${1:-200}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-kill9.XXXXXX")
hub= load=
finish() {
        [ -z "$load" ] || kill "$load" 2>/dev/null || true
        [ -z "$hub" ] || kill -9 "$hub" 2>/dev/null || true
        [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/packs/kill9/rules" "$work/packs/kill9/actions"
cat >"$work/packs/kill9/pack.yaml" <<END
name: kill9
version: 1.0.0
description: What the kill -9 test runs
author: Kaname
email: kaname@example.test
END
# Each start leaves its execution's id outside the hub; running twice does no harm, and is declared.
cat >"$work/count" <<END
#!/bin/sh
echo "\$KANAME_IDEMPOTENCY_KEY" >>"$work/counter"
sleep 0.2
END
chmod +x "$work/count"
cat >"$work/packs/kill9/actions/count.yaml" <<END
name: count
runner_type: local-shell-cmd
description: Count a start, then take a moment
idempotent: true
parameters:
  argv:
    default: ["$work/count"]
END
cat >"$work/packs/kill9/rules/count.yaml" <<END
name: count
enabled: true
limit_per_minute: 0
trigger:
  type: core.st2.webhook
  parameters:
    url: count
action:
  ref: kill9.count
END
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
cat >"$work/kanamed.conf" <<END
listen = ( "127.0.0.1:$port" );
state_dir = "$work/state";
plugin_path = ( );
pack_path = ( "$work/packs" );
running_max = 48;
END
touch "$work/acks" "$work/counter"

up() {
        "$build/kanamed" -c "$work/kanamed.conf" 2>>"$work/log" &
        hub=$!
        local tries=0
        until curl -sf -o /dev/null "http://127.0.0.1:$port/readyz"; do
                kill -0 "$hub" 2>/dev/null && [ $((tries += 1)) -lt 1000 ] || { tail -5 "$work/log" >&2; exit 1; }
                sleep 0.01
        done
}
in_flight() {
        curl -sf -H "Authorization: Bearer $(cat "$work/state/admin-token")" "http://127.0.0.1:$port/metrics" |
                awk '$1 == "kaname_executions_running" { print $2 }'
}

up
token=$(cat "$work/state/admin-token")
"$build/tests/load/load" --port "$port" --path /api/v1/webhooks/count --token "$token" --connections 16 \
        --rate 200 --acks "$work/acks" --retry '{"n":%N}' >"$work/load.out" 2>&1 &
load=$!

busy=0 thin=0
for ((i = 1; i <= cycles; i++)); do
        tries=0
        until n=$(in_flight) && [ "${n:-0}" -ge 20 ]; do
                [ $((tries += 1)) -lt 500 ] || break
                sleep 0.01
        done
        [ "${n:-0}" -ge 20 ] && busy=$((busy + 1)) || thin=$((thin + 1))
        sleep "0.$(printf '%03d' $((RANDOM % 200)))"
        kill -9 "$hub"
        wait "$hub" 2>/dev/null || true
        up
        [ $((i % 20)) -ne 0 ] || echo "$i kills, $(wc -l <"$work/acks") accepted, $(wc -l <"$work/counter") started"
done
kill "$load"
wait "$load" 2>/dev/null || true
load=

tries=0
until [ "$(curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/metrics" |
        awk '/^kaname_executions_(running|queued|delayed) / { n += $2 } END { print n }')" = 0 ]; do
        [ $((tries += 1)) -lt 1200 ] || { echo "the queue does not drain" >&2; exit 1; }
        sleep 0.1
done
kill "$hub"
wait "$hub" 2>/dev/null || true
hub=
echo "$busy of $cycles kills with 20 or more in flight"
[ "$thin" = 0 ] || echo "note: $thin kills with fewer"
"$build/tests/fault/check" "$work/state/store.db" "$work/acks" "$work/counter"
