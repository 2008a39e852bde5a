# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the fault scripts: a hub in a folder of its own, started and killed as they please.
# Sets top, build, work, port, hub, load; what the script leaves in hub and load ends with it.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
"$top/tests/programs.sh" "$build" tests/load/load tests/fault/check tests/plugins/idle.so tests/plugins/storm.so
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-$(basename "$0" .sh).XXXXXX")
hub= load=
finish() {
        [ -z "$load" ] || kill "$load" 2>/dev/null || true
        [ -z "$hub" ] || kill -9 "$hub" 2>/dev/null || true
        [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap finish EXIT

# make_pack NAME: its folder with a pack.yaml; the rules go beside
make_pack() {
        mkdir -p "$work/packs/$1/rules" "$work/packs/$1/actions"
        printf 'name: %s\nversion: 1.0.0\ndescription: What the %s test runs\nauthor: Kaname\nemail: kaname@example.test\n' \
                "$1" "$1" >"$work/packs/$1/pack.yaml"
}

# make_rule PACK NAME WEBHOOK ACTION: a rule without a start limit
make_rule() {
        cat >"$work/packs/$1/rules/$2.yaml" <<END
name: $2
enabled: true
limit_per_minute: 0
trigger:
  type: core.st2.webhook
  parameters:
    url: $3
action:
  ref: $4
END
}

# make_config LINE…: with what the script sets besides
make_config() {
        port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
        printf '%s\n' "listen = ( \"127.0.0.1:$port\" );" "state_dir = \"$work/state\";" \
                "pack_path = ( \"$work/packs\" );" "$@" >"$work/kanamed.conf"
}

# up: the hub, ready when this returns
up() {
        local tries=0
        "$build/kanamed" -c "$work/kanamed.conf" 2>>"$work/log" &
        hub=$!
        until curl -sf -o /dev/null "http://127.0.0.1:$port/readyz"; do
                kill -0 "$hub" 2>/dev/null && [ $((tries += 1)) -lt 1000 ] || { tail -5 "$work/log" >&2; exit 1; }
                sleep 0.01
        done
        token=$(cat "$work/state/admin-token")
}

# api PATH [CURL ARGUMENT…]
api() {
        local path=$1
        shift
        curl -sf -H "Authorization: Bearer $token" "$@" "http://127.0.0.1:$port$path"
}

# executions STATUS…: how many there are
executions() {
        local statuses=$*
        api /metrics | awk -v re="^kaname_executions_(${statuses// /|}) " '$0 ~ re { n += $2 } END { print n + 0 }'
}

# down: when nothing is left to run
down() {
        local tries=0
        until [ "$(executions running waiting queued delayed)" = 0 ]; do
                [ $((tries += 1)) -lt 1200 ] || { echo "the queue does not drain" >&2; exit 1; }
                sleep 0.1
        done
        kill "$hub"
        wait "$hub" 2>/dev/null || true
        hub=
}

# end_load: the load generator in the background
end_load() {
        kill "$load"
        wait "$load" 2>/dev/null || true
        load=
}
