#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The cmdb contract on Nautobot and on Zabbix, through the mock host and through a hub in both homes of the plugin:
# each server is started once for all three.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out nautobot zabbix
. "$TOP/tests/domain/cmdb_suite.sh"
. "$TOP/tests/domain/cmdb_servers.sh"
. "$TOP/tests/domain/fault_suite.sh"
WAIT_S=40

# Bad days: the answer tells what happened and what to do, and no secret.
suite_troubles() {
        local good=$config token
        token=$(jq -r .token <<<"$config")
        config=$(jq -c '.token = "wrong-secret-0123456789abcdef0123456789abcdef0123456789abcdef01234567"' <<<"$good")
        call check
        shows "a wrong token is refused, and check says so" '.code == -2 and (.sentence | contains("token")) and (tostring | contains("wrong-secret") | not)'
        refuse -2 item.get "$(on web1)"
        config=$(jq -c --arg p "$(free_port)" '.url = "http://127.0.0.1:" + $p' <<<"$good")
        refuse -6 item.get "$(on web1)"
        call check
        shows "nobody is there" '.code == -6 and (.sentence | length) > 30'
        config=$good
        run item.update "$(on web1 '"status": "active"')"
        equals "no token stands in an answer" "$(grep -c "$token" <<<"$last" || true)" 0
}

system=$1
"start_$system"
at=mock.test
parts $cmdb_parts race sensor troubles
bad_days "$system"

HUB_CONFIG="instances = ( $(instance_of in-core core core.test), $(instance_of in-host host host.test) );"
start_hub "$TEST_DIR/hub"
via=hub
for home in core host; do
        at=$home.test instance=in-$home
        parts_at_home "$home" $cmdb_home_parts conflict event
done

test_case "$system: no secret stands in the hub's log"
check_fails grep -rqF "$(jq -r .token <<<"$config")" "$TEST_DIR/hub.log"
