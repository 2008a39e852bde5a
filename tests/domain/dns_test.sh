#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dns_test.sh [bind|knot|powerdns]…: the domain's conformance suite on real servers, through the mock host.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dns_suite.sh"

contract=$TOP_SRCDIR/plugins/dns/domain.json
zone=conf.test
trap 'for s in bind knot powerdns; do [ ! -d "$work/$s" ] || "$servers/$s.sh" stop "$work/$s"; done; rm -rf "$work"' EXIT

rfc2136_config() { jq -nc --arg s "$1" --arg n "$2" --arg k "$3" --arg z "$zone" '{server: $s, key_name: $n, secret: $k, zones: [$z]}'; }

# nsupdate speaks for the foreign administrator where it is understood, curl where it is not.
use_rfc2136() {
        plugin=$TOP_BUILDDIR/plugins/dns/rfc2136.so
        foreign_command() { echo "printf 'server $host $port\nzone $zone\nupdate add $1.$zone. $2 $3 $4\nsend\n' | nsupdate -k $keyfile"; }
        foreign() { bash -c "$(foreign_command "$@")"; }
        foreign_many() {
                { printf 'server %s %s\nzone %s\n' "$host" "$port" "$zone"
                  for ((i = 1; i <= $1; i++)); do
                        echo "update add many$i.$zone. 60 A 192.0.2.$((i % 250))"
                        [ $((i % 500)) -ne 0 ] || echo send
                  done; echo send; } | nsupdate -k "$keyfile"
        }
}

api() {
        local method=$1 path=$2
        shift 2
        curl -sf -m 10 -X "$method" -H "X-API-Key: $POWERDNS_API_KEY" "$POWERDNS_URL/api/v1/servers/localhost$path" "$@"
}

use_powerdns() {
        plugin=$TOP_BUILDDIR/plugins/dns/powerdns.so
        foreign_command() {
                echo "curl -sf -m 10 -X PATCH -H 'X-API-Key: $POWERDNS_API_KEY' $POWERDNS_URL/api/v1/servers/localhost/zones/$zone. -d '$(
                        jq -nc --arg n "$1.$zone." --argjson ttl "$2" --arg t "$3" --arg v "$4" '{rrsets: [{name: $n, type: $t, ttl: $ttl,
                                changetype: "REPLACE", records: [{content: $v, disabled: false}]}]}')'"
        }
        foreign() { bash -c "$(foreign_command "$@")"; }
        foreign_many() {
                jq -nc --arg z "$zone" --argjson n "$1" '{rrsets: [range(1; $n + 1) | {name: "many\(.).\($z).", type: "A", ttl: 60,
                        changetype: "REPLACE", records: [{content: "192.0.2.\(. % 250)", disabled: false}]}]}' >"$work/many.json"
                api PATCH "/zones/$zone." -d @"$work/many.json"
        }
}

# ---- what only one kind of server can show ----

rfc2136_refusals() {
        local good=$config
        suite="$system: refusals"
        config=$(echo "$good" | jq -c '.secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="')
        refuse -2 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        shows "says that the secret is another" '.sentence | contains("BADSIG")'
        config=$(echo "$good" | jq -c '.key_name = "stranger"')
        refuse -2 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        shows "says that the key is unknown" '.sentence | contains("BADKEY")'
        config=$(echo "$good" | jq -c --arg n "$1" --arg k "$2" '.key_name = $n | .secret = $k')
        refuse -2 record.set "$(args '"name": "new", "type": "A", "values": ["192.0.2.1"]')"
        shows "says that it is the key" '.sentence | contains("powerless-key")'
        refuse -2 zone.export "$(args '')"
        call check
        shows "check finds it, too" '.code == -2'
        config=$(echo "$good" | jq -c '.zones = ["other.test"]')
        refuse -13 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        config=$(echo "$good" | jq -c 'del(.zones)')
        refuse -2 record.set '{"zone":"nope.test","name":"www","type":"A","values":["192.0.2.1"]}'
        refuse -9 zone.list '{}'
        config=$(echo "$good" | jq -c '.transfer = false')
        refuse -9 zone.export "$(args '')"
        config=$(echo "$good" | jq -c '.server = "127.0.0.1:1"')
        refuse -6 record.lookup "$(args '"name": "www", "type": "A"')"
        config=$good
        equals "none of it did anything" "$(data "new.$zone" A | xargs)" ""
}

