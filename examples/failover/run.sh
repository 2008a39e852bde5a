#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An alert takes a failing backend out of service, and its end puts the backend back: load balancer, DNS, ticket,
# CMDB and mail, all real, by the actions of the domains only. With the other system of each domain nothing changes
# but the instances:
#
#   ./examples/failover/run.sh [--dns powerdns] [--lb nginx] [--ticket redmine] [--cmdb netbox]
set -euo pipefail
cd "$(dirname "$0")/../.."
top=$PWD
dns=rfc2136 lb=haproxy ticket=rt cmdb=zabbix
while [ $# -gt 0 ]; do
        case $1=${2:-} in
        --dns=rfc2136 | --dns=powerdns) dns=$2 ;;
        --lb=haproxy | --lb=nginx) lb=$2 ;;
        --ticket=rt | --ticket=redmine) ticket=$2 ;;
        --cmdb=zabbix | --cmdb=netbox) cmdb=$2 ;;
        *)
                sed -n '4,8s/^# \{0,1\}//p' "$0" >&2
                exit 2
                ;;
        esac
        shift 2
done
. examples/systems.sh

step "Install and build"
./packaging/install-packages.sh build test
[ -n "${NO_BUILD:-}" ] || ./packaging/build.sh build
PATH=$top/build:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-failover.XXXXXX")
trap stop_systems EXIT
trap 'exit 130' INT TERM

step "Start $dns, $lb, $ticket, $cmdb, Alertmanager and a mail server"
for system in "$dns" "$lb" "$ticket" "$cmdb" alertmanager smtp; do "start_$system"; done
cp -r examples/failover/pack "$work/failover"
sed -i "s/default: General/default: $queue/" "$work"/failover/actions/*.yaml

step "Start the hub, and let the CMDB and the zone know web2"
start_hub "$work"
kaname instance list
kaname run cmdb.item.create name=web2 owner='{"name":"Mio","mail":"mio@example.test"}' attributes='{"description":"192.0.2.12"}'
kaname run dns.record.set zone=example.test name=web2 type=A ttl=60 values='["192.0.2.12"]'

step "web2 answers no more: Alertmanager fires"
alert web2 +1hour
until_is 30 drained state_of web2
until_is 30 "" address_of web2
until_is 30 open ticket_status "web2 is out of service"
until_is 30 failed item_status web2
until_is 30 1 mails_to mio@example.test

step "It answers again: the alert is resolved"
alert web2 -1second
until_is 20 ready state_of web2
until_is 30 192.0.2.12 address_of web2
until_is 30 closed ticket_status "web2 is out of service"
until_is 30 active item_status web2
until_is 30 2 mails_to mio@example.test

step "The ledger"
kaname change list
