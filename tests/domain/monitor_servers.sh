# SPDX-License-Identifier: Apache-2.0
# Sourced: the systems that the domain monitor is tried on, what is configured for each, and foreign clients.

contract=$TOP/plugins/monitor/domain.json domain=monitor

# ---- Alertmanager: an alert is sent to it as Prometheus would ----

am_api() {
        local method=$1 path=$2
        shift 2
        curl -sf -m 10 -X "$method" -H 'Content-Type: application/json' "$ALERTMANAGER_URL/api/v2$path" "$@"
}
am_send() {
        am_api POST /alerts -d "$(jq -nc --arg s "$1" --arg e "$2" '[{labels: {alertname: "Down", severity: "critical", server: $s, pool: "app"},
                annotations: {summary: "\($s) is \"down\" 要"}, generatorURL: "http://prometheus.test/graph"} + if $e == "" then {} else {endsAt: $e} end]')"
}

start_alertmanager() {
        start_server alertmanager http://127.0.0.1:9/nobody
        plugin=$BUILD/plugins/monitor/alertmanager.so
        config=$(jq -nc --arg u "$ALERTMANAGER_URL" '{url: $u, poll_s: 1}')
        prepare() { :; }
        fire() { am_send "$1" "$(date -u -d '+1 hour' +%FT%TZ)"; }
        resolve() { am_send "$1" "$(date -u -d '-1 second' +%FT%TZ)"; }
        silence_labels() { jq -nc --arg s "$1" '{server: $s, pool: "app"}'; }
        seen_silence() {
                am_api GET /silences | jq -r --arg n "[$1]" '.[] | select((.comment | startswith($n)) and .status.state == "active") |
                        (.matchers | map("\(.name)=\(.value)") | sort | join(",")) + " \((.endsAt[:19] + "Z" | fromdate) - (.startsAt[:19] + "Z" | fromdate))"'
        }
        seen_labels() { echo "pool=app,server=$1"; }
        seen_acknowledged() { am_api GET /alerts | jq -r --arg s "$1" '.[] | select(.labels.server == $s) | .status.silencedBy | length'; }
        foreign_silence() { am_api POST /silences -o /dev/null -d "$(foreign_body "$1")"; }
        foreign_body() {
                jq -nc --arg n "[$1] foreign" --arg e "$(date -u -d '+1 hour' +%FT%TZ)" --arg s "$(date -u +%FT%TZ)" '{matchers: [{name: "x", value: "y",
                        isRegex: false, isEqual: true}], startsAt: $s, endsAt: $e, createdBy: "somebody", comment: $n}'
        }
        foreign_silence_command() { echo "curl -sf -m 10 -o /dev/null -H 'Content-Type: application/json' $ALERTMANAGER_URL/api/v2/silences -d '$(foreign_body "$1")'"; }
}

# ---- Zabbix: a host with an item and a trigger for each server ----

zabbix_body() { jq -nc --arg m "$1" --argjson p "$2" --arg a "$ZABBIX_TOKEN" '{jsonrpc: "2.0", method: $m, params: $p, id: 1, auth: $a}'; }
zabbix_rpc() {
        zabbix_body "$@" | curl -sf -m 20 -H 'Content-Type: application/json-rpc' --data-binary @- "$ZABBIX_URL/api_jsonrpc.php" | jq -ce .result
}
zabbix_send() { "$TOP/tests/servers/zabbix.sh" send "$TEST_DIR/zabbix" svc.test "state[$1]" "$2" | grep -q 'processed: 1'; }
# A value counts once the server has the trigger in its cache: sent until the trigger stands so.
zabbix_turn() {
        zabbix_send "$1" "$2"
        [ "$(zabbix_rpc trigger.get "$(jq -nc --arg s "$1" '{tags: [{tag: "server", value: $s, operator: 1}], output: ["value"]}')" | jq -r '.[0].value')" = "$3" ]
}
zabbix_event() {
        zabbix_rpc event.get "$(jq -nc --arg s "$1" '{tags: [{tag: "server", value: $s, operator: 1}], value: 1, sortfield: "eventid", sortorder: "DESC", limit: 1,
                output: "extend"}')" | jq -c '.[0]'
}

start_zabbix() {
        start_server zabbix
        use_zabbix
}
use_zabbix() {
        plugin=$BUILD/plugins/cmdb/zabbix.so
        config=$(jq -nc --arg u "$ZABBIX_URL" --arg t "$ZABBIX_TOKEN" '{url: $u, token: $t, poll_s: 1}')
        zabbix_id=$(zabbix_rpc host.create '{"host": "svc.test", "groups": [{"groupid": "2"}]}' | jq -r '.hostids[0]')
        prepare() {
                zabbix_rpc item.create "$(jq -nc --arg h "$zabbix_id" --arg k "state[$1]" '{name: $k, key_: $k, hostid: $h, type: 2, value_type: 3}')" >/dev/null
                zabbix_rpc trigger.create "$(jq -nc --arg s "$1" '{description: "\($s) is \"down\" 要", expression: "last(/svc.test/state[\($s)])=0",
                        priority: 4, tags: [{tag: "server", value: $s}, {tag: "pool", value: "app"}]}')" >/dev/null
                wait_until zabbix_send "$1" 1
        }
        fire() { wait_until zabbix_turn "$1" 0 1; }
        resolve() { wait_until zabbix_turn "$1" 1 0; }
        silence_labels() { jq -nc --arg s "$1" '{host: "svc.test", server: $s}'; }
        seen_silence() {
                zabbix_rpc maintenance.get "$(jq -nc --arg n "$1" '{filter: {name: $n}, output: "extend", selectHosts: ["host"], selectTags: "extend"}')" |
                        jq -r '.[] | "host=\(.hosts[0].host)," + (.tags | map("\(.tag)=\(.value)") | join(",")) + " \((.active_till | tonumber) - (.active_since | tonumber))"'
        }
        seen_labels() { echo "host=svc.test,server=$1"; }
        seen_acknowledged() { zabbix_event "$1" | jq -r .acknowledged; }
        foreign_body() {
                zabbix_body maintenance.create "$(jq -nc --arg n "$1" --arg h "$zabbix_id" --argjson s "$(($(date +%s) / 60 * 60))" '{name: $n, active_since: $s,
                        active_till: ($s + 3600), hosts: [{hostid: $h}], timeperiods: [{timeperiod_type: 0, start_date: $s, period: 3600}], description: "foreign"}')"
        }
        foreign_silence_command() { echo "curl -sf -m 10 -o /dev/null -H 'Content-Type: application/json-rpc' $ZABBIX_URL/api_jsonrpc.php -d '$(foreign_body "$1")'"; }
}