powerdns_refusals() {
        local good=$config
        suite="$system: refusals"
        config=$(echo "$good" | jq -c '.api_key = "wrong"')
        refuse -2 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        call check
        shows "check finds it, too" '.code == -2'
        config=$(echo "$good" | jq -c '.server_id = "elsewhere"')
        refuse -3 zone.list '{}'
        config=$(echo "$good" | jq -c '.url = "http://127.0.0.1:1"')
        refuse -6 zone.list '{}'
        config=$(echo "$good" | jq -c '.zones = ["other.test"]')
        refuse -13 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        config=$good
        refuse -3 record.set '{"zone":"nope.test","name":"www","type":"A","values":["192.0.2.1"]}'
}

# Disabled records are no values, and they stay.
powerdns_disabled() {
        suite="$system: disabled records"
        api PATCH "/zones/$zone." -d '{"rrsets":[{"name":"dis.'"$zone"'.","type":"A","ttl":60,"changetype":"REPLACE","records":[
                {"content":"192.0.2.1","disabled":false},{"content":"192.0.2.2","disabled":true}]}]}'
        run record.lookup "$(args '"name": "dis", "type": "A"')"
        shows "not shown" '.result.values == ["192.0.2.1"]'
        run record.remove "$(args '"name": "dis", "type": "A"')"
        undo
        equals "still there" "$(api GET "/zones/$zone." | jq -c '[.rrsets[] | select(.name | startswith("dis.")) | .records[] |
                [.content, .disabled]] | sort')" '[["192.0.2.1",false],["192.0.2.2",true]]'
}

test_bind() {
        eval "$("$servers/bind.sh" start "$work/bind" "$zone")"
        host=$BIND_HOST port=$BIND_PORT keyfile=$BIND_KEY_FILE
        config=$(rfc2136_config "$BIND_SERVER" "$BIND_KEY_NAME" "$BIND_KEY_SECRET")
        use_rfc2136
        suite_dns
        rfc2136_refusals "$BIND_POWERLESS_NAME" "$BIND_POWERLESS_SECRET"
}

test_knot() {
        eval "$("$servers/knot.sh" start "$work/knot" "$zone")"
        host=$KNOT_HOST port=$KNOT_PORT keyfile=$KNOT_KEY_FILE
        config=$(rfc2136_config "$KNOT_SERVER" "$KNOT_KEY_NAME" "$KNOT_KEY_SECRET")
        use_rfc2136
        suite_dns
        rfc2136_refusals "$KNOT_POWERLESS_NAME" "$KNOT_POWERLESS_SECRET"
}

test_powerdns() {
        eval "$("$servers/powerdns.sh" start "$work/powerdns" "$zone")"
        host=$POWERDNS_HOST port=$POWERDNS_PORT
        config=$(jq -nc --arg u "$POWERDNS_URL" --arg k "$POWERDNS_API_KEY" '{url: $u, api_key: $k}')
        use_powerdns
        suite_dns
        powerdns_refusals
        powerdns_disabled
}

for program in named knotd pdns_server nsupdate dig jq curl; do
        command -v $program >/dev/null || { echo "dns_test: skipped, $program is not installed"; exit 77; }
done
[ -e "$TOP_BUILDDIR/plugins/dns/rfc2136.so" ] || { echo "dns_test: skipped, built without the DNS plugins"; exit 77; }
if [ $# -ne 1 ]; then
        fan_out ${*:-bind knot powerdns}
        exit
fi
system=$1
"test_$system"
finish
