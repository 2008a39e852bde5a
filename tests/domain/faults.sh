#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/domain/faults.sh [ROW…]: every plugin behind tests/tools/fault_proxy.pl, which delays, cuts, garbles and
# refuses, in a built tree. Whatever the proxy does, each call ends by its deadline plus a second, says why in a
# sentence without a secret, and its record is what the system really holds, looked at past the proxy by a client
# that is not ours: applied means it is so, failed means it is as before, unknown claims neither.
#
# A row is a function row_NAME that starts the system and sets plugin, contract, domain, config (its address
# replaced by through PROXY_TARGET), change (action and arguments), revert (a command that undoes it behind our
# back), and state (a command that prints what the system holds; the same text means the same state).
. "$(dirname "$0")/lib.sh"
rows="bind knot powerdns haproxy nginx slapd smtp slack standard swift tgtd alertmanager rt redmine"
[ $# -eq 1 ] || fan_out ${@:-$rows}
row=$1 deadline_ms=2500 secret_words=

# through HOST:PORT|unix:PATH: the port of a proxy before it; what the proxy does stands in $order
order=$TEST_DIR/order
through() {
        "$TOP/tests/tools/fault_proxy.pl" "$1" "$order" >"$TEST_DIR/proxy.port" &
        echo $! >"$TEST_DIR/proxy.pid"
        stopping+=("end_process proxy")
        check wait_until test -s "$TEST_DIR/proxy.port"
        proxy=127.0.0.1:$(cat "$TEST_DIR/proxy.port")
}
faulty() { echo "$*" >"$order.new" && mv "$order.new" "$order"; }

use_row() {
        . "$TOP/tests/domain/$1_suite.sh"
        . "$TOP/tests/domain/$1_servers.sh"
}

row_haproxy() {
        use_row lb
        start_haproxy
        through "${HAPROXY_TCP#tcp:}"
        config="{\"socket\": \"tcp:$proxy\"}" good="{\"socket\": \"$HAPROXY_TCP\"}"
        change='server.weight {"pool": "be_a", "server": "s1", "weight": 33}'
        undo_change='server.weight {"pool": "be_a", "server": "s1", "weight": 100}'
        state() { weight be_a s1; }
}
row_nginx() {
        use_row lb
        start_nginx
        through "$NGINX_SOCKET"
        good=$config config="{\"socket\": \"tcp:$proxy\"}"
        change='server.weight {"pool": "be_a", "server": "s1", "weight": 33}'
        undo_change='server.weight {"pool": "be_a", "server": "s1", "weight": 100}'
        state() { weight be_a s1; }
}
row_slapd() {
        use_row account
        start_slapd
        through "127.0.0.1:$SLAPD_PORT"
        good=$config config=$(config_at "ldap://$proxy") secret_words=kaname-pw
        change='user.create {"user": "fay", "family_name": "Fault"}'
        undo_change='user.remove {"user": "fay"}'
        state() { seen fay family_name; }
}
# A message cannot be taken back: each counts.
row_smtp() {
        use_row notify
        start_smtp
        through "127.0.0.1:$SMTP_PORT"
        good=$config config=$(mail_config "smtp://$proxy") secret_words=mail-pw
        change='message.send {"to": "alice@example.test", "subject": "fault", "text": "x"}' undo_change=
        state() { taken; }
}
row_hook() {
        use_row notify
        "start_$row"
        through "${HOOKS_URL#http://}"
        good=$config config=$(jq -c --arg url "http://$proxy" '.url |= sub("^http://[^/]*"; $url)' <<<"$config")
        change='message.send {"to": "#ops", "subject": "fault", "text": "x"}' undo_change=
        state() { taken; }
}
# What speaks HTTP at $config's url: through the proxy, and the same past it.
behind_url() {
        good=$config
        through "$(jq -r '.url | sub("^https?://"; "") | sub("/.*"; "")' <<<"$config")"
        config=$(jq -c --arg to "$proxy" '.url |= sub("//[^/]*"; "//" + $to)' <<<"$config")
}
row_alertmanager() {
        use_row monitor
        start_alertmanager
        behind_url
        change='silence.create {"name": "fault", "labels": {"server": "web1"}}'
        undo_change='silence.remove {"name": "fault"}'
        state() { seen_silence fault; }
}
row_tickets() {
        use_row ticket
        start_server "$row"
        "use_$row"
        behind_url
        change="create {\"queue\": \"$queue\", \"subject\": \"fault\"}" undo_change=
        state() { count fault; }
}
row_rt() { row_tickets; }
row_redmine() { row_tickets; }
row_slack() { row_hook; }
row_standard() { row_hook; }
row_swift() {
        use_row storage
        start_swift
        through "${SWIFT_URL#http://}"
        good=$config config=$(jq -c --arg url "http://$proxy" '.url = $url' <<<"$config") secret_words=$SWIFT_SECRET
        swift PUT /faults -o /dev/null
        change='object.put {"bucket": "faults", "key": "a", "body": "x"}'
        undo_change='object.delete {"bucket": "faults", "key": "a", "force": true}'
        state() { keys faults; }
}
row_tgtd() {
        use_row storage
        start_tgtd
        through "$TGT_HELPER"
        good=$config config="{\"socket\": \"tcp:$proxy\"}" secret_words=$TGT_PASSWORD
        change='volume.create {"volume": "faults", "size": 16777216}'
        undo_change='volume.delete {"volume": "faults"}'
        state() { volumes; }
}
row_bind() { row_dns_at '.server = $to'; }
row_knot() { row_dns_at '.server = $to'; }
row_powerdns() { row_dns_at '.url |= sub("//[^/]*"; "//" + $to)'; }

# Where the server of a dns row is stands in its own configuration.
row_dns_at() {
        system=$row
        use_row dns
        "start_$row" fault.test
        use_zone fault.test
        good=$config
        through "$(jq -r '(.server // .url) | sub("^https?://"; "") | sub("/.*"; "")' <<<"$config")"
        config=$(jq -c --arg to "$proxy" "$1" <<<"$config")
        change='record.set {"zone": "fault.test", "name": "www", "type": "A", "ttl": 60, "values": ["192.0.2.77"]}'
        undo_change='record.remove {"zone": "fault.test", "name": "www", "type": "A"}'
        state() { dig +short +tcp "@$host" -p "$port" www.fault.test A; }
}

# try FAULT: the change through the proxy, judged
try() {
        local before after started took outcome action=${change%% *} behind=$config
        test_case "$row: $1"
        faulty pass
        before=$(state)
        faulty "$1"
        started=$(date +%s%3N)
        last=$("$BUILD/tests/domain/drive" -t "$deadline_ms" -c "$contract" -k "$config" "$plugin" run "$action" "${change#* }")
        took=$(($(date +%s%3N) - started))
        faulty pass
        [ $took -le $((deadline_ms + 1000)) ] || fail "it took $took ms, with a deadline of $deadline_ms" "${last:0:600}"
        settled
        after=$(state)
        outcome=$(jq -r 'if .changes == [] then "none" elif .changes[-1].outcome == -12 then "unknown" else .changes[-1].state end' <<<"$last")
        case $outcome in
        applied)
                shows "applied is success" '.code == 0'
                [ "$after" != "$before" ] || fail "it says applied, and nothing changed" "${last:0:600}"
                ;;
        failed | none)
                shows "not applied is a failure, and says why" '.code < 0 and (.sentence | length > 10)'
                [ "$after" = "$before" ] || fail "it says $outcome, and it did change: $before, now $after" "${last:0:600}"
                ;;
        unknown) shows "nobody knows, and it says why" '.code < 0 and (.sentence | length > 10)' ;;
        *) fail "what is the outcome $outcome?" "${last:0:600}" ;;
        esac
        [ -z "$secret_words" ] || ! grep -q -- "$secret_words" <<<"$last" || fail "a secret is told" "${last:0:600}"
        [ -z "$undo_change" ] || [ "$after" = "$before" ] || {
                config=$good
                run "${undo_change%% *}" "${undo_change#* }"
                config=$behind
        }
}

# What was under way at the server when the call ended has ended, too: two looks in a row are alike.
settled() {
        local one two=none tries=0
        until one=$(state) && [ "$one" = "$two" ]; do
                two=$one
                tries=$((tries + 1))
                [ $tries -lt 20 ] || break
                sleep 0.1
        done
}

row_$row
test_case "$row: pass"
faulty pass
run "${change%% *}" "${change#* }"
[ -z "$undo_change" ] || run "${undo_change%% *}" "${undo_change#* }"
for step in "" " from=2" " from=3" " from=4"; do
        for fault in refuse delay "delay 400" cut "cut 7" "cut 60" "end 7" "end 60" deaf garble "drip 5" html redirect; do
                try "$fault$step"
        done
done
