# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain dns has to keep, on one server. Sourced; the caller sets plugin, config,
# zone, and defines
#   ask NAME TYPE          what the server answers, sorted, by a client that is not ours
#   foreign NAME TTL TYPE VALUE    change the set behind our back, by a client that is not ours
#   foreign_command NAME TTL TYPE VALUE    the same as the text of a command

args() { echo "{\"zone\": \"$zone\"${1:+, }${1:-}}"; }
args_jq() { jq -nc --arg zone "$zone" "{zone: \$zone} + $1"; }
data() { dig +short +norecurse +time=2 +tries=1 @"$host" -p "$port" "$1" "$2" | sort; }
ttl_of() { dig +noall +answer +norecurse +time=2 +tries=1 @"$host" -p "$port" "$1" "$2" | awk 'NR == 1 { print $2 }'; }

suite_check() {
        call check
        shows "check works" '.code == 0'
}

suite_set() {
        run record.set "$(args '"name": "www", "type": "A", "ttl": 60, "values": ["192.0.2.2", "192.0.2.1"]')"
        shows "it was not there, it is now" '.result.changed and .result.before == null and
                .result.after == {ttl: 60, values: ["192.0.2.1", "192.0.2.2"]}'
        shows "one change, announced and closed with what was read" ".changes | length == 1 and .[0].state == \"applied\" and
                .[0].resource == \"dns/$zone/www/A\" and .[0].observed == .[0].after and .[0].undo_action == \"record.remove\""
        equals "the server says so" "$(data "www.$zone" A | xargs)" "192.0.2.1 192.0.2.2"
        equals "with the TTL" "$(ttl_of "www.$zone" A)" 60
        run record.set "$(args '"name": "www", "type": "A", "ttl": 60, "values": ["192.0.2.1", "192.0.2.2"]')"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        run record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.3"]')"
        shows "without a TTL the old one stays" '.result.after == {ttl: 60, values: ["192.0.2.3"]}'
        undo
        equals "undone" "$(data "www.$zone" A | xargs)" "192.0.2.1 192.0.2.2"
        run record.set "$(args '"name": "www", "type": "A", "ttl": 120, "values": ["192.0.2.1", "192.0.2.2"]')"
        equals "only the TTL" "$(ttl_of "www.$zone" A)" 120
        undo
        equals "and back" "$(ttl_of "www.$zone" A)" 60
}

suite_add_remove() {
        run record.add "$(args '"name": "www", "type": "A", "value": "192.0.2.9"')"
        equals "added beside the others" "$(data "www.$zone" A | xargs)" "192.0.2.1 192.0.2.2 192.0.2.9"
        undo
        run record.add "$(args '"name": "www", "type": "A", "value": "192.0.2.1"')"
        shows "what is there is not added" '.result.changed == false'
        run record.remove "$(args '"name": "www", "type": "A", "value": "192.0.2.77"')"
        shows "what is not there is not removed" '.result.changed == false'
        run record.remove "$(args '"name": "www", "type": "A", "value": "192.0.2.1"')"
        equals "one value" "$(data "www.$zone" A | xargs)" "192.0.2.2"
        undo
        run record.remove "$(args '"name": "www", "type": "A"')"
        equals "the whole set" "$(data "www.$zone" A | xargs)" ""
        undo
        equals "back, as it was" "$(data "www.$zone" A | xargs)" "192.0.2.1 192.0.2.2"
        run record.add "$(args '"name": "only", "type": "A", "value": "192.0.2.5"')"
        shows "a new set has the default TTL" '.result.after.ttl == 300'
        run record.remove "$(args '"name": "only", "type": "A", "value": "192.0.2.5"')"
        shows "without its last value a set is none" '.result.after == null'
        run record.remove "$(args '"name": "only", "type": "A"')"
        shows "removing nothing changes nothing" '.result.changed == false and .changes == []'
}

suite_plan() {
        local before
        before=$(data "$zone" SOA)
        call plan record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.66"]')"
        shows "a plan tells what it would do" '.code == 0 and .result.changed and .changes[0].state == "planned" and
                .changes[0].before.values == ["192.0.2.1", "192.0.2.2"] and .changes[0].after.values == ["192.0.2.66"]'
        call plan record.remove "$(args '"name": "www", "type": "A"')"
        shows "and what would go" '.changes[0].after == null and .changes[0].undo_action == "record.set"'
        equals "and does nothing" "$(data "$zone" SOA)" "$before"
}

