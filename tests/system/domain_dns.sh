#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The dns contract on BIND, Knot and PowerDNS, through the mock host; domain_homes.sh is the same through the hub.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out bind knot powerdns
. "$TOP/tests/domain/dns_suite.sh"
. "$TOP/tests/domain/dns_servers.sh"

suite_refusals_rfc2136() {
        local good=$config
        config=$(jq -c '.secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="' <<<"$good")
        refuse -2 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        shows "says that the secret is another" '.sentence | contains("BADSIG")'
        config=$(jq -c '.key_name = "stranger"' <<<"$good")
        refuse -2 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        shows "says that the key is unknown" '.sentence | contains("BADKEY")'
        config=$(jq -c --arg n "$powerless" --arg k "$powerless_secret" '.key_name = $n | .secret = $k' <<<"$good")
        refuse -2 record.set "$(args '"name": "new", "type": "A", "values": ["192.0.2.1"]')"
        shows "says that it is the key" '.sentence | contains("powerless-key")'
        refuse -2 zone.export "$(args '')"
        call check
        shows "check finds it, too" '.code == -2'
        config=$(jq -c '.zones = ["other.test"]' <<<"$good")
        refuse -13 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        config=$(jq -c 'del(.zones)' <<<"$good")
        refuse -2 record.set '{"zone":"nope.test","name":"www","type":"A","values":["192.0.2.1"]}'
        refuse -9 zone.list '{}'
        config=$(jq -c '.transfer = false' <<<"$good")
        refuse -9 zone.export "$(args '')"
        config=$(jq -c '.server = "127.0.0.1:1"' <<<"$good")
        refuse -6 record.lookup "$(args '"name": "www", "type": "A"')"
        config=$good
        equals "none of it did anything" "$(data "new.$zone" A | xargs)" ""
}

suite_refusals_powerdns() {
        local good=$config
        config=$(jq -c '.api_key = "wrong"' <<<"$good")
        refuse -2 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        call check
        shows "check finds it, too" '.code == -2'
        config=$(jq -c '.server_id = "elsewhere"' <<<"$good")
        refuse -3 zone.list '{}'
        config=$(jq -c '.url = "http://127.0.0.1:1"' <<<"$good")
        refuse -6 zone.list '{}'
        config=$(jq -c '.zones = ["other.test"]' <<<"$good")
        refuse -13 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"]')"
        config=$(jq -c 'del(.zones)' <<<"$good")
        refuse -3 record.set '{"zone":"nope.test","name":"www","type":"A","values":["192.0.2.1"]}'
        config=$good
}

# Disabled records are no values, and they stay; PowerDNS itself hides them from the question for one set.
suite_disabled() {
        pdns_api PATCH "/zones/$zone." -d '{"rrsets":[{"name":"dis.'"$zone"'.","type":"A","ttl":60,"changetype":"REPLACE","records":[
                {"content":"192.0.2.1","disabled":false},{"content":"192.0.2.2","disabled":true}]}]}'
        run record.lookup "$(args '"name": "dis", "type": "A"')"
        shows "not shown" '.result.values == ["192.0.2.1"]'
        run record.remove "$(args '"name": "dis", "type": "A"')"
        undo
        equals "still there" "$(pdns_api GET "/zones/$zone." | jq -c '[.rrsets[] | select(.name | startswith("dis.")) | .records[] |
                [.content, .disabled]] | sort')" '[["192.0.2.1",false],["192.0.2.2",true]]'
}

system=$1
[ -e "$BUILD/plugins/dns/rfc2136.so" ] || skip_all "built without the DNS plugins"
"start_$system" conf.test
use_zone conf.test
parts $dns_parts race sensor
case $system in
bind) powerless=$BIND_POWERLESS_NAME powerless_secret=$BIND_POWERLESS_SECRET ;;
knot) powerless=$KNOT_POWERLESS_NAME powerless_secret=$KNOT_POWERLESS_SECRET ;;
esac
case $system in
powerdns) parts refusals_powerdns disabled ;;
*) parts refusals_rfc2136 ;;
esac
