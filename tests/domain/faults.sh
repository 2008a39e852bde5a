#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/domain/faults.sh [SYSTEM…]: bad days for the plugins of these systems (all without any), in a built tree: see
# fault_suite.sh. A system that serves two domains is started once. tests/system/ runs the quick ones in
# domain_faults.sh, and the others where they have been started for their domain anyway.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/domain/fault_suite.sh"
quick="bind knot powerdns haproxy nginx slapd smtp slack standard swift tgtd alertmanager"
[ $# -eq 1 ] || fan_out ${@:-$quick rt redmine nautobot zabbix}
system=$1

use() {
        . "$TOP/tests/domain/$1_suite.sh"
        . "$TOP/tests/domain/$1_servers.sh"
}

case $system in
quick) fan_out $quick ;;
bind | knot | powerdns)
        use dns
        "start_$system" fault.test
        use_zone fault.test
        ;;
rt | redmine)
        use ticket
        start_server "$system"
        "use_$system"
        ;;
*)
        case $system in
        haproxy | nginx) use lb ;;
        slapd) use account ;;
        smtp | slack | standard) use notify ;;
        swift | tgtd) use storage ;;
        alertmanager) use monitor ;;
        nautobot | zabbix) use cmdb ;;
        *)
                echo "usage: faults.sh [quick | SYSTEM…]" >&2
                exit 2
                ;;
        esac
        "start_$system"
        ;;
esac
bad_days "$system"
case $system in
redmine)
        use_redmine_accounts
        bad_days accounts
        ;;
zabbix)
        use monitor
        use_zabbix
        bad_days problems
        ;;
esac