suite_names() {
        local name
        for name in abs.$zone. abs.$zone ABS abs; do
                run record.set "$(args "\"name\": \"$name\", \"type\": \"A\", \"values\": [\"192.0.2.7\"]")"
                shows "$name is abs" '.result.name == "abs"'
        done
        run record.lookup "$(args "\"name\": \"$zone.\", \"type\": \"SOA\"")"
        shows "the zone itself is @" '.result.name == "@" and .result.found'
        run record.set "$(jq -nc --arg z "${zone^^}." '{zone: $z, name: "abs", type: "A", values: ["192.0.2.7"]}')"
        shows "a zone in capitals, with a dot" ".result.zone == \"$zone\" and .result.changed == false"
        run record.set "$(args '"name": "xn--bcher-kva", "type": "A", "values": ["192.0.2.8"]')"
        run record.set "$(args '"name": "_sip._tcp", "type": "SRV", "values": ["0 5 5060 sip"]')"
        run record.set "$(args '"name": "0/25", "type": "NS", "values": ["ns1"]')"
        shows "a slash in a name is no border in a resource" ".changes[0].resource == \"dns/$zone/0%2F25/NS\""
        refuse -1 record.set "$(args '"name": "bücher", "type": "A", "values": ["192.0.2.8"]')"
        shows "says how to write it" '.sentence | contains("A-label")'
        refuse -1 record.set "$(args '"name": "www.other.test.", "type": "A", "values": ["192.0.2.8"]')"
        refuse -1 record.set "$(args '"name": "a..b", "type": "A", "values": ["192.0.2.8"]')"
        refuse -1 record.set "$(args '"name": "a.*.b", "type": "A", "values": ["192.0.2.8"]')"
        refuse -1 record.set "$(args '"name": "a$b", "type": "A", "values": ["192.0.2.8"]')"
        refuse -1 record.set "$(args_jq '{name: ("a" * 64), type: "A", values: ["192.0.2.8"]}')"
        refuse -1 record.set "$(args_jq '{name: (("a" * 60 + ".") * 4 + "b"), type: "A", values: ["192.0.2.8"]}')"
        for name in abs xn--bcher-kva; do run record.remove "$(args "\"name\": \"$name\", \"type\": \"A\"")"; done
        run record.remove "$(args '"name": "_sip._tcp", "type": "SRV"')"
        run record.remove "$(args '"name": "0/25", "type": "NS"')"
}

# One value of each type, as a person may write it, and in the one spelling of the domain.
suite_types() {
        local type value wanted
        while IFS='|' read -r type value wanted; do
                [ -n "$wanted" ] || wanted=$value
                value=${value//\\/\\\\}
                wanted=${wanted//ZONE/$zone}
                wanted=${wanted//\\/\\\\}
                wanted=${wanted//\"/\\\"}
                run record.set "$(args "\"name\": \"typed\", \"type\": \"$type\", \"ttl\": 60, \"values\": [\"${value//\"/\\\"}\"]")"
                shows "$type in its one spelling" ".result.after.values == [\"$wanted\"]"
                run record.lookup "$(args "\"name\": \"typed\", \"type\": \"$type\"")"
                shows "$type is read as it was written" ".result.values == [\"$wanted\"]"
                run record.remove "$(args "\"name\": \"typed\", \"type\": \"$type\"")"
                undo
                run record.remove "$(args "\"name\": \"typed\", \"type\": \"$type\"")"
        done <<'END'
AAAA|2001:DB8:0::1|2001:db8::1
CAA|0 issue "ca.example.net"|
CNAME|Other|other.ZONE.
DNAME|x.test.|
HTTPS|1 . alpn=h2|
MX|10 NS1|10 ns1.ZONE.
NAPTR|100 50 "s" "z3950+I2L" "" _z3950._tcp.gatech.edu.|
PTR|host.example.net.|
SRV|0 5 5060 @|0 5 5060 ZONE.
SSHFP|4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef|
TLSA|3 1 1 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef|3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
TXT|v=spf1 -all|"v=spf1 -all"
TXT|"two" "strings"|
TXT|back\slash; semicolon|"back\\slash; semicolon"
TXT|"semi;colon" "quo\"te"|
URI|10 1 "ftp://ftp1.example.com/public"|
END
}

suite_text() {
        local long
        long=$(printf 'k=rsa; p=%0400d' 7)
        run record.set "$(args "\"name\": \"key._domainkey\", \"type\": \"TXT\", \"values\": [\"$long\"]")"
        shows "long text is cut into strings of 255" '.result.after.values[0] | split("\" \"") | map(length) == [256, 155]'
        equals "and the server gives it whole" "$(data "key._domainkey.$zone" TXT | tr -d '" ')" "$(echo "$long" | tr -d ' ')"
        run record.remove "$(args '"name": "key._domainkey", "type": "TXT"')"
}

