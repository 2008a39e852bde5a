#!/bin/bash
# serial
# SPDX-License-Identifier: Apache-2.0
# The two stories of the examples, whole, with both sets of systems.
. "$(dirname "$0")/../lib.sh"

# story NAME ARGUMENT…: it ends 0 and prints a ledger
story() {
        local name=$1 log=$TEST_DIR/$1.log status=0
        shift
        NO_BUILD=1 "$TOP/examples/$name/run.sh" "$@" >"$log" 2>&1 || status=$?
        [ $status -ne 77 ] || { skip "no Python registry" && return; }
        [ $status -eq 0 ] || fail "$name $* ends $status" "$(tail -n 25 "$log")"
        check grep -q '  applied  ' "$log"
}

test_case "failover: BIND, HAProxy, Request Tracker, Zabbix"
story failover
test_case "failover: PowerDNS, nginx, Redmine, Nautobot"
story failover --dns powerdns --lb nginx --ticket redmine --cmdb netbox
test_case "onboarding: planned, applied as planned, undone"
story onboarding
