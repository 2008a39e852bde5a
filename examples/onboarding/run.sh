#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A new service is asked for: account and group, volume and bucket, DNS record, pool member, CMDB item, and a ticket
# with the whole record, on eight real systems. Planned first, applied as planned, then undone.
#
#   ./examples/onboarding/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
top=$PWD
[ $# -eq 0 ] || { sed -n '4,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
. examples/systems.sh

step "Install and build"
./packaging/install-packages.sh build test
[ -n "${NO_BUILD:-}" ] || ./packaging/build.sh build
PATH=$top/build:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/kaname-onboarding.XXXXXX")
trap stop_systems EXIT
trap 'exit 130' INT TERM

step "Start BIND, HAProxy, RT, Zabbix, OpenLDAP, Swift and tgtd"
for system in rfc2136 haproxy rt zabbix ldap s3 tgt; do "start_$system"; done
cp -r examples/onboarding/pack "$work/onboarding"
start_hub "$work"
kaname instance list

port=$(spare_port)
ask=(onboarding.new_service service=shop owner=mio mail=mio@example.test address="127.0.0.1:$port" host=127.0.0.1)
state() {
        printf '%s\n' "member $(members_of shop)" "volume $(has_volume shop)" "bucket $(has_bucket shop)" "record $(address_of shop)" \
                "server $(state_of shop)" "item $(item_status shop)" "ticket $(ticket_status "New service shop")"
}

step "What would it change? The plan"
kaname plan "${ask[@]}" | tee "$work/plan"
plan=$(kaname execution list -o json | jq -r '[.[] | select(.action.ref == "onboarding.new_service")][0].id')
state >"$work/before"
cat "$work/before"

step "Apply it: planned steps as planned; those that need what others make are run, too"
kaname apply --partial "$plan"
state | tee "$work/after"
[ "$(sed 's/ $//' "$work/after" | paste -sd, )" = "member mio,volume 1,bucket true,record 127.0.0.1,server ready,item active,ticket open" ]

step "The ledger"
kaname change list

step "Undo all of it, last first"
applied=$(kaname execution list -o json | jq -r '[.[] | select(.action.ref == "onboarding.new_service")][0].id')
kaname undo "$applied"
state | tee "$work/undone"
sed 's/^ticket .*//' "$work/before" >"$work/wanted"
sed 's/^ticket .*//' "$work/undone" | diff "$work/wanted" -
[ "$(sed -n 's/^ticket //p' "$work/undone")" != open ]
