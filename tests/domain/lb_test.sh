#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# lb_test.sh [unix|tcp]…: the domain's conformance suite on a real HAProxy, over both kinds of its socket, through
# the mock host.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lb_suite.sh"

contract=$TOP_SRCDIR/plugins/lb/domain.json
plugin=$TOP_BUILDDIR/plugins/lb/haproxy.so
trap '[ ! -d "$work/haproxy" ] || "$servers/haproxy.sh" stop "$work/haproxy"; rm -rf "$work"' EXIT

socket() { echo "$1" | socat -t 5 - "UNIX-CONNECT:$HAPROXY_SOCKET_PATH"; }
# column N of the server's row in "show stat"
column() { socket "show stat $1 4 -1" | awk -F, -v s="$2" -v n="$3" '$2 == s { print $n }'; }
status() { column "$1" "$2" 18; }
weight() { column "$1" "$2" 19; }
sessions() { column "$1" "$2" 5; }
foreign_command() { echo "echo 'set server $1/$2 weight $3' | socat - UNIX-CONNECT:$HAPROXY_SOCKET_PATH"; }
front() { local name=HAPROXY_FRONT_${1^^}; echo "${!name}"; }
backend_of() { local name=HAPROXY_SERVER_${1^^}; echo "${!name}"; }
spare() { echo "127.0.0.1:$HAPROXY_SPARE"; }
stop_backend() { "$servers/haproxy.sh" kill "$work/haproxy" "$1"; }
start_backend() { "$servers/haproxy.sh" revive "$work/haproxy" "$1"; }

haproxy_refusals() {
        local good=$config
        suite="$system: sockets"
        config="{\"socket\": \"$HAPROXY_POWERLESS\"}"
        call check
        shows "check says that the socket lacks the level" '.code == -2 and (.sentence | contains("level admin"))'
        refuse -2 server.state "$(on be_a s1 '"state": "drain"')"
        shows "the refused change is recorded as refused" '.changes[0].state == "failed" and .changes[0].observed == .changes[0].before'
        config="{\"socket\": \"unix:$work/nowhere.sock\"}"
        refuse -6 server.list '{}'
        call check
        shows "check says that nobody is there" '.code == -6'
        config=$good
}

for program in haproxy socat jq curl; do
        command -v $program >/dev/null || { echo "lb_test: skipped, $program is not installed"; exit 77; }
done
if [ $# -ne 1 ]; then
        fan_out ${*:-unix tcp}
        exit
fi
system=$1
eval "$("$servers/haproxy.sh" start "$work/haproxy" be_a=s1,s2 be_b=s3)"
case $system in
unix) config="{\"socket\": \"$HAPROXY_SOCKET\"}" ;;
tcp) config="{\"socket\": \"$HAPROXY_TCP\"}" ;;
esac
for server in s1 s2; do until_status be_a $server UP; done
suite_lb
haproxy_refusals
finish