suite_values() {
        refuse -1 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1 192.0.2.2"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "MX", "values": ["10"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "TXT", "values": ["a\nb"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.5 ; why"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "A", "values": []')"
        refuse -1 record.set "$(args '"name": "www", "type": "SOA", "values": ["a"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "A", "ttl": -1, "values": ["192.0.2.1"]')"
        refuse -1 record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.1"], "extra": 1')"
        equals "none of it did anything" "$(data "www.$zone" A | xargs)" "192.0.2.1 192.0.2.2"
}

# Somebody changes the set between our reading it and our writing it.
suite_race() {
        between=$(foreign_command www 60 A 192.0.2.200)
        call run record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.66"]')"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and .changes[0].outcome == -4'
        shows "that shows expected and found" '.sentence | contains("192.0.2.1") and contains("192.0.2.200")'
        shows "and records what is there" '.changes[0].observed.values | contains(["192.0.2.200"])'
        equals "the foreign value survives" "$(data "www.$zone" A | grep -c '^192.0.2.200$')" 1
        equals "ours was not written" "$(data "www.$zone" A | grep -c '^192.0.2.66$' || true)" 0
        run record.set "$(args '"name": "www", "type": "A", "ttl": 60, "values": ["192.0.2.1", "192.0.2.2"]')"
        between=$(foreign_command fresh 60 A 192.0.2.201)
        call run record.set "$(args '"name": "fresh", "type": "A", "values": ["192.0.2.66"]')"
        between=
        shows "a conflict where nothing was expected" '.code == -4 and (.sentence | contains("expected none"))'
        equals "the foreign one survives there, too" "$(data "fresh.$zone" A | xargs)" 192.0.2.201
        run record.remove "$(args '"name": "fresh", "type": "A"')"
}

# Somebody changes the set between its plan and the plan's application.
suite_conflict() {
        local plan
        call plan record.set "$(args '"name": "www", "type": "A", "values": ["192.0.2.66"]')"
        plan=$(jq -r .id <<<"$last")
        foreign www 60 A 192.0.2.200
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "before, found, wanted" '.code == -4 and .conflict.before.values == ["192.0.2.1", "192.0.2.2"] and
                (.conflict.found.values | contains(["192.0.2.200"])) and .conflict.wanted.values == ["192.0.2.66"]'
        equals "the foreign value survives" "$(data "www.$zone" A | grep -c '^192.0.2.200$')" 1
        run record.set "$(args '"name": "www", "type": "A", "ttl": 60, "values": ["192.0.2.1", "192.0.2.2"]')"
}

# What a wildcard answers is no record of that name.
suite_wildcard() {
        run record.set "$(args '"name": "*.wild", "type": "A", "ttl": 60, "values": ["192.0.2.40"]')"
        equals "the wildcard answers" "$(data "a.wild.$zone" A)" 192.0.2.40
        run record.add "$(args '"name": "a.wild", "type": "A", "ttl": 60, "value": "192.0.2.41"')"
        shows "the name itself had nothing" '.result.before == null and .result.after.values == ["192.0.2.41"]'
        undo
        equals "the wildcard answers again" "$(data "a.wild.$zone" A)" 192.0.2.40
        run record.remove "$(args '"name": "a.wild", "type": "A"')"
        shows "there is nothing to remove" '.result.changed == false'
        run record.remove "$(args '"name": "*.wild", "type": "A"')"
}

