#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From nothing to a drained server: install what is needed, build, start a hub on its defaults with a
# real BIND and a real HAProxy beside it, send an alert, show what it changed, and undo it.
#
#   ./examples/quickstart.sh          the hub stays up until Ctrl-C
#   ./examples/quickstart.sh --once   ends after the demonstration
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
once=
case ${1:-} in
--once) once=1 ;;
"") ;;
*)
        echo "usage: examples/quickstart.sh [--once]" >&2
        exit 2
        ;;
esac

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() {
        printf '$ %s\n' "$*"
        "$@"
}

step "Install and build"
./packaging/install-packages.sh build demo
./packaging/build.sh build
PATH=$top/build:$PATH

work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-quickstart.XXXXXX")
finish() {
        [ -z "${hub:-}" ] || { kill "$hub" && wait "$hub"; } 2>/dev/null || true
        ./tests/servers/haproxy.sh stop "$work/haproxy" >/dev/null 2>&1 || true
        ./tests/servers/bind.sh stop "$work/bind" >/dev/null 2>&1 || true
        rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

step "Start BIND with the zone example.test and HAProxy with two servers"
eval "$(./tests/servers/bind.sh start "$work/bind" example.test)"
eval "$(./tests/servers/haproxy.sh start "$work/haproxy" app=web1,web2)"
(umask 077 && printf '%s' "$BIND_KEY_SECRET" >"$work/tsig.key")
printf 'server %s %s\nzone example.test\nupdate add web1.example.test 60 A 192.0.2.11\nupdate add web2.example.test 60 A 192.0.2.12\nsend\n' \
        "${BIND_SERVER%:*}" "${BIND_SERVER##*:}" | nsupdate -y "hmac-sha256:$BIND_KEY_NAME:$BIND_KEY_SECRET"

step "Start the hub"
cat >"$work/kanamed.conf" <<END
listen = ( "127.0.0.1:${KANAME_PORT:-8470}", "unix:$work/kanamed.sock" );
state_dir = "$work/state";
plugin_path = ( "$top/build/plugins" );
contract_path = ( "$top/plugins" );
pack_path = ( "$top/examples/quickstart" );
instances = (
  { name = "corp-dns"; plugin = "rfc2136"; scope = "example.test";
    config = { server = "$BIND_SERVER"; key_name = "$BIND_KEY_NAME"; secret = { file = "$work/tsig.key" }; }; },
  { name = "edge-lb"; plugin = "haproxy"; scope = "*";
    config = { socket = "$HAPROXY_SOCKET"; }; }
);
END
export KANAME_SOCKET=$work/kanamed.sock
kanamed -c "$work/kanamed.conf" 2>"$work/kanamed.log" &
hub=$!
until kaname status >/dev/null 2>&1; do
        kill -0 "$hub" 2>/dev/null || { cat "$work/kanamed.log" >&2; exit 1; }
        sleep 0.05
done
echo "listening on http://127.0.0.1:${KANAME_PORT:-8470}, log in $work/kanamed.log"

server_state() { echo "show servers state app" | socat - "UNIX-CONNECT:${HAPROXY_SOCKET#unix:}" |
        awk '$4 ~ /^web/ { print $4, ($7 == 0 ? "ready" : "drained") }'; }
address_of() { dig +short "@${BIND_SERVER%:*}" -p "${BIND_SERVER##*:}" "$1.example.test" A; }

step "Before: both servers serve, both have a record"
server_state
echo "web2.example.test is $(address_of web2)"

step "An alert arrives: web2 is failing"
cat >"$work/alert.json" <<'END'
{ "version": "4", "status": "firing", "receiver": "kaname",
  "commonLabels": { "alertname": "ServerFailing", "pool": "app", "server": "web2", "severity": "critical" },
  "alerts": [ { "status": "firing", "labels": { "server": "web2" }, "fingerprint": "a1681abfabc78c55" } ] }
END
curl -sS -o /dev/null -w 'HTTP %{http_code}\n' --unix-socket "$KANAME_SOCKET" -H 'Content-Type: application/json' \
        --data @"$work/alert.json" http://localhost/api/v1/webhooks/alerts

until [ -z "$(address_of web2)" ]; do
        [ $((tries=${tries:-0} + 1)) -lt 200 ] || { kaname execution list; exit 1; }
        sleep 0.05
done

step "After: web2 is drained, then its record is gone"
server_state
echo "web2.example.test is $(address_of web2 || true)"
[ "$(server_state | grep web2)" = "web2 drained" ]

step "The ledger"
show kaname change list
event=$(kaname event list -o json | jq -r '[.[] | select(.trigger == "core.st2.webhook")][0].id')

step "Undo everything that the alert caused, last first"
show kaname undo "$event"
server_state
echo "web2.example.test is $(address_of web2)"
[ "$(server_state | grep web2)" = "web2 ready" ] && [ "$(address_of web2)" = 192.0.2.12 ]

step "Undone changes stay in the ledger"
show kaname change list

[ -z "$once" ] || exit 0
cat <<END

The hub goes on. In another terminal:
  export KANAME_SOCKET=$KANAME_SOCKET     # root and you are administrators on the socket
  build/kaname status
or over HTTP, with the administrator's token:
  curl -H "Authorization: Bearer \$(cat $work/state/admin-token)" http://127.0.0.1:${KANAME_PORT:-8470}/api/v1/status
Ctrl-C stops it and removes everything.
END
wait "$hub"
