# SPDX-License-Identifier: Apache-2.0
# Sourced: the systems that the domain cmdb is tried on, what is configured for each, and foreign clients.
# start_SYSTEM starts one, with the locations tokyo and osaka and the roles web and db where they have to be made.

contract=$TOP/plugins/cmdb/domain.json domain=cmdb

# ---- Nautobot ----

nautobot_path() { case $1 in server) echo /dcim/devices/ ;; vm) echo /virtualization/virtual-machines/ ;; esac; }
nautobot_object() { nautobot_api GET "$(nautobot_path "$1")" -G --data-urlencode "name=$2" -d depth=1 | jq -c '.results[0] // empty'; }
nautobot_seen() {
        local object id
        object=$(nautobot_object "$1" "$2")
        [ -n "$object" ] || return 0
        id=$(jq -r .id <<<"$object")
        case $3 in
        status) jq -r '.status.name | ascii_downcase | if . == "decommissioning" then "retired" else . end' <<<"$object" ;;
        location) jq -r '.location.name // ""' <<<"$object" ;;
        role) jq -r '.role.name // ""' <<<"$object" ;;
        description) jq -r .comments <<<"$object" ;;
        depends_on) jq -r '.custom_fields.depends_on // "[]" | fromjson | join(" ")' <<<"$object" ;;
        mail) nautobot_api GET "/extras/contact-associations/?associated_object_id=$id&role=Owner&depth=1" |
                jq -r '[.results[].contact.email] | join(" ")' ;;
        *) jq -r --arg f "$3" '.[$f] // ""' <<<"$object" ;;
        esac
}

start_nautobot() {
        local facts
        facts=$("$TOP/tests/servers/nautobot.sh" start "$TEST_DIR/nautobot") || {
                [ $? -ne 77 ] || skip_all "no Python registry"
                return 1
        }
        stopping+=("$TOP/tests/servers/nautobot.sh stop $TEST_DIR/nautobot")
        eval "$facts"
        . "$TOP/tests/domain/nautobot_seed.sh"
        plugin=$BUILD/plugins/cmdb/netbox.so
        config=$(jq -nc --arg u "$NAUTOBOT_URL" --arg t "$NAUTOBOT_TOKEN" '{url: $u, token: $t, poll_s: 1,
                defaults: {server: {location: "tokyo", model: "R1", role: "web"}, vm: {cluster: "c1"}}}')
        seen() { nautobot_seen "$@"; }
        foreign_command() {
                echo "curl -sf -m 10 -o /dev/null -X PATCH -H 'Authorization: Token $NAUTOBOT_TOKEN' -H 'Content-Type: application/json' \
                        $NAUTOBOT_URL/api/dcim/devices/$(nautobot_object server "$1" | jq -r .id)/ -d '{\"comments\": \"$2\"}'"
        }
        foreign_delete() { nautobot_api DELETE "$(nautobot_path "$1")$(nautobot_object "$1" "$2" | jq -r .id)/"; }
}

# ---- Zabbix ----

zabbix_rpc() {
        jq -nc --arg m "$1" --argjson p "$2" --arg a "$ZABBIX_TOKEN" '{jsonrpc: "2.0", method: $m, params: $p, id: 1, auth: $a}' |
                curl -sf -m 20 -H 'Content-Type: application/json-rpc' --data-binary @- "$ZABBIX_URL/api_jsonrpc.php" | jq -ce .result
}
zabbix_host() {
        zabbix_rpc host.get "$(jq -nc --arg h "$1" '{filter: {host: $h}, output: "extend", selectInventory: "extend", selectTags: "extend"}')" |
                jq -c '.[0] // empty'
}
zabbix_seen() {
        local host
        host=$(zabbix_host "$2")
        [ -n "$host" ] || return 0
        case $3 in
        status) jq -r '.inventory.deployment_status' <<<"$host" ;;
        serial) jq -r '.inventory.serialno_a' <<<"$host" ;;
        role) jq -r '[.tags[] | select(.tag == "role").value] | join(" ")' <<<"$host" ;;
        description) jq -r .description <<<"$host" ;;
        depends_on) jq -r '[.tags[] | select(.tag == "depends_on").value] | sort | join(" ")' <<<"$host" ;;
        mail) jq -r '.inventory.poc_1_email' <<<"$host" ;;
        name) jq -r .host <<<"$host" ;;
        *) jq -r --arg f "$3" '.inventory[$f] // ""' <<<"$host" ;;
        esac
}

start_zabbix() {
        start_server zabbix
        plugin=$BUILD/plugins/cmdb/zabbix.so
        config=$(jq -nc --arg u "$ZABBIX_URL" --arg t "$ZABBIX_TOKEN" '{url: $u, token: $t, group: "Linux servers", poll_s: 1}')
        seen() { zabbix_seen "$@"; }
        foreign_command() {
                echo "curl -sf -m 10 -o /dev/null -H 'Content-Type: application/json-rpc' $ZABBIX_URL/api_jsonrpc.php -d '$(jq -nc \
                        --arg a "$ZABBIX_TOKEN" --arg d "$2" --arg h "$(zabbix_host "$1" | jq -r .hostid)" '{jsonrpc: "2.0", id: 1, auth: $a,
                        method: "host.update", params: {hostid: $h, description: $d}}')'"
        }
        foreign_delete() { zabbix_rpc host.delete "[\"$(zabbix_host "$2" | jq -r .hostid)\"]" >/dev/null; }
}
