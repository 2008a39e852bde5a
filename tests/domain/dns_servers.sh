# SPDX-License-Identifier: Apache-2.0
# Sourced: the servers that the domain dns is tried on, what is configured for each, and foreign clients.
# start_SYSTEM ZONE… starts one; use_zone ZONE makes it the one that the suite speaks of.

contract=$TOP/plugins/dns/domain.json domain=dns

use_zone() {
        zone=$1
        case $system in
        bind) config=$(rfc2136_config "$BIND_SERVER" "$BIND_KEY_NAME" "$BIND_KEY_SECRET") ;;
        knot) config=$(rfc2136_config "$KNOT_SERVER" "$KNOT_KEY_NAME" "$KNOT_KEY_SECRET") ;;
        powerdns) config=$(jq -nc --arg u "$POWERDNS_URL" --arg k "$POWERDNS_API_KEY" --arg z "$zone" \
                '{url: $u, api_key: $k, zones: [$z], poll_s: 1}') ;;
        esac
}
rfc2136_config() {
        jq -nc --arg s "$1" --arg n "$2" --arg k "$3" --arg z "$zone" '{server: $s, key_name: $n, secret: $k, zones: [$z], poll_s: 1}'
}

foreign() { bash -c "$(foreign_command "$@")"; }

# nsupdate speaks for the foreign administrator where it is understood, curl where it is not.
use_rfc2136() {
        plugin=$BUILD/plugins/dns/rfc2136.so
        foreign_command() { echo "printf 'server $host $port\nzone $zone\nupdate add $1.$zone. $2 $3 $4\nsend\n' | nsupdate -k $keyfile"; }
        foreign_many() {
                { printf 'server %s %s\nzone %s\n' "$host" "$port" "$zone"
                  for ((i = 1; i <= $1; i++)); do
                        echo "update add many$i.$zone. 60 A 192.0.2.$((i % 250))"
                        [ $((i % 500)) -ne 0 ] || echo send
                  done; echo send; } | nsupdate -k "$keyfile"
        }
}

pdns_api() {
        local method=$1 path=$2
        shift 2
        curl -sf -m 10 -X "$method" -H "X-API-Key: $POWERDNS_API_KEY" "$POWERDNS_URL/api/v1/servers/localhost$path" "$@"
}

use_powerdns() {
        plugin=$BUILD/plugins/dns/powerdns.so
        foreign_command() {
                echo "curl -sf -m 10 -X PATCH -H 'X-API-Key: $POWERDNS_API_KEY' $POWERDNS_URL/api/v1/servers/localhost/zones/$zone. -d '$(
                        jq -nc --arg n "$1.$zone." --argjson ttl "$2" --arg t "$3" --arg v "$4" '{rrsets: [{name: $n, type: $t, ttl: $ttl,
                                changetype: "REPLACE", records: [{content: $v, disabled: false}]}]}')'"
        }
        foreign_many() {
                jq -nc --arg z "$zone" --argjson n "$1" '{rrsets: [range(1; $n + 1) | {name: "many\(.).\($z).", type: "A", ttl: 60,
                        changetype: "REPLACE", records: [{content: "192.0.2.\(. % 250)", disabled: false}]}]}' >"$TEST_DIR/many.json"
                pdns_api PATCH "/zones/$zone." -d @"$TEST_DIR/many.json"
        }
}

start_bind() {
        start_server bind "$@"
        host=$BIND_HOST port=$BIND_PORT keyfile=$BIND_KEY_FILE
        use_rfc2136
}

start_knot() {
        start_server knot "$@"
        host=$KNOT_HOST port=$KNOT_PORT keyfile=$KNOT_KEY_FILE
        use_rfc2136
}

start_powerdns() {
        start_server powerdns "$@"
        host=$POWERDNS_HOST port=$POWERDNS_PORT
        use_powerdns
}
