#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# powerdns.sh start DIR [ZONE…] | stop DIR: PowerDNS authoritative on SQLite, with its HTTP API
. "$(dirname "$0")/common.sh"

write_config() {
        cat >"$dir/pdns.conf" <<END
daemon=no
guardian=no
launch=gsqlite3
gsqlite3-database=$dir/pdns.sqlite3
gsqlite3-dnssec=yes
socket-dir=$dir
local-address=127.0.0.1
local-port=$port
webserver=yes
webserver-address=127.0.0.1
webserver-port=$web
webserver-allow-from=127.0.0.0/8
api=yes
api-key=$key
security-poll-suffix=
disable-syslog=yes
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
END
}

api() {
        local method=$1 path=$2
        shift 2
        curl -sf -m 5 -X "$method" -H "X-API-Key: $key" "http://127.0.0.1:$web/api/v1/servers/localhost$path" "$@"
}

make_zone() {
        api POST /zones -o /dev/null -d '{"name":"'"$1"'.","kind":"Native","rrsets":[
                {"name":"'"$1"'.","type":"SOA","ttl":300,"records":[
                  {"content":"ns1.'"$1"'. admin.'"$1"'. 1 3600 600 86400 60","disabled":false}]},
                {"name":"'"$1"'.","type":"NS","ttl":300,"records":[{"content":"ns1.'"$1"'.","disabled":false}]},
                {"name":"ns1.'"$1"'.","type":"A","ttl":300,"records":[{"content":"127.0.0.1","disabled":false}]}]}'
}

launch() {
        read -r port web <<<"$(free_ports 2)"
        rm -f "$dir/pdns.sqlite3"
        sqlite3 "$dir/pdns.sqlite3" </usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql
        write_config
        spawn "$dir" powerdns pdns_server --config-dir="$dir"
        until_true 10 api GET "" || { reap "$dir" powerdns; return 1; }
        local zone
        for zone in "${zones[@]}"; do make_zone "$zone"; done
}

case ${1:-} in
start)
        need pdns_server sqlite3 curl perl
        dir=$(scratch "${2:-}")
        shift 2
        zones=("$@")
        [ ${#zones[@]} -gt 0 ] || zones=(example.test)
        key=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
        try_start launch || { tail -5 "$dir/powerdns.log" >&2; die "pdns_server did not start, see $dir/powerdns.log"; }
        cat <<END
POWERDNS_URL=http://127.0.0.1:$web
POWERDNS_API_KEY=$key
POWERDNS_SERVER_ID=localhost
POWERDNS_HOST=127.0.0.1
POWERDNS_PORT=$port
POWERDNS_ZONES="${zones[*]}"
POWERDNS_PID=$(cat "$dir/powerdns.pid")
END
        ;;
stop)
        reap "$(scratch "${2:-}")" powerdns
        ;;
*)
        die "usage: $me start DIR [ZONE…] | stop DIR"
        ;;
esac
