#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# knot.sh start DIR [ZONE…] | stop DIR: Knot DNS with a TSIG key that may update and transfer its zones
. "$(dirname "$0")/common.sh"

write_zone() {
        cat >"$dir/zones/$1.zone" <<END
\$TTL 300
@ IN SOA ns1.$1. admin.$1. ( 1 3600 600 86400 60 )
@ IN NS ns1.$1.
ns1 IN A 127.0.0.1
END
        printf '  - domain: %s.\n    acl: upd\n' "$1" >>"$dir/knot.conf"
}

write_config() {
        mkdir -p "$dir/run" "$dir/db" "$dir/zones"
        cat >"$dir/knot.conf" <<END
server:
    rundir: "$dir/run"
    listen: 127.0.0.1@$port
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "$dir/db"
    journal-db-max-size: 64M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
    catalog-db-max-size: 16M
control:
    listen: "$dir/run/knot.sock"
log:
  - target: stderr
    any: info
key:
  - id: kaname-key.
    algorithm: hmac-sha256
    secret: $secret
  - id: powerless-key.
    algorithm: hmac-sha256
    secret: $powerless
acl:
  - id: upd
    address: 127.0.0.0/8
    key: kaname-key.
    action: [update, transfer]
template:
  - id: default
    storage: "$dir/zones"
    file: "%s.zone"
    # The journal is enough here; a zone file written at each update would be an fsync at each.
    zonefile-sync: -1
zone:
END
}

answers() { dig +short +time=1 +tries=1 @127.0.0.1 -p "$port" "${zones[0]}" soa | grep -q admin; }

launch() {
        port=$(free_ports 1)
        rm -rf "$dir/db" "$dir/zones"
        write_config
        local zone
        for zone in "${zones[@]}"; do write_zone "$zone"; done
        spawn "$dir" knot knotd -c "$dir/knot.conf"
        until_true 10 answers && return 0
        reap "$dir" knot
        return 1
}

case ${1:-} in
start)
        need knotd dig perl base64
        dir=$(scratch "${2:-}")
        shift 2
        zones=("$@")
        [ ${#zones[@]} -gt 0 ] || zones=(example.test)
        secret=$(head -c 32 /dev/urandom | base64)
        powerless=$(head -c 32 /dev/urandom | base64)
        try_start launch || { tail -5 "$dir/knot.log" >&2; die "knotd did not start, see $dir/knot.log"; }
        printf 'key "kaname-key" { algorithm hmac-sha256; secret "%s"; };\n' "$secret" >"$dir/key.conf"
        cat <<END
KNOT_HOST=127.0.0.1
KNOT_PORT=$port
KNOT_SERVER=127.0.0.1:$port
KNOT_ZONES="${zones[*]}"
KNOT_KEY_NAME=kaname-key
KNOT_KEY_ALGORITHM=hmac-sha256
KNOT_KEY_SECRET=$secret
KNOT_KEY_FILE=$dir/key.conf
KNOT_POWERLESS_NAME=powerless-key
KNOT_POWERLESS_SECRET=$powerless
KNOT_PID=$(cat "$dir/knot.pid")
END
        ;;
stop)
        reap "$(scratch "${2:-}")" knot
        ;;
*)
        die "usage: $me start DIR [ZONE…] | stop DIR"
        ;;
esac