# The zone's own NS set, which servers never let go as a whole; a zone cut, and glue below it.
suite_delegation() {
        run record.set "$(args '"name": "ns9", "type": "A", "values": ["192.0.2.53"]')"
        run record.set "$(args '"name": "@", "type": "NS", "values": ["ns1", "ns9"]')"
        equals "two of them" "$(data "$zone" NS | xargs)" "ns1.$zone. ns9.$zone."
        run record.set "$(args '"name": "@", "type": "NS", "values": ["ns9"]')"
        equals "another one" "$(data "$zone" NS | xargs)" "ns9.$zone."
        undo
        run record.set "$(args '"name": "@", "type": "NS", "values": ["ns1"]')"
        run record.remove "$(args '"name": "ns9", "type": "A"')"
        equals "as it was" "$(data "$zone" NS | xargs)" "ns1.$zone."
        run record.set "$(args '"name": "ns.sub", "type": "A", "values": ["192.0.2.50"]')"
        run record.set "$(args '"name": "sub", "type": "NS", "values": ["ns.sub"]')"
        run record.lookup "$(args '"name": "sub", "type": "NS"')"
        shows "the cut can be read" ".result.values == [\"ns.sub.$zone.\"]"
        run record.lookup "$(args '"name": "ns.sub", "type": "A"')"
        shows "and the glue below it" '.result.values == ["192.0.2.50"]'
        run record.set "$(args '"name": "ns.sub", "type": "A", "values": ["192.0.2.51"]')"
        undo
        run record.set "$(args '"name": "sub", "type": "DS", "values": ["60485 8 2 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"]')"
        shows "and a DS at it" '.result.after.values == ["60485 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]'
        undo
        run record.remove "$(args '"name": "sub", "type": "NS"')"
        run record.remove "$(args '"name": "ns.sub", "type": "A"')"
        shows "gone" '.result.after == null'
}

suite_cname() {
        call run record.set "$(args '"name": "www", "type": "CNAME", "values": ["other"]')"
        shows "a CNAME beside other records is no success" '.code < 0 and .changes[0].state == "failed"'
        equals "and nothing changed" "$(data "www.$zone" A | xargs)" "192.0.2.1 192.0.2.2"
}

suite_read() {
        run record.lookup "$(args '"name": "nowhere", "type": "A"')"
        shows "nothing is an answer" '.result == {zone: .result.zone, name: "nowhere", type: "A", found: false, ttl: null, values: []}'
        run record.list "$(args '')"
        shows "the list has the set" '.result.records | map(select(.name == "www" and .type == "A")) |
                length == 1 and .[0].values == ["192.0.2.1", "192.0.2.2"]'
        shows "the zone's own come first" '.result.records[0].name == "@"'
        run record.list "$(args '"name": "www"')"
        shows "of one name" '.result.records | map(.name) | unique == ["www"]'
        run record.list "$(args '"type": "NS"')"
        shows "of one type" '.result.records | map(.type) | unique == ["NS"]'
        run record.list "$(args '"limit": 1')"
        shows "not more than asked for" '.result.truncated and (.result.records | length == 1) and .result.count > 1'
        run zone.list '{}'
        shows "the zone is listed with its serial" ".result.zones | map(select(.zone == \"$zone\" and .serial > 0)) | length == 1"
        run zone.export "$(args '')"
        echo "$last" | jq -r .result.text >"$TEST_DIR/export.zone"
        check named-checkzone -q "$zone" "$TEST_DIR/export.zone"
}

# More than fits one DNS message, each of which carries a signature of its own.
suite_large() {
        local n
        foreign_many 4000
        run record.list "$(args '"limit": 100000')"
        n=$(echo "$last" | jq '[.result.records[] | select(.name | startswith("many"))] | length')
        equals "all of a large zone" "$n" 4000
        run zone.export "$(args '')"
        shows "and its text" '(.result.text | split("\n") | length) > 4000 and .result.records > 4000'
        run record.set "$(args_jq '{name: "wide", type: "TXT", values: [range(90) | "value number \(.) " + ("x" * 200)]}')"
        shows "a wide set" '.result.after.values | length == 90'
        undo
}

# The hub polls; what it makes of a change is an event.
suite_event() {
        foreign sensed 60 A 192.0.2.91
        check wait_until has_event "$zone"
        run record.remove "$(args '"name": "sensed", "type": "A"')"
}
has_event() {
        api GET "/api/v1/triggerinstances?trigger=dns.zone.changed&limit=100" |
                jq -e --arg z "$1" 'map(select(.payload.zone == $z and .payload.serial > .payload.previous)) | length > 0'
}

suite_sensor() {
        store=$TEST_DIR/store.json
        rm -f "$store"
        call poll zone.serial
        shows "the first look is no change" '.code == 0 and .events == []'
        call poll zone.serial
        shows "nor is the same serial" '.code == 0 and .events == []'
        foreign sensed 60 A 192.0.2.90
        call poll zone.serial
        shows "a change is one event" ".code == 0 and (.events | length == 1) and .events[0].trigger == \"zone.changed\" and
                .events[0].payload.zone == \"$zone\" and .events[0].payload.serial > .events[0].payload.previous"
        call poll zone.serial
        shows "once" '.events == []'
        store=
        run record.remove "$(args '"name": "sensed", "type": "A"')"
}

dns_parts="check set add_remove plan names types text values wildcard delegation cname read large"
