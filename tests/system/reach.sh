#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# What plugins reach, in both homes: through the http door with certificates and proxies, and by themselves as far
# as their sandbox was widened by what they declare.
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR"
mkdir plugins own
# build NAME FLAGS FILES
build() {
        cc -shared -fPIC -fvisibility=hidden -I"$TOP/sdk/include" -DNAME="\"$1\"" -DFLAGS="$2" -DFILES="$3" \
                -o "plugins/$1.so" "$TOP/tests/plugins/reach.c"
}
echo secret >own/read
echo secret >own/other
build closed 0 '""'
build files 0 "\"{\\\"path\\\": \\\"$TEST_DIR/own/read\\\"}, {\\\"path\\\": \\\"$TEST_DIR/own/written\\\", \\\"write\\\": true}\""
build sockets KN_OWN_SOCKETS '""'
: >own/written

# ---- servers ----

quiet() { "$@" 2>/dev/null; }
quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=Test CA" -keyout ca.key -out ca.pem
# certificate NAME SAN
certificate() {
        quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
        quiet openssl x509 -req -days 2 -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$1.pem" \
                -extfile <(echo "subjectAltName=$2")
}
certificate server DNS:localhost
certificate client DNS:hub
read -r tls_port mutual_port <<<"$(free_port 2)"
spawn tls openssl s_server -quiet -www -accept "127.0.0.1:$tls_port" -cert server.pem -key server.key
spawn mutual openssl s_server -quiet -www -accept "127.0.0.1:$mutual_port" -cert server.pem -key server.key \
        -CAfile ca.pem -Verify 1 -verify_return_error
spawn proxy "$TOP/tests/tools/proxy.pl" "$TEST_DIR/asked"
wait_until test -s proxy.log
proxy=http://127.0.0.1:$(head -1 proxy.log)
: >asked

# instance NAME PLUGIN HOME TLS
instance() {
        echo "{ name = \"$1-$3\"; plugin = \"$2\"; home = \"$3\"; config = { tls = { $4 }; };" \
                "egress = ( \"localhost:*\", \"127.0.0.1:*\", \"elsewhere.test:*\" ); }"
}
instances=
for home in core host; do
        for line in "plain closed $home" "ca closed $home ca=\"$TEST_DIR/ca.pem\";" \
                "cert closed $home ca=\"$TEST_DIR/ca.pem\";cert=\"$TEST_DIR/client.pem\";key=\"$TEST_DIR/client.key\";" \
                "blind closed $home verify=false;" "files files $home" "sockets sockets $home"; do
                read -r name plugin where tls <<<"$line"
                instances+="${instances:+, }$(instance "$name" "$plugin" "$where" "$tls")"
        done
done
mkdir hub
cat >hub/kanamed.conf <<END
listen = ( "127.0.0.1:$(free_port)", "unix:$TEST_DIR/hub/kanamed.sock" );
state_dir = "$TEST_DIR/hub/state";
plugin_path = ( "$TEST_DIR/plugins" );
pack_path = ();
instances = ( $instances );
END
http_proxy=$proxy https_proxy=$proxy no_proxy=127.0.0.1,localhost start_hub "$TEST_DIR/hub"
for plugin in closed files sockets; do check kaname plugin trust $plugin; done

# ask INSTANCE ACTION KEY VALUE: the finished execution
ask() {
        local plugin=closed
        case $1 in files-* | sockets-*) plugin=${1%-*} ;; esac
        run_action "$plugin.$2" "$(jq -cn --arg i "$1" --arg k "$3" --argjson v "$4" '{instance: $i, ($k): $v}')"
}
fetch() { ask "$1" fetch url "\"$2\""; }
said() { jq -r '.result.said // .result.error // .result' <<<"$1"; }
passes() { check_json "$(fetch "$1" "$2")" '.status == "succeeded" and .result.status == 200' "$1 $2"; }
fails() {
        local e
        e=$(fetch "$1" "$2")
        check_json "$e" '.status == "failed"' "$1 $2"
        check_match "$3" "$(said "$e")" "$1 $2"
}

