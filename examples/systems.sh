# SPDX-License-Identifier: Apache-2.0
# Sourced by the stories: real systems on loopback, the line of kanamed.conf that makes each an instance, and
# eyes on them that are not the hub's. start_SYSTEM starts one; $work is where everything lies.

servers=$top/tests/servers
stopping=()

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
say() { printf '%s\n' "$*"; }
die() {
        printf '%s\n' "$*" >&2
        exit 1
}

# until_is SECONDS WANTED COMMAND…: poll until the command prints what is wanted
until_is() {
        local tries=$(($1 * 10)) wanted=$2 found
        shift 2
        until found=$("$@" 2>/dev/null) && [ "$found" = "$wanted" ]; do
                [ $((tries -= 1)) -gt 0 ] || {
                        kaname execution list || true
                        die "$* says '$found', not '$wanted'"
                }
                sleep 0.1
        done
        say "$* says '$found'"
}

# server NAME ARGUMENT…: start it, and know what it says of itself
server() {
        local name=$1 facts
        shift
        facts=$("$servers/$name.sh" start "$work/$name" "$@") || exit $?
        stopping+=("$servers/$name.sh stop $work/$name")
        eval "$facts"
}
secret() {
        (umask 077 && printf '%s' "$2" >"$work/secret.$1")
        printf '{ file = "%s"; }' "$work/secret.$1"
}
instance() { printf '  { name = "%s"; plugin = "%s"; scope = "%s"; config = { %s }; },\n' "$@" >>"$work/instances"; }

stop_systems() {
        local stop
        [ -z "${hub:-}" ] || { kill "$hub" && wait "$hub"; } 2>/dev/null || true
        for stop in "${stopping[@]}"; do $stop >/dev/null 2>&1 || true; done
        [ -n "${KEEP:-}" ] || rm -rf "$work"
}

# start_hub: with the instances so far, and the packs that are named
start_hub() {
        local paths
        paths=$(printf '"%s", ' "$@")
        cat >"$work/kanamed.conf" <<END
listen = ( "127.0.0.1:${KANAME_PORT:-0}", "unix:$work/kanamed.sock" );
state_dir = "$work/state";
plugin_path = ( "$top/build/plugins" );
contract_path = ( "$top/plugins" );
pack_path = ( ${paths%, } );
instances = (
$(sed '$ s/,$//' "$work/instances")
);
END
        export KANAME_SOCKET=$work/kanamed.sock
        kanamed -c "$work/kanamed.conf" 2>"$work/kanamed.log" &
        hub=$!
        until kaname status >/dev/null 2>&1; do
                kill -0 "$hub" 2>/dev/null || { cat "$work/kanamed.log" >&2; exit 1; }
                sleep 0.05
        done
}

# ---- DNS ----

start_rfc2136() {
        server bind example.test
        instance corp-dns rfc2136 example.test \
                "server = \"$BIND_SERVER\"; key_name = \"$BIND_KEY_NAME\"; secret = $(secret tsig "$BIND_KEY_SECRET");"
        address_of() { dig +short "@$BIND_HOST" -p "$BIND_PORT" "$1.example.test" A; }
}
start_powerdns() {
        server powerdns example.test
        instance corp-dns powerdns example.test "url = \"$POWERDNS_URL\"; api_key = $(secret pdns "$POWERDNS_API_KEY");"
        address_of() { dig +short "@$POWERDNS_HOST" -p "$POWERDNS_PORT" "$1.example.test" A; }
}

# ---- load balancers: the pool app ----

start_haproxy() {
        server haproxy app=web1,web2
        instance edge-lb haproxy '*' "socket = \"$HAPROXY_SOCKET\";"
        state_of() { echo "show servers state app" | socat - "UNIX-CONNECT:$HAPROXY_SOCKET_PATH" |
                awk -v s="$1" '$4 == s { print ($7 == 0 ? "ready" : "drained") }'; }
        spare_port() { echo "${HAPROXY_SPARE##*:}"; }
}
start_nginx() {
        server nginx app=web1,web2
        instance edge-lb nginx '*' "socket = \"$NGINX_SOCKET\";"
        state_of() { awk -v s="$1" '$1 == "server" && $0 ~ "# " s " " { print ($0 ~ / down;/ ? "drained" : "ready") }' "$NGINX_POOLS_DIR/app.conf"; }
        spare_port() { echo "${NGINX_SPARE##*:}"; }
}

# ---- tickets ----

