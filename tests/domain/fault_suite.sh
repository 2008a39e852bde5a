# SPDX-License-Identifier: Apache-2.0
# Bad days, for every plugin: behind tests/tools/fault_proxy.pl, which delays, cuts, garbles and refuses, and behind
# certificates that do not hold. Whatever happens, each call ends by its deadline plus a second, says why in a
# sentence without a secret, and its record is what the system really holds, looked at past the proxy by a client
# that is not ours: applied means it is so, failed means it is as before, unknown claims neither.
#
# Sourced, with a domain's servers; the system has been started, and $config is good. faults_SYSTEM sets
#   change, undo_change   an action with its arguments, and what takes it back; empty: it is done anew each time
#   state                 a command that prints what the system holds of it; the same text means the same state
#   target, puts          where the proxy leads to, and a jq filter that puts it ($to) into the configuration
#   anew                  where each try needs another change: a command that sets it
#   named, seen_name      a jq filter that puts a name ($n) into the arguments, and a command that prints it as the
#                         system has it now; empty: the domain's own suite has its names
#   lies                  successes that are none, where it speaks HTTP
#   is_slow, deadline_ms  whether a call takes long; its deadline, more than the change takes on a busy machine
# and bad_days SYSTEM tries them all.

of_url='.url |= sub("//[^/]*"; "//" + $to)' of_socket='.socket = "tcp:" + $to' of_server='.server = $to'

