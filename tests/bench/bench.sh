#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bench.sh: the figures of the design, a line each: name value unit against. Ratios are measured in one
# run, one after the other; each result is checked after its run, and a figure whose work was not
# really done is an error. Exits 1 when a figure is worse than its floor.
#
#   BUILD=dir      the build directory (build)        SECONDS_EACH=5    length of each load
#   MILLION=n      executions for *.million_* (1,000,000)
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
each=${SECONDS_EACH:-5}
million=${MILLION:-1000000}
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-bench.XXXXXX")
hub= bare= dns=
finish() {
        [ -z "$dns" ] || "$top/tests/servers/powerdns.sh" stop "$dns" 2>/dev/null || true
        [ -z "$hub" ] || kill -9 "$hub" 2>/dev/null || true
        [ -z "$bare" ] || kill "$bare" 2>/dev/null || true
        rm -rf "$work"
}
trap finish EXIT
worse=0

# figure NAME VALUE UNIT FLOOR(<=N or >=N) AGAINST
figure() {
        local ok
        ok=$(awk -v v="$2" -v f="${4#?=}" -v o="${4%%=*}" 'BEGIN { print (o == "<" ? v <= f : v >= f) }')
        printf '%-18s %10s %-8s %s%s\n' "$1" "$2" "$3" "$5" "$([ "$ok" = 1 ] || echo "   WORSE than the floor $4")"
        [ "$ok" = 1 ] || worse=1
}
word() { tr ' ' '\n' <<<"$1" | grep -A1 "^$2\$" | tail -1; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
now_ms() { date +%s%3N; }

mkdir -p "$work/plugins" "$work/packs/bench/rules"
cp "$build/tests/plugins/idle.so" "$build"/plugins/*/*.so "$work/plugins/"
printf 'name: bench\nversion: 1.0.0\ndescription: What the bench runs\nauthor: Kaname\nemail: k@example.test\n' \
        >"$work/packs/bench/pack.yaml"
cat >"$work/packs/bench/rules/noop.yaml" <<END
name: noop
enabled: true
limit_per_minute: 0
trigger:
  type: core.st2.webhook
  parameters:
    url: bench
criteria:
  trigger.body.kind:
    type: equals
    pattern: bench
action:
  ref: core.noop
END
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')

# up STATE [setting…]: start a hub; boot_ms is exec to /readyz
up() {
        local state=$1 began tries=0
        shift
        printf 'listen = ( "127.0.0.1:%s" );\nstate_dir = "%s";\nplugin_path = ( "%s" );\ncontract_path = ( "%s" );\npack_path = ( "%s" );\n' \
                "$port" "$state" "$work/plugins" "$top/plugins" "$work/packs" >"$work/kanamed.conf"
        # The kernel tells of a hub's memory only where the hub lets itself be looked into.
        printf '%s\n' 'core_dumps = true;' "$@" >>"$work/kanamed.conf"
        began=$(now_ms)
        "$build/kanamed" -c "$work/kanamed.conf" 2>>"$work/log" &
        hub=$!
        until curl -sf -o /dev/null "http://127.0.0.1:$port/readyz"; do
                kill -0 "$hub" 2>/dev/null && [ $((tries += 1)) -lt 5000 ] || { tail -5 "$work/log" >&2; exit 1; }
        done
        boot_ms=$(($(now_ms) - began))
        token=$(cat "$state/admin-token")
}
down() {
        kill "$hub"
        wait "$hub" || true
        hub=
}
load() { "$build/tests/load/load" --port "$port" --token "$token" "$@"; }
metric() { curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/metrics" | awk -v m="$1" '$1 == m { print $2 }'; }
# Wait until nothing runs or waits; then what the hub counted must be what was asked of it.
settle() {
        local tries=0
        until [ "$(curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/metrics" |
                awk '/^kaname_executions_(running|waiting|queued|delayed) / { n += $2 } END { print n }')" = 0 ]; do
                [ $((tries += 1)) -lt 3000 ] || { echo "bench: the queue does not drain" >&2; exit 1; }
                sleep 0.02
        done
}
must_equal() { [ "$1" = "$2" ] || { echo "bench: $3: $1 is not $2" >&2; exit 1; }; }
pss_mib() {
        local pids
        pids="$hub $(pgrep -P "$hub" | tr '\n' ' ')"
        for pid in $pids; do awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || true; done |
                awk '{ n += $1 } END { printf "%.1f", n / 1024 }'
}

# ---- start ----
for i in 1 2 3 4 5; do
        up "$work/empty$i"
        echo "$boot_ms"
        [ "$i" = 5 ] || down
done >"$work/boots"
figure ready.empty_ms "$(sort -n "$work/boots" | sed -n 3p)" ms "<=300" "exec to /readyz, empty store, median of 5"
sleep 1
figure rss.idle_mib "$(pss_mib)" MiB "<=60" "PSS of kanamed and its hosts, idle, with every shipped plugin"

# ---- accept, against a bare handler ----
pad=$(printf 'x%.0s' $(seq 330))
body="{\"kind\":\"bench\",\"n\":%N,\"pad\":\"$pad\"}"
mkfifo "$work/stdin"
"$build/tests/bench/bare" <"$work/stdin" >"$work/bare.port" &
bare=$!
exec 9>"$work/stdin"
until [ -s "$work/bare.port" ]; do :; done
against=$("$build/tests/load/load" --port "$(cat "$work/bare.port")" --path /x --token "$token" --seconds "$each" "$body")
exec 9>&-
wait "$bare" || true
bare=
got=$(load --path /api/v1/webhooks/bench --seconds "$each" "$body")
settle
must_equal "$(metric kaname_events_total)" "$(word "$got" acked)" "events accepted"
must_equal "$(metric 'kaname_executions_finished_total{status="succeeded"}')" "$(word "$got" acked)" "executions that ended"
figure accept.ratio "$(ratio "$(word "$got" per_s)" "$(word "$against" per_s)")" ratio ">=0.10" \
        "$(word "$got" per_s)/s durable, bare handler $(word "$against" per_s)/s"
figure accept.p99_ms "$(word "$got" p99_ms)" ms "<=100" "64 connections"
down

# ---- batch ----
up "$work/batch"
event='{"specversion":"1.0","id":"%N","source":"bench","type":"bench.unheard","data":{"kind":"bench","pad":"0123456789"}}'
got=$(load --path /api/v1/events --connections 8 --batch 100 --seconds "$each" "$event")
must_equal "$(metric kaname_events_total)" "$(($(word "$got" acked) * 100))" "events of batches"
figure batch.events_per_s "$(($(word "$got" per_s) * 100))" events/s ">=15000" "CloudEvents, 100 a batch, no rule matches"
down

# ---- event to start, idle ----
up "$work/start"
load --path /api/v1/webhooks/bench --connections 1 --rate 200 --count 1000 '{"kind":"bench","n":%N}' >/dev/null
settle
quantile() {
        curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/metrics" |
                sed -n 's/^kaname_start_seconds_bucket{le="\([^"]*\)"} \(.*\)/\1 \2/p' |
                awk -v q="$1" '{ le[NR] = $1; n[NR] = $2 } END { for (i = 1; i <= NR; i++) if (n[i] >= q * n[NR]) {
                        low = i > 1 ? le[i-1] : 0; seen = i > 1 ? n[i-1] : 0
                        printf "%.2f", 1000 * (low + (le[i] - low) * (q * n[NR] - seen) / (n[i] - seen)); exit } }'
}
figure start.p50_ms "$(quantile 0.5)" ms "<=10" "event read to action started, 200/s"
figure start.p99_ms "$(quantile 0.99)" ms "<=100" "the same"
down

# ---- no-op plugin calls: request to recorded result ----
for home in core host; do
        up "$work/noop-$home" "$([ $home = host ] && echo 'default_home = "host";' || true)"
        [ $home = host ] || curl -sf -o /dev/null -X POST -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/v1/plugins/idle/trust"
        load --path /api/v1/executions --count 200 '{"action":"idle.noop"}' >/dev/null
        settle
        homes=$(curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/v1/plugins" | jq -r '.[] | select(.name == "idle") | .home.home')
        must_equal "$homes" "$home" "the plugin's home"
        before=$(metric 'kaname_executions_finished_total{status="succeeded"}')
        began=$(now_ms)
        got=$(load --path /api/v1/executions --seconds "$each" '{"action":"idle.noop"}')
        settle
        took=$(($(now_ms) - began))
        must_equal "$(($(metric 'kaname_executions_finished_total{status="succeeded"}') - before))" "$(word "$got" acked)" "no-op results"
        figure "noop.${home}_per_s" "$(($(word "$got" acked) * 1000 / took))" runs/s ">=$([ $home = core ] && echo 2000 || echo 1000)" \
                "request to recorded result, 64 connections"
        down
done

# ---- workflows ----
mkdir -p "$work/packs/bench/actions/workflows"
# flow_action NAME: its definition comes on standard input
flow_action() {
        printf 'name: %s\nrunner_type: orquesta\nentry_point: workflows/%s.yaml\nenabled: true\nparameters: {n: {type: array, default: []}}\n' \
                "$1" "$1" >"$work/packs/bench/actions/$1.yaml"
        cat >"$work/packs/bench/actions/workflows/$1.yaml"
}
for n in 10 100 1000; do
        {
                echo 'version: 1.0'
                echo 'tasks:'
                for ((i = 1; i <= n; i++)); do
                        echo "  t$i: {action: core.noop$([ "$i" = "$n" ] || echo ", next: [{when: <% succeeded() %>, do: t$((i + 1))}]")}"
                done
        } | flow_action "chain$n"
        printf 'version: 1.0\ninput: [n]\ntasks:\n  all:\n    with: {items: <%% ctx(n) %%>, concurrency: 10}\n    action: bench.chain%s\n' "$n" |
                flow_action "chains$n"
done
printf 'version: 1.0\ninput: [n]\ntasks:\n  all:\n    with: <%% ctx(n) %%>\n    action: core.noop\n' | flow_action items

# flow_ms ACTION ITEMS TASKS: run it once with a list of so many items; how long it took, by its record
flow_ms() {
        local id before
        before=$(metric 'kaname_executions_finished_total{status="succeeded"}')
        id=$(jq -nc --arg a "bench.$1" --argjson n "$2" '{action: $a, parameters: {n: [range($n)]}}' |
                curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -H 'Prefer: wait=300' --data @- \
                        "http://127.0.0.1:$port/api/v1/executions" | jq -r .id)
        settle
        must_equal "$(($(metric 'kaname_executions_finished_total{status="succeeded"}') - before))" "$3" "$1 with $2 items"
        curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/v1/executions/$id" | jq '.elapsed_seconds * 1000'
}
up "$work/flow"
flow_ms chain10 0 11 >/dev/null
for i in $(seq 21); do flow_ms chain10 0 11; done >"$work/flow10"
figure flow.overhead_ms "$(sort -n "$work/flow10" | sed -n 11p)" ms "<=100" "10 no-op tasks in a row, start to end, median of 21"
for n in 10 100 1000; do
        ms=$(flow_ms "chains$n" $((10000 / n)) $((10000 / n * (n + 1) + 1)))
        declare "chain_$n=$ms"
        figure flow.tasks_per_s "$(awk -v ms="$ms" 'BEGIN { printf "%d", 10000000 / ms }')" tasks/s ">=100" \
                "10,000 no-op tasks, durable, in chains of $n, ten at once"
done
figure flow.scale_ratio "$(ratio "$chain_1000" "$chain_10")" ratio "<=2" "time of a task in chains of 1,000 over chains of 10"
for i in $(seq 11); do flow_ms items 10 11; done >"$work/items10"
ms=$(flow_ms items 10000 10001)
figure with.scale_ratio "$(ratio "$ms" "$(($(sort -n "$work/items10" | sed -n 6p | cut -d. -f1) * 1000))")" ratio "<=2" \
        "time of an item, 10,000 items over 10; $(awk -v ms="$ms" 'BEGIN { printf "%d", 10000000 / ms }') items/s"
down

# ---- a contract's action on a real system ----
dns=$work/powerdns
facts=$("$top/tests/servers/powerdns.sh" start "$dns" bench.test)
eval "$facts"
(umask 077 && printf '%s' "$POWERDNS_API_KEY" >"$work/dns.key")
records=$POWERDNS_URL/api/v1/servers/localhost/zones/bench.test.
curl -sf -X PATCH -H "X-API-Key: $POWERDNS_API_KEY" "$records" -d '{"rrsets": [{"name": "www.bench.test.", "type": "A",
        "ttl": 60, "changetype": "REPLACE", "records": [{"content": "192.0.2.77", "disabled": false}]}]}'
for home in core host; do
        up "$work/domain-$home" "instances = ( { name = \"dns\"; plugin = \"powerdns\"; scope = \"bench.test\"; home = \"$home\";
                config = { url = \"$POWERDNS_URL\"; api_key = { file = \"$work/dns.key\"; }; }; } );"
        got=$("$build/tests/bench/domain_bench" 500 192.0.2.77 "$records?rrset_name=www.bench.test.&rrset_type=A" \
                "X-API-Key: $POWERDNS_API_KEY" "http://127.0.0.1:$port/api/v1/executions" "Authorization: Bearer $token" \
                '{"action": "dns.record.lookup", "parameters": {"zone": "bench.test", "name": "www", "type": "A"}}')
        settle
        must_equal "$(metric 'kaname_executions_finished_total{status="succeeded"}')" 520 "look-ups that succeeded"
        figure domain.call_overhead_us "$(($(word "$got" hub_us) - $(word "$got" bare_us)))" us "<=5000" \
                "dns.record.lookup on PowerDNS through the hub, plugin in $home: $(word "$got" hub_us) us, by libcurl alone $(word "$got" bare_us) us"
        down
done
"$top/tests/servers/powerdns.sh" stop "$dns"
dns=

# ---- parts that are programs ----
for program in hostcall rules expr; do
        [ -x "$build/tests/bench/${program}_bench" ] || continue
        TOP_SRCDIR=$top "$build/tests/bench/${program}_bench" >"$work/$program"
        while read -r name value unit against; do
                case $name in
                hostcall.ratio) figure "$name" "$value" "$unit" "<=3" "$against" ;;
                expr.*) figure "$name" "$value" "$unit" ">=5" "$against" ;;
                rules.scale_ratio) figure "$name" "$value" "$unit" "<=10" "$against" ;;
                *) printf '%-18s %10s %-8s %s\n' "$name" "$value" "$unit" "$against" ;;
                esac
        done <"$work/$program"
done

# ---- a million ----
mkdir -p "$work/million" "$work/queued"
"$build/tests/bench/fill" "$work/million" "$million" done
up "$work/million"
figure ready.million_ms "$boot_ms" ms "<=3000" "exec to /readyz, $million executions stored"
down
rm -rf "$work/million"
"$build/tests/bench/fill" "$work/queued" "$million" queued
sqlite3 "$work/queued/store.db" "INSERT INTO doc(seq, kind, name, body, changed_ms) SELECT value + 1, 'setting', 'pause', '{}', 0 FROM counter WHERE name = 100"
up "$work/queued"
sleep 1
must_equal "$(metric kaname_executions_queued)" "$million" "executions queued"
figure rss.million_mib "$(pss_mib)" MiB "<=128" "the same with $million executions queued"
down

# ---- an author's first plugin ----
began=$(now_ms)
(cd "$work" && export KANAME_SDK=$top/sdk PATH=$build:$PATH && kaname plugin new bench-first >/dev/null 2>&1 &&
        cd bench-first && make -s >/dev/null && kaname plugin run ./*.so "$(kaname plugin inspect ./*.so -o json | jq -r '.actions[0].name')" >/dev/null)
figure author.seconds "$(awk -v ms=$(($(now_ms) - began)) 'BEGIN { printf "%.1f", ms / 1000 }')" s "<=60" "kaname plugin new, make, run"
figure author.lines "$(grep -cv '^ *$\|^/\*\|^ \*' "$work"/bench-first/*.c | head -1)" lines "<=20" "of C in it"
exit $worse