start_rt() {
        server rt
        instance desk rt '*' "url = \"$RT_URL\"; token = $(secret rt "$RT_TOKEN");"
        queue=General
        ticket_status() { sqlite3 -cmd '.timeout 5000' "$RT_DB" "select status from tickets where subject = '$1' order by id desc limit 1" |
                sed -E 's/^(new|open)$/open/; s/^resolved$/closed/'; }
}
start_redmine() {
        server redmine
        instance desk redmine '*' "url = \"$REDMINE_URL\"; api_key = $(secret redmine "$REDMINE_API_KEY"); tracker = \"Support\";"
        queue=kaname
        ticket_status() { sqlite3 -cmd '.timeout 5000' "$REDMINE_DB" "select case s.is_closed when 1 then 'closed' else 'open' end
                from issues i join issue_statuses s on s.id = i.status_id where i.subject = '$1' order by i.id desc limit 1"; }
}

# ---- CMDB ----

start_netbox() {
        server nautobot
        . "$top/tests/domain/nautobot_seed.sh"
        instance cmdb netbox '*' "url = \"$NAUTOBOT_URL\"; token = $(secret netbox "$NAUTOBOT_TOKEN");
                defaults = { server = { location = \"tokyo\"; model = \"R1\"; role = \"web\"; }; };"
        item_status() { curl -sf -H "Authorization: Token $NAUTOBOT_TOKEN" "$NAUTOBOT_URL/api/dcim/devices/?name=$1&depth=1" |
                jq -r '.results[0].status.name // "none" | ascii_downcase'; }
}
start_zabbix() {
        server zabbix
        instance cmdb zabbix '*' "url = \"$ZABBIX_URL\"; token = $(secret zabbix "$ZABBIX_TOKEN"); group = \"Linux servers\";"
        item_status() { jq -nc --arg a "$ZABBIX_TOKEN" --arg h "$1" '{jsonrpc: "2.0", id: 1, auth: $a, method: "host.get",
                        params: {filter: {host: $h}, selectInventory: "extend"}}' |
                curl -sf -H 'Content-Type: application/json-rpc' --data-binary @- "$ZABBIX_URL/api_jsonrpc.php" |
                jq -r '.result[0].inventory.deployment_status // "none"'; }
}

# ---- the rest ----

start_alertmanager() {
        server alertmanager http://127.0.0.1:9/nobody
        instance alerts alertmanager '*' "url = \"$ALERTMANAGER_URL\"; poll_s = 1;"
        # alert SERVER +1hour: it fires until then; alert SERVER -1second: it is over
        alert() {
                jq -nc --arg s "$1" --arg e "$(date -u -d "$2" +%FT%TZ)" '[{labels: {alertname: "BackendDown", severity: "critical",
                        pool: "app", server: $s}, annotations: {summary: "\($s) answers no more"}, endsAt: $e}]' |
                        curl -sf -H 'Content-Type: application/json' --data-binary @- "$ALERTMANAGER_URL/api/v2/alerts"
        }
}
start_smtp() {
        server smtp
        instance mail smtp '*' "url = \"smtp://127.0.0.1:$SMTP_PORT\"; ca = \"$(awk '{ printf "%s\\n", $0 }' "$SMTP_CA")\";
                username = \"sender\"; password = $(secret smtp mail-pw); from = \"hub@example.test\";"
        mails_to() { grep -li "^to:.*$1" "$SMTP_MAIL"/*.eml 2>/dev/null | wc -l; }
}
start_ldap() {
        server slapd
        instance people ldap '*' "url = \"ldap://127.0.0.1:$SLAPD_PORT\"; ca = \"$(awk '{ printf "%s\\n", $0 }' "$SLAPD_CA")\";
                bind_dn = \"cn=kaname,$SLAPD_BASE\"; password = $(secret ldap kaname-pw);
                people = \"ou=people,$SLAPD_BASE\"; groups = \"ou=groups,$SLAPD_BASE\";"
        members_of() { ldapsearch -LLL -o ldif-wrap=no -x -H "ldap://127.0.0.1:$SLAPD_PORT" -D "$SLAPD_ADMIN" -w "$SLAPD_ADMIN_PASSWORD" \
                -b "ou=groups,$SLAPD_BASE" "(cn=$1)" member 2>/dev/null | sed -n 's/^member: uid=\([^,]*\),.*/\1/p' | sort | paste -sd, ; }
}
start_s3() {
        server swift
        instance objects s3 '*' "url = \"$SWIFT_URL\"; access_key = \"$SWIFT_KEY\"; secret_key = $(secret s3 "$SWIFT_SECRET");
                policy = \"swift\"; swift_auth = \"$SWIFT_AUTH\";"
        has_bucket() {
                local token
                token=$(curl -sS -D - -o /dev/null -H "X-Auth-User: $SWIFT_KEY" -H "X-Auth-Key: $SWIFT_SECRET" "$SWIFT_AUTH" |
                        tr -d '\r' | sed -n 's/^X-Auth-Token: //p')
                curl -sS -H "X-Auth-Token: $token" "$SWIFT_URL/v1/AUTH_test?format=json" | jq -r --arg b "$1" 'any(.[]; .name == $b)'
        }
}
start_tgt() {
        server tgtd
        instance volumes tgt '*' "socket = \"$TGT_HELPER\";"
        has_volume() { TGT_IPC_SOCKET=$TGT_IPC tgtadm --lld iscsi --mode target --op show | grep -c "^Target [0-9]*: $TGT_PREFIX:$1\$" || true; }
}
