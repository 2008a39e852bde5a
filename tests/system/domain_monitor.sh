#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The monitor contract on Alertmanager and on Zabbix, through the mock host and through a hub in both homes of the
# plugin: each server is started once for all three.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out alertmanager zabbix
. "$TOP/tests/domain/monitor_suite.sh"
. "$TOP/tests/domain/monitor_servers.sh"
. "$TOP/tests/domain/fault_suite.sh"
WAIT_S=40

suite_troubles() {
        local good=$config
        config=$(jq -c --arg p "$(free_port)" '.url = "http://127.0.0.1:" + $p' <<<"$good")
        refuse -6 alert.list '{}'
        call check
        shows "nobody is there" '.code == -6 and (.sentence | length) > 30'
        config=$good
}

# Zabbix answers 200 whatever it refuses.
suite_credentials() {
        local good=$config
        config=$(jq -c '.token = "wrong-secret-0123456789abcdef0123456789abcdef0123456789abcdef01234567"' <<<"$good")
        refuse -2 silence.create "$(silence nobody)"
        shows "says that it is the token, and no secret" '(.sentence | contains("token")) and (tostring | contains("wrong-secret") | not)'
        call check
        shows "and check says so" '.code == -2'
        config=$good
        equals "and nothing is silenced" "$(seen_silence "nobody-$at")" ""
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

# Pushed instead of polled: what Alertmanager posts becomes the same event by one rule, at once.
suite_push() {
        local said
        said=$(api POST /api/v1/rules "$(jq -nc '{name: "push", pack: "default", enabled: true, trigger: {type: "core.st2.webhook", parameters: {url: "am"}},
                action: {ref: "core.inject_trigger", parameters: {trigger: "monitor.alert", payload: {
                  status: "{{ trigger.body.alerts[0].status }}", fingerprint: "{{ trigger.body.alerts[0].fingerprint }}",
                  name: "{{ trigger.body.alerts[0].labels.alertname }}", severity: "{{ trigger.body.alerts[0].labels.severity }}",
                  labels: "{{ trigger.body.alerts[0].labels }}", annotations: "{{ trigger.body.alerts[0].annotations }}",
                  starts_at: "{{ trigger.body.alerts[0].startsAt }}", ends_at: "{{ trigger.body.alerts[0].endsAt }}",
                  url: "{{ trigger.body.alerts[0].generatorURL }}", source: "pushed", system: "alertmanager"}}}}')")
        check_equal 202 "$(api_status POST /api/v1/webhooks/am '{"version": "4", "status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Down",
                "severity": "critical", "server": "pushed1", "pool": "app"}, "annotations": {"summary": "x"}, "startsAt": "2026-11-22T06:54:52.482Z",
                "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p.test", "fingerprint": "a1681abfabc78c55"}]}')" "the webhook"
        local instance=pushed
        check wait_until has_event pushed1 firing
}

system=$1
"start_$system"
case $system in
alertmanager) own="restart quiet" ;;
zabbix) own="between labels credentials" ;;
esac
at=mock
parts $monitor_parts race resolve sensor $own troubles
[ $system != zabbix ] || bad_days problems

HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
start_hub "$TEST_DIR/hub"
via=hub
for home in core host; do
        at=$home instance=in-$home
        parts_at_home "$home" $monitor_parts apply conflict resolve event
done
[ $system != alertmanager ] || parts push
