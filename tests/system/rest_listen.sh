#!/bin/bash
# Where the hub listens, and what it refuses to listen on.
# SPDX-License-Identifier: Apache-2.0
# quick
. "$(dirname "$0")/../lib.sh"

# refused WHAT SETTING…: kanamed ends, and says so
refused() {
        local what=$1 dir=$TEST_DIR/refused status=0 said
        shift
        rm -rf "$dir"
        mkdir -p "$dir"
        printf 'state_dir = "%s/state";\n' "$dir" >"$dir/kanamed.conf"
        printf '%s\n' "$@" >>"$dir/kanamed.conf"
        said=$(timeout 20 "$BUILD/kanamed" -c "$dir/kanamed.conf" 2>&1) || status=$?
        [ $status -ne 0 ] && [ $status -ne 124 ] || fail "exit $status of: $*"
        check_match "$what" "$said" "what was said about: $*"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext 'subjectAltName=IP:127.0.0.1' -keyout "$TEST_DIR/key.pem" -out "$TEST_DIR/cert.pem" 2>/dev/null

test_case "a public address without TLS is refused"
refused '0.0.0.0:0.*TLS' 'listen = ( "0.0.0.0:0" );'
refused '::.*TLS' 'listen = ( "[::]:0" );'

test_case "addresses and certificates that are none are refused"
refused 'nohost:1' 'listen = ( "nohost:1" );'
refused '127.0.0.1' 'listen = ( "127.0.0.1" );'
refused 'absolute' 'listen = ( "unix:relative" );'
refused 'missing.pem' 'listen = ( "127.0.0.1:0" );' "tls = { cert = \"$TEST_DIR/missing.pem\"; key = \"$TEST_DIR/key.pem\"; };"

test_case "a port that is taken is named"
start_hub "$TEST_DIR/first"
taken=${KANAME_URL#http://}
refused "$taken.*listens there" "listen = ( \"$taken\" );"

test_case "the socket of a dead hub is taken over, that of a living one is not"
socket=$KANAME_SOCKET
refused 'listens there' "listen = ( \"unix:$socket\" );"
kill_hub "$TEST_DIR/first"
check test -S "$socket"
start_hub "$TEST_DIR/first"
check_json "$(curl -s --unix-socket "$socket" http://hub/api/v1/user)" '.authentication.method == "peer" and .role == "admin"'
check_equal 401 "$(curl -s -o /dev/null -w '%{http_code}' "$KANAME_URL/api/v1/user")" "the same over TCP"
stop_hub "$TEST_DIR/first"
check_fails test -e "$socket"

test_case "TLS: every TCP listener speaks it, and nothing else"
port=$(free_port)
mkdir -p "$TEST_DIR/tls"
cat >"$TEST_DIR/tls/kanamed.conf" <<END
listen = ( "127.0.0.1:$port", "unix:$TEST_DIR/tls/sock" );
state_dir = "$TEST_DIR/tls/state";
tls = { cert = "$TEST_DIR/cert.pem"; key = "$TEST_DIR/key.pem"; };
END
spawn tls "$BUILD/kanamed" -c "$TEST_DIR/tls/kanamed.conf"
secure() { curl -s --max-time 10 --cacert "$TEST_DIR/cert.pem" "$@"; }
check wait_until secure -f "https://127.0.0.1:$port/readyz"
token=$(cat "$TEST_DIR/tls/state/admin-token")
check_json "$(secure -H "X-Auth-Token: $token" "https://127.0.0.1:$port/api/v1/user")" '.role == "admin"'
check_json "$(secure -H "X-Auth-Token: $token" -H 'Content-Type: application/json' -H 'Prefer: wait=10' \
        -d '{"action": "core.noop"}' "https://127.0.0.1:$port/api/v1/executions")" '.status == "succeeded"'
check_fails curl -sf --max-time 5 "http://127.0.0.1:$port/healthz"
check_fails secure --tls-max 1.1 "https://127.0.0.1:$port/healthz"
check_match '^: ping' "$(secure --max-time 2 -N -H "X-Auth-Token: $token" "https://127.0.0.1:$port/v1/stream" || true)" "the stream's beat"

test_case "a stopping hub answers who waits, and ends in time"
KANAME_SOCKET=$TEST_DIR/tls/sock
curl -s --max-time 30 --unix-socket "$KANAME_SOCKET" -H 'Content-Type: application/json' -H 'Prefer: wait=60' \
        -d '{"action": "core.pause", "parameters": {"max_pause": 3}}' http://hub/api/v1/executions >"$TEST_DIR/waiting" &
waiting=$!
stream_ended() { ! kill -0 $waiting 2>/dev/null; }
wait_until grep -q running <<<"$(curl -s --unix-socket "$KANAME_SOCKET" http://hub/api/v1/executions)"
began=$SECONDS
check end_process tls
[ $((SECONDS - began)) -lt 15 ] || fail "it took $((SECONDS - began)) s to stop"
check wait_until stream_ended
check_json "$(cat "$TEST_DIR/waiting")" '.id and .status'
