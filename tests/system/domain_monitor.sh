#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The monitor contract on Alertmanager and on Zabbix, through the mock host and through a hub in both homes of the
# plugin: each server is started once for all three.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out alertmanager zabbix
. "$TOP/tests/domain/monitor_suite.sh"
. "$TOP/tests/domain/monitor_servers.sh"
WAIT_S=40

suite_troubles() {
        local good=$config
        config=$(jq -c --arg p "$(free_port)" '.url = "http://127.0.0.1:" + $p' <<<"$good")
        refuse -6 alert.list '{}'
        call check
        shows "nobody is there" '.code == -6 and (.sentence | length) > 30'
        config=$good
}

# What fired before Alertmanager's restart is not over because Alertmanager does not know of it yet.
suite_restart() {
        local good=$config
        store=$TEST_DIR/restart.json
        fire "web4-$at"
        call poll alert.watch
        "$TOP/tests/servers/alertmanager.sh" start "$TEST_DIR/second" http://127.0.0.1:9/nobody >"$TEST_DIR/second.facts"
        stopping+=("$TOP/tests/servers/alertmanager.sh stop $TEST_DIR/second")
        config=$(jq -c --arg u "$(sed -n 's/^ALERTMANAGER_URL=//p' "$TEST_DIR/second.facts")" '.url = $u' <<<"$good")
        call poll alert.watch
        shows "another start, no alert, no word of its end" '.code == 0 and .events == []'
        config=$(jq -c '.settle_s = 0' <<<"$config")
        call poll alert.watch
        shows "until it had its time" '.events | any(.payload.status == "resolved")'
        config=$good store=
        resolve "web4-$at"
}

# What is silenced when it begins is told to nobody, and its end neither.
suite_quiet() {
        store=$TEST_DIR/quiet.json
        call poll alert.watch
        run silence.create "{\"name\": \"q-$at\", \"labels\": {\"server\": \"web5-$at\"}}"
        fire "web5-$at"
        check wait_until firing web5
        call poll alert.watch
        shows "nobody is told" '.code == 0 and .events == []'
        run silence.remove "{\"name\": \"q-$at\"}"
        poll_until ".events | length == 1 and .[0].payload.status == \"firing\" and .[0].payload.labels.server == \"web5-$at\""
        resolve "web5-$at"
        poll_until ".events | length == 1 and .[0].payload.status == \"resolved\""
        store=
}

# A problem that came and went between two looks is told, both turns.
suite_between() {
        store=$TEST_DIR/between.json
        prepare "web6-$at"
        call poll alert.watch
        fire "web6-$at"
        wait_until firing web6
        resolve "web6-$at"
        wait_until quiet web6
        poll_until ".events | map(select(.payload.labels.server == \"web6-$at\").payload.status) == [\"firing\", \"resolved\"]"
        store=
}

suite_labels() {
        refuse -1 silence.create '{"name": "x", "labels": {"server": "a"}}'
        shows "says that Zabbix wants a host" '.sentence | contains("host")'
        refuse -1 silence.create '{"name": "x", "labels": {"host": "a", "alertname": "b"}}'
        refuse -3 silence.create '{"name": "x", "labels": {"host": "no such host"}}'
}

system=$1
"start_$system"
case $system in
alertmanager) own="restart quiet" ;;
zabbix) own="between labels" ;;
esac
at=mock
parts $monitor_parts race resolve sensor $own troubles

HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
start_hub "$TEST_DIR/hub"
via=hub
for home in core host; do
        at=$home instance=in-$home
        parts_at_home "$home" $monitor_parts apply conflict resolve event
done