faults_haproxy() {
        config="{\"socket\": \"$HAPROXY_TCP\"}" puts=$of_socket target=${HAPROXY_TCP#tcp:}
        faults_balancer
}
faults_nginx() {
        puts=$of_socket target=$NGINX_SOCKET
        faults_balancer
}
faults_balancer() {
        change='server.weight {"pool": "be_a", "server": "s1", "weight": 33}'
        undo_change='server.weight {"pool": "be_a", "server": "s1", "weight": 100}' named='.server = $n'
        state() { weight be_a s1; }
}
faults_slapd() {
        change='user.create {"user": "fay", "family_name": "Fault"}'
        undo_change='user.remove {"user": "fay"}'
        state() { seen fay family_name; }
        tls_ca=$SLAPD_CA
        in_tls() { config_at "ldap://$1:$SLAPD_PORT" | in_own_tls "${2:-}"; }
}
faults_accounts() {
        change='user.create {"user": "fay", "given_name": "Fay", "family_name": "Fault", "mail": "fay@example.test"}'
        undo_change='user.remove {"user": "fay"}' is_slow=1 deadline_ms=4000 named='.user = $n'
        state() { db "select login, lastname from users where type = 'User' order by id"; }
        seen_name() { db "select login from users where type = 'User' order by id desc limit 1"; }
}
# A message cannot be taken back: each counts.
faults_smtp() {
        change='message.send {"to": "alice@example.test", "subject": "fault", "text": "x"}' undo_change='' named='.subject = $n'
        seen_name() { last_subject; }
        state() { taken; }
        tls_ca=$SMTP_CA
        in_tls() { mail_config "smtp://$1:$SMTP_PORT" | in_own_tls "${2:-}"; }
}
faults_slack() {
        change='message.send {"to": "#ops", "subject": "fault", "text": "x"}' undo_change='' told=(/slack/T1) named='.subject = $n'
        seen_name() { last_subject; }
        state() { taken; }
}
faults_standard() {
        faults_slack
        told=(/standard) lies=()        # its success is all that there is to know
}
faults_alertmanager() {
        change='silence.create {"name": "fault", "labels": {"server": "web1"}}'
        undo_change='silence.remove {"name": "fault"}' named='.labels.server = $n'
        state() { seen_silence fault; }
        seen_name() { without "server=" "$(state)"; }
}
faults_problems() {
        change='silence.create {"name": "fault", "labels": {"host": "svc.test", "server": "web1"}}'
        undo_change='silence.remove {"name": "fault"}' is_slow=1 deadline_ms=4000 named='.labels.server = $n'
        state() { seen_silence fault; }
        seen_name() { without "host=svc.test,server=" "$(state)"; }
}
# without HEAD TEXT: what is between that and the text's last space
without() {
        local text=${2#"$1"}
        echo "${text% *}"
}
# One execution finds its ticket again by the subject.
faults_rt() {
        undo_change= is_slow=1 deadline_ms=4000
        anew() { change="create {\"queue\": \"$queue\", \"subject\": \"fault $((++tickets))\"}"; }
        state() { db "select count(*) from tickets where subject like 'fault %'"; }
}
faults_redmine() {
        faults_rt
        state() { db "select count(*) from issues where subject like 'fault %'"; }
}
faults_nautobot() {
        change='item.create {"name": "fault.test", "attributes": {"serial": "S-F"}}'
        undo_change='item.remove {"name": "fault.test", "force": true}' is_slow=1 deadline_ms=4000
        state() { seen server fault.test serial; }
}
faults_zabbix() { faults_nautobot; }
faults_swift() {
        swift PUT /faults -o /dev/null
        change='object.put {"bucket": "faults", "key": "a", "body": "x"}'
        undo_change='object.delete {"bucket": "faults", "key": "a", "force": true}'
        state() { keys faults; }
}
faults_tgtd() {
        target=$TGT_HELPER puts=$of_socket told=("$TGT_PASSWORD")
        change='volume.create {"volume": "faults", "size": 16777216}'
        undo_change='volume.delete {"volume": "faults"}' named='.volume = $n'
        state() { volumes; }
        seen_name() { volumes; }
}
faults_powerdns() {
        change="record.set {\"zone\": \"$zone\", \"name\": \"fault\", \"type\": \"A\", \"ttl\": 60, \"values\": [\"192.0.2.77\"]}"
        undo_change="record.remove {\"zone\": \"$zone\", \"name\": \"fault\", \"type\": \"A\"}"
        state() { dig +short +tcp "@$host" -p "$port" "fault.$zone" A; }
}
faults_bind() {
        faults_powerdns
        puts=$of_server target=$(jq -r .server <<<"$config")
}
faults_knot() { faults_bind; }

# ---- what the proxy does, and what comes of it ----

order=$TEST_DIR/order
# faulty FAULT: what the proxy does from now on; its turns are counted anew
faulty() {
        rm -f "$order.turns"
        echo "$*" >"$order.new" && mv "$order.new" "$order"
}
turns() { stat -c %s "$order.turns"; }

# through HOST:PORT|unix:PATH: the proxy before it is $proxy
through() {
        faulty pass
        rm -f "$TEST_DIR/proxy.port"
        "$TOP/tests/tools/fault_proxy.pl" "$1" "$order" >"$TEST_DIR/proxy.port" &
        echo $! >"$TEST_DIR/proxy.pid"
        stopping+=("end_process proxy")
        check wait_until test -s "$TEST_DIR/proxy.port"
        proxy=127.0.0.1:$(cat "$TEST_DIR/proxy.port")
}
config_with() { jq -c --arg to "$1" "$2" <<<"$config"; }

# timed MODE [ACTION ARGS]: a call with a deadline, which it keeps; no secret is told
timed() {
        local started took secret
        started=$(date +%s%3N)
        last=$("$BUILD/tests/domain/drive" -t "$deadline_ms" -c "$contract" -k "$behind" "$plugin" "$@")
        took=$(($(date +%s%3N) - started))
        [ $took -le $((deadline_ms + 1000)) ] || fail "$1 with $fault took $took ms, with a deadline of $deadline_ms" "${last:0:600}"
        for secret in "${told[@]}"; do
                [[ $last != *"$secret"* ]] || fail "$1 with $fault: a secret is told" "${last:0:600}"
        done
}
is_failure() { [[ $last =~ ^\{\"code\":-[0-9]+,\"sentence\":\".{10} ]]; }

# What was under way at the server when the call ended has ended, too; what it changed has come to rest.
at_rest() { ! pgrep -P "$(pid_of proxy)"; }
settled() {
        local one two=$before tries=0
        faulty pass
        WAIT_S=5 wait_until at_rest || true
        until one=$(state) && [ "$one" = "$two" ]; do
                two=$one
                tries=$((tries + 1))
                [ $tries -lt 20 ] || break
        done
        after=$one
}

# judge: the record is what the system holds
judge() {
        local outcome
        outcome=$(jq -r 'if .changes == [] then "none" elif .changes[-1].outcome == -12 then "unknown" else .changes[-1].state end' <<<"$last")
        case $outcome in
        applied)                # what is read for the answer behind that may fail all the same
                [[ $last == '{"code":0,'* ]] || is_failure || fail "with $fault: it fails, and does not say why" "${last:0:600}"
                [ "$after" != "$before" ] || fail "with $fault: it says applied, and nothing changed" "${last:0:600}"
                ;;
        failed | none)
                is_failure || fail "with $fault: not applied is no failure, or does not say why" "${last:0:600}"
                [ "$after" = "$before" ] || fail "with $fault: it says $outcome, and it did change: $before, now $after" "${last:0:600}"
                ;;
        unknown) is_failure || fail "with $fault: nobody knows, and it does not say why" "${last:0:600}" ;;
        *) fail "with $fault: what is the outcome $outcome?" "${last:0:600}" ;;
        esac
        [ -n "$undo_change" ] || [ "$after" -le $((before + 1)) ] || fail "with $fault: once was wanted, and it was done more often" "${last:0:600}"
        outcomes+=" $outcome"
}

take_back() {
        [ "$after" != "$before" ] || return 0
        [ -z "$undo_change" ] || run "${undo_change%% *}" "${undo_change#* }"
        [ -n "$undo_change" ] || before=$after
}

# meet FAULT: the change through the proxy, judged
meet() {
        fault=$1
        anew
        faulty "$fault"
        timed run "${change%% *}" "${change#* }"
        settled
        judge
        take_back
}

# meet_all TURN FAULT…: each is a case: at the first turn, and where there is that turn, at it and all later ones, and
# what the check says
meet_all() {
        local n from=$1 one
        shift
        for one; do
                test_case "$row, bad days: $one"
                meet "$one"
                for ((n = from; n <= steps; n++)); do meet "$one from=$n"; done
                [ $from -le $steps ] || continue
                fault=$one
                faulty "$one"
                timed check
                is_failure || [[ $last == '{"code":0,'* && ! " refuse delay cut " =~ " $one " ]] ||
                        fail "check with $one does not say why, or that all is well" "${last:0:600}"
        done
}

suite_pass() {
        fault=pass
        before=$(state)
        faulty pass
        anew
        deadline_ms=30000 timed run "${change%% *}" "${change#* }"
        steps=$(turns)
        settled
        judge
        [ "$outcomes" = " applied" ] || fail "it cannot be done at all" "${last:0:600}"
        take_back
}

# ---- names: kept as they are, or refused with a reason; nothing between ----

suite_names_kept() {
        local name args
        behind=$config
        for name in "two words" "it's" 'quo"te' 'back\slash' "bücher.例え" xn--bcher-kva 'a;b|c&d' '$(id)' '%41<b>' '(paren)*star' \
                "$(printf 'n%.0s' {1..255})" "$(printf '要%.0s' {1..85})" $'two\nlines'; do
                fault="the name $name"
                before=$(state)
                args=$(jq -c --arg n "$name" "$named" <<<"${change#* }")
                timed run "${change%% *}" "$args"
                after=$(state)
                judge
                [[ $last != '{"code":0,'* ]] || equals "it is kept as it is" "$(seen_name)" "$name"
                [ "$after" = "$before" ] || [ -z "$undo_change" ] || undo_mock
        done
}

# ---- certificates that do not hold: the server's is for 127.0.0.1 and signed by itself, $tls_ca ----

# in_tls NAME [CA]: the configuration that goes to that name, and trusts this authority
in_tls() { config_with "$1:$tls_port" '.url |= sub("^[a-z]+://[^/]*"; "https://" + $to)' | jq -c --arg ca "${2:-}" 'if $ca == "" then . else .tls = {ca: $ca} end'; }
in_own_tls() { if [ -n "$1" ]; then jq -c --rawfile ca "$1" '.ca = $ca'; else jq -c 'del(.ca)'; fi; }

make_certificate() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$TEST_DIR/$1.key" -out "$TEST_DIR/$1.pem" \
                -days 2 -subj "/CN=$1" -addext subjectAltName=IP:127.0.0.1 2>/dev/null
}

start_tls() {
        make_certificate other
        [ -z "$tls_ca" ] || return 0
        make_certificate front
        tls_ca=$TEST_DIR/front.pem
        rm -f "$TEST_DIR/front.log"
        spawn front "$TOP/tests/tools/tls_front.py" "$target" "$tls_ca" "$TEST_DIR/front.key"
        check wait_until test -s "$TEST_DIR/front.log"
        tls_port=$(head -n 1 "$TEST_DIR/front.log")
}

# distrusts NAME [CA]: neither the check nor the change goes there, and both say why
distrusts() {
        local mode
        fault="TLS to $1"
        behind=$(in_tls "$@")
        for mode in check run; do
                timed $mode "${change%% *}" "${change#* }"
                shows "$mode says why" ".code == -6 and (.sentence | contains(\"$1\") and contains(\"certificate\") and test(\"\\\\bca\\\\b\"))"
        done
        settled
        judge
        equals "and nothing happened" "$after" "$before"
}

suite_tls() {
        start_tls
        fault="TLS that holds"
        behind=$(in_tls 127.0.0.1 "$tls_ca")
        deadline_ms=30000 timed check
        shows "where the certificate holds, it works" '.code == 0'
        anew
        deadline_ms=30000 timed run "${change%% *}" "${change#* }"
        settled
        judge
        shows "for changes, too" '.code == 0'
        take_back
        distrusts localhost "$tls_ca"
        distrusts 127.0.0.1 "$TEST_DIR/other.pem"
        distrusts 127.0.0.1
        [ ! -s "$TEST_DIR/front.pid" ] || end_process front || true
}

# ---- all of it ----

# bad_days SYSTEM: most at the first turn and at the last two, where a change is written and read back; fewer where a
# call takes long
bad_days() {
        local row=$1 good=$config behind before after fault steps outcomes= puts=$of_url deadline_ms=2000 change undo_change target told=() \
                tls_ca= tls_port= named= is_slow= late tickets=0 lies=("lie" "lie 204")
        target=$(jq -r '.url // "" | sub("^[a-z]+://"; "") | sub("/.*"; "")' <<<"$config")
        anew() { :; }
        "faults_$row"
        [ "$puts" = "$of_url" ] && [ -z "$tls_ca" ] || lies=()
        mapfile -t -O ${#told[@]} told < <(jq -r --arg s "$secrets" 'to_entries[] | select(.key | IN($s | split(" ")[])).value' <<<"$config")
        through "$target"
        behind=$(config_with "$proxy" "$puts")
        test_case "$row, bad days: pass"
        suite_pass
        late=$((steps > 3 ? steps - 1 : 2))
        if [ $is_slow ]; then
                meet_all $((steps + 1)) "drip 5" "end 7" redirect
                meet_all $late delay garble html refuse cut "${lies[@]:0:1}"
        else
                meet_all $((steps + 1)) "delay 400" "drip 5" deaf "cut 60" "end 7" "end 60"
                meet_all $late delay "cut 7" garble html redirect "${lies[@]}"
                meet_all 2 refuse cut
        fi
        echo "# $row: $steps turns; $(printf '%s\n' $outcomes | sort | uniq -c | sed 's/^ *//' | paste -sd, | sed 's/,/, /g')"
        [ -z "$named" ] || {
                test_case "$row, bad days: names"
                suite_names_kept
        }
        [ "$puts" != "$of_url" ] || {
                test_case "$row, bad days: certificates"
                suite_tls
        }
        end_process proxy || true
        config=$good
}
