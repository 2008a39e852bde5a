#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill9.sh [CYCLES [workflows]]: kill -9 the hub at random instants under load with at least 20 executions in
# flight, start it again, and hold its store to what was seen outside: the numbers answered with 2xx
# and a counter that the executions themselves wrote. With "workflows" each event begins one of five
# tasks, three of them items of one. Last line: accepted N lost N duplicate N integrity N.
cycles=${1:-200} kind=${2:-actions}
. "$(dirname "$0")/common.sh"

make_pack kill9
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
action=kill9.count tasks= rate=200
if [ "$kind" = workflows ]; then
        action=kill9.flow tasks=5 rate=40
        mkdir "$work/packs/kill9/actions/workflows"
        printf 'name: flow\nrunner_type: orquesta\nentry_point: workflows/flow.yaml\nenabled: true\n' \
                >"$work/packs/kill9/actions/flow.yaml"
        cat >"$work/packs/kill9/actions/workflows/flow.yaml" <<END
version: 1.0
vars: [{left: [1, 2, 3]}]
tasks:
  first:
    action: kill9.count
    next: [{when: <% succeeded() %>, do: each}]
  each:
    with: <% ctx(left) %>
    action: kill9.count
    next: [{when: <% succeeded() %>, do: last}]
  last:
    action: kill9.count
END
fi
make_rule kill9 count count "$action"
make_config 'plugin_path = ( );' 'running_max = 48;'
touch "$work/acks" "$work/counter"

up
"$build/tests/load/load" --port "$port" --path /api/v1/webhooks/count --token "$token" --connections 16 \
        --rate "$rate" --acks "$work/acks" --retry '{"n":%N}' >"$work/load.out" 2>&1 &
load=$!

busy=0 thin=0
for ((i = 1; i <= cycles; i++)); do
        tries=0
        until n=$(executions running) && [ "${n:-0}" -ge 20 ]; do
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
end_load
down
[ -s "$work/acks" ] || {
        echo "nothing was accepted in all this time: $(tail -n 1 "$work/load.out")" >&2
        exit 1
}
echo "$busy of $cycles kills with 20 or more in flight"
[ "$thin" = 0 ] || echo "note: $thin kills with fewer"
"$build/tests/fault/check" "$work/state/store.db" "$work/acks" "$work/counter" $tasks
