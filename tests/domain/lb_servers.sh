# SPDX-License-Identifier: Apache-2.0
# Sourced: the load balancers that the domain lb is tried on, and clients of theirs that are not ours.

contract=$TOP/plugins/lb/domain.json domain=lb
plugin=$BUILD/plugins/lb/haproxy.so

runtime() { echo "$1" | socat -t 5 - "UNIX-CONNECT:$HAPROXY_SOCKET_PATH"; }
# column N of the server's row in "show stat"
column() { runtime "show stat $1 4 -1" | awk -F, -v s="$2" -v n="$3" '$2 == s { print $n }'; }
status() { column "$1" "$2" 18; }
weight() { column "$1" "$2" 19; }
sessions() { column "$1" "$2" 5; }
foreign_command() { echo "echo 'set server $1/$2 weight $3' | socat - UNIX-CONNECT:$HAPROXY_SOCKET_PATH"; }
front() { local name=HAPROXY_FRONT_${1^^} && echo "${!name}"; }
backend_of() { local name=HAPROXY_SERVER_${1^^} && echo "${!name}"; }
spare() { echo "127.0.0.1:$HAPROXY_SPARE"; }
stop_backend() { "$TOP/tests/servers/haproxy.sh" kill "$TEST_DIR/haproxy" "$1"; }
start_backend() { "$TOP/tests/servers/haproxy.sh" revive "$TEST_DIR/haproxy" "$1"; }

start_haproxy() {
        start_server haproxy be_a=s1,s2 be_b=s3
        local server
        for server in s1 s2; do until_status be_a $server UP; done
}