for home in core host; do
        test_case "it lives there ($home)"
        check_equal "$home" "$(api POST "/api/v1/instances/plain-$home/check" '{}' | jq -r .home)"

        test_case "a certificate is believed by its CA and for its name only ($home)"
        fails "plain-$home" "https://localhost:$tls_port/" '[Cc]ertificate'
        passes "ca-$home" "https://localhost:$tls_port/"
        fails "ca-$home" "https://127.0.0.1:$tls_port/" '[Cc]ertificate'

        test_case "a server that asks who we are is told by the client certificate ($home)"
        fails "ca-$home" "https://localhost:$mutual_port/" .
        passes "cert-$home" "https://localhost:$mutual_port/"

        test_case "verify = false lets everybody pass, and the log warns ($home)"
        passes "blind-$home" "https://127.0.0.1:$tls_port/"
        check grep -q "instance 'blind-$home' does not check with whom it speaks TLS" hub.log

        test_case "the proxy of the environment is used, but for no_proxy ($home)"
        : >asked
        check_json "$(fetch "plain-$home" http://elsewhere.test/over-there)" '.result.length == 9'
        check_equal "GET http://elsewhere.test/over-there HTTP/1.1" "$(cat asked)"
        fails "plain-$home" http://other.test/ 'not on the egress list'
        check_equal 1 "$(wc -l <asked)" "requests that the proxy saw"
        fails "plain-$home" https://elsewhere.test/ .
        check_equal "CONNECT elsewhere.test:443 HTTP/1.1" "$(tail -1 asked)"

        test_case "nothing secret of a URL is in an error ($home)"
        e=$(fetch "plain-$home" "http://eva:hunter2@127.0.0.1:1/s3cretX?token=s3cretX")
        check_match 'GET http://127.0.0.1:1/: ' "$(said "$e")"
        check_fails grep -qE 'hunter2|s3cretX' <<<"$(jq -c .result <<<"$e")"
        e=$(fetch "plain-$home" "ftp://eva:hunter2@127.0.0.1/path?token=s3cretX")
        check_match 'is no http or https URL' "$(said "$e")"
        check_fails grep -qE 'hunter2|s3cretX' <<<"$(jq -c .result <<<"$e")"
        check_fails grep -qE 'hunter2|s3cretX' hub.log
done

# sandboxed LAYER: is it in force in the processes of this hub?
sandboxed() { kaname status -o json | jq -e --arg l "$1" '[.. | .sandbox? // empty | objects] | any(.[$l] | tostring | test("^(on|abi)"))' >/dev/null; }

test_case "in the core a plugin reaches what the hub does"
check_equal done "$(said "$(ask plain-core look path "\"$TEST_DIR/own/other\"")")"
check_equal done "$(said "$(ask plain-core call port "$tls_port")")"

test_case "in its own process it has no socket, and no file but the system's"
if ! sandboxed seccomp; then skip "no seccomp here"; else
        check_equal "Operation not permitted" "$(said "$(ask plain-host call port "$tls_port")")"
        check_equal "Operation not permitted" "$(said "$(ask plain-host scribble path "\"$TEST_DIR/own/new\"")")"
fi
if sandboxed landlock; then
        check_equal "Permission denied" "$(said "$(ask plain-host look path "\"$TEST_DIR/own/other\"")")"
fi

test_case "access.files opens the files that are named, each as it says, and no other"
check_equal done "$(said "$(ask files-host look path "\"$TEST_DIR/own/read\"")")"
check_equal done "$(said "$(ask files-host scribble path "\"$TEST_DIR/own/written\"")")"
check_equal x "$(cat own/written)"
if sandboxed landlock; then
        check_equal "Permission denied" "$(said "$(ask files-host scribble path "\"$TEST_DIR/own/read\"")")"
        check_equal "Permission denied" "$(said "$(ask files-host look path "\"$TEST_DIR/own/other\"")")"
fi
if sandboxed seccomp; then
        check_equal "Operation not permitted" "$(said "$(ask files-host call port "$tls_port")")"
fi

test_case "KN_OWN_SOCKETS opens connections, shown as the wider sandbox that it is"
check_equal done "$(said "$(ask sockets-host call port "$tls_port")")"
if sandboxed seccomp; then
        check_equal "Operation not permitted" "$(said "$(ask sockets-host scribble path "\"$TEST_DIR/own/new\"")")"
fi
if sandboxed landlock; then
        check_equal "Permission denied" "$(said "$(ask sockets-host look path "\"$TEST_DIR/own/other\"")")"
fi

test_case "what core.http is let in with is in no answer, no error and no log"
e=$(api POST /api/v1/executions '{"action": "core.http", "parameters": {"url": "http://127.0.0.1:1/", "headers": {"Authorization": "Bearer s3cretH"}}}' -H 'Prefer: wait=10')
check_json "$e" '.status == "failed" and (.result.error | test("no answer from http://127.0.0.1:1"))'
check_fails grep -q s3cretH <<<"$e"
check_fails grep -q s3cretH hub.log

test_case "a token in a query is sent, and stands in no record, no error and no log"
: >asked
go='{"action": "core.http", "parameters": {"url": "http://shop.test/p?a=1&token=s3cretQ", "params": {"apiKey": "s3cretP", "q": "x"},
        "http_proxy": "'$proxy'"}}'
e=$(api POST /api/v1/executions "$go" -H 'Prefer: wait=10')
check_json "$e" '.parameters.url == "http://shop.test/p?a=1&token=********"'
check_json "$e" '.parameters.params == {apiKey: "********", q: "x"}'
check_match 'token=s3cretQ&apiKey=s3cretP&q=x' "$(cat asked)"
e=$(api POST "/api/v1/executions/$(jq -r .id <<<"$e")/re_run" '{}' -H 'Prefer: wait=10')
check_equal 2 "$(grep -c 'token=s3cretQ&apiKey=s3cretP&q=x' asked)" "sent again"
check_fails grep -q 's3cret[QP]' <<<"$e$(api GET /api/v1/executions)"
check_equal 0 "$(cat hub.log hub/state/store.db hub/state/store.db-wal | grep -ac "s3cret[QP]")" "at rest"
