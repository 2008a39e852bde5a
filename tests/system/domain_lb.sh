#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The lb contract on HAProxy, over its Unix and its TCP socket, and on nginx, through the mock host.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out unix tcp nginx
. "$TOP/tests/domain/lb_suite.sh"
. "$TOP/tests/domain/lb_servers.sh"

suite_sockets() {
        local good=$config
        config="{\"socket\": \"$HAPROXY_POWERLESS\"}"
        call check
        shows "check says that the socket lacks the level" '.code == -2 and (.sentence | contains("level admin"))'
        refuse -2 server.state "$(on be_a s1 '"state": "drain"')"
        shows "the refused change is recorded as refused" '.changes[0].state == "failed" and .changes[0].observed == .changes[0].before'
        config="{\"socket\": \"unix:$TEST_DIR/nowhere.sock\"}"
        refuse -6 server.list '{}'
        call check
        shows "check says that nobody is there" '.code == -6'
        config=$good
}

system=$1
case $system in
unix | tcp)
        start_haproxy
        [ $system = unix ] && config="{\"socket\": \"$HAPROXY_SOCKET\"}" || config="{\"socket\": \"$HAPROXY_TCP\"}"
        parts $lb_parts_of race sensor sockets
        ;;
nginx)
        start_nginx
        parts $lb_parts_of race
        ;;
esac
