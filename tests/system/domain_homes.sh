#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The contracts of the domains dns, lb, account and notify through a running hub, in both homes of a plugin: the
# suites of domain_*.sh, with plans, undo and conflicts as the hub makes them.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out bind knot powerdns haproxy nginx slapd smtp standard
system=$1

homes_dns() {
        local home lines=()
        . "$TOP/tests/domain/dns_suite.sh"
        . "$TOP/tests/domain/dns_servers.sh"
        "start_$system" core.test host.test
        for home in core host; do
                use_zone "$home.test"
                lines+=("$(instance_of "in-$home" "$home" "$home.test")")
        done
        HUB_CONFIG="instances = ( ${lines[0]}, ${lines[1]} );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                use_zone "$home.test"
                instance=in-$home
                parts_at_home "$home" $dns_parts conflict event
        done
}

homes_lb() {
        local home events=
        . "$TOP/tests/domain/lb_suite.sh"
        . "$TOP/tests/domain/lb_servers.sh"
        "start_$system"
        [ $system != haproxy ] || config="{\"socket\": \"$HAPROXY_SOCKET\", \"poll_ms\": 200}" events=event
        HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                instance=in-$home
                parts_at_home "$home" $lb_parts_of conflict $events
        done
}

# Both homes have the same directory: each leaves it as it found it.
homes_account() {
        local home
        . "$TOP/tests/domain/account_suite.sh"
        . "$TOP/tests/domain/account_servers.sh"
        "start_$system"
        HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                instance=in-$home
                parts_at_home "$home" $account_parts conflict
        done
}

homes_notify() {
        local home
        . "$TOP/tests/domain/notify_suite.sh"
        . "$TOP/tests/domain/notify_servers.sh"
        "start_$system"
        # An address is a secret where it is all that is needed, so the egress list cannot be made of it.
        [ "$system" != standard ] || { secrets+=" url" && egress=${HOOKS_URL#http://}; }
        HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                instance=in-$home
                parts_at_home "$home" $notify_parts
        done
}

case $system in
smtp | standard) homes_notify ;;
slapd) homes_account ;;
haproxy | nginx) homes_lb ;;
*) homes_dns ;;
esac
