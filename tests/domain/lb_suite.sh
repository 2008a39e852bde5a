# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain lb has to keep. Sourced; the caller has two pools, be_a with the servers s1
# and s2 and be_b with s3, all with weight 100 and up, and defines
#   status POOL SERVER, weight POOL SERVER     what the balancer says, by a client that is not ours
#   foreign_command POOL SERVER WEIGHT         a command that changes a weight behind our back
#   front POOL                                 where the pool takes HTTP; backends answer their name
#   stop_backend SERVER, start_backend SERVER  the backends themselves
#   spare                                      a free address for one more backend

on() { echo "{\"pool\": \"$1\", \"server\": \"$2\"${3:+, }${3:-}}"; }

# Who answers N requests, counted: "100 s1 100 s2"; a request that fails counts as "failed".
traffic() {
        local n
        for ((n = 0; n < $2; n++)); do
                curl -sf -m 5 "http://$(front "$1")/" || echo failed
        done | sort | uniq -c | xargs
}

# shares WHAT COUNTS SERVER=MIN-MAX…: each answered so often, nobody else did, no request failed
shares() {
        local what=$1 counts=$2 one n
        shift 2
        for one; do
                n=$(sed -nE "s/.*\b([0-9]+) ${one%%=*}\b.*/\1/p" <<<"$counts")
                one=${one#*=}
                [ "${n:-0}" -ge "${one%-*}" ] && [ "${n:-0}" -le "${one#*-}" ] || fail "$what" "found: $counts"
        done
        [ "$(wc -w <<<"$counts")" -eq $(($# * 2)) ] || fail "$what, and nobody else" "found: $counts"
}

# Health checks take a moment to tell; nothing else here does.
until_status() {
        wait_until is_status "$1" "$2" "$3" || fail "$1/$2 does not become $3" "it is $(status "$1" "$2")"
}
is_status() { case $(status "$1" "$2") in $3*) ;; *) return 1 ;; esac; }

suite_check() {
        call check
        shows "check works" '.code == 0 and .result.change'
}

suite_read() {
        run server.list '{}'
        shows "all servers" '[.result.servers[] | .pool + "/" + .server] | sort == ["be_a/s1", "be_a/s2", "be_b/s3"]'
        shows "with their values" '.result.servers | all(.state == "ready" and .weight == 100 and .check)'
        shows "with their health, where it is checked" '.result.servers | all(.health == (if '$lb_checks' then "up" else "unknown" end))'
        run server.list '{"pool": "be_b"}'
        shows "of one pool" '[.result.servers[].server] == ["s3"]'
        run pool.list '{}'
        shows "the pools" '.result.pools | map(select(.pool == "be_a"))[0] | .servers == 2 and .serving == 2 and .status == "UP"'
        refuse -3 server.list '{"pool": "nope"}'
}

suite_stats() {
        traffic be_a 4 >/dev/null
        run pool.stats '{"pool": "be_a"}'
        shows "what it carries" '.result.sessions_total >= 4 and .result.bytes_out > 0 and (.result.by_server | length == 2)'
        refuse -3 pool.stats '{"pool": "nope"}'
}

suite_drain() {
        run server.state "$(on be_a s1 '"state": "drain"')"
        shows "one change, read back" '.result.changed and (.changes | length == 1) and .changes[0].state == "applied" and
                .changes[0].resource == "lb/be_a/s1" and .changes[0].before.state == "ready" and
                .changes[0].observed.state == "drain" and .changes[0].observed == .changes[0].after'
        shows "and the sessions it has" '.result.sessions == 0'
        equals "the balancer says so" "$(status be_a s1)" DRAIN
        equals "no traffic to it, no failure" "$(traffic be_a 200)" "200 s2"
        run server.state "$(on be_a s1 '"state": "drain"')"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        run server.state "$(on be_a s1 '"state": "maint"')"
        equals "maint" "$(status be_a s1)" MAINT
        undo
        until_status be_a s1 DRAIN
        run server.state "$(on be_a s1 '"state": "ready"')"
        shares "traffic is back" "$(traffic be_a 20)" s1=6-14 s2=6-14
}

suite_weight() {
        run server.weight "$(on be_a s1 '"weight": 25')"
        equals "the balancer says so" "$(weight be_a s1)" 25
        shares "a fifth of the traffic" "$(traffic be_a 50)" s1=6-14 s2=36-44
        run server.weight "$(on be_a s1 '"weight": 25')"
        shows "the same again changes nothing" '.result.changed == false'
        run server.weight "$(on be_a s1 '"weight": 100')"
        equals "as before" "$(weight be_a s1)" 100
        undo
        equals "undone" "$(weight be_a s1)" 25
        undo
        equals "and done again" "$(weight be_a s1)" 100
        refuse -1 server.weight "$(on be_a s1 '"weight": 257')"
}

suite_plan() {
        call plan server.state "$(on be_a s1 '"state": "drain"')"
        shows "a plan tells what it would do" '.result.changed and .changes[0].state == "planned" and .changes[0].after.state == "drain"'
        call plan server.remove "$(on be_a s1)"
        shows "and what would go" '.changes[0].after == null and .changes[0].undo_action == "server.add"'
        call plan server.state "$(on be_b s3 '"state": "drain"')"
        shows "and what the floor forbids" '.code == -13'
        equals "and does nothing" "$(status be_a s1)" UP
}

suite_floor() {
        refuse -13 server.state "$(on be_b s3 '"state": "drain"')"
        shows "says how to go on" '.sentence | contains("force")'
        refuse -13 server.state "$(on be_b s3 '"state": "maint"')"
        refuse -13 server.weight "$(on be_b s3 '"weight": 0')"
        refuse -13 server.remove "$(on be_b s3)"
        equals "it serves" "$(traffic be_b 3)" "3 s3"
        run server.state "$(on be_b s3 '"state": "drain", "force": true')"
        equals "with force it goes" "$(status be_b s3)" DRAIN
        undo
        equals "and comes back" "$(traffic be_b 3)" "3 s3"
        run server.state "$(on be_a s1 '"state": "drain"')"
        refuse -13 server.state "$(on be_a s2 '"state": "maint"')"
        run server.state "$(on be_a s1 '"state": "ready"')"
}

# What is down serves nobody: it does not count, and it can go.
suite_floor_down() {
        stop_backend s2
        until_status be_a s2 DOWN
        refuse -13 server.state "$(on be_a s1 '"state": "drain"')"
        run server.state "$(on be_a s2 '"state": "maint"')"
        run server.state "$(on be_a s2 '"state": "ready"')"
        start_backend s2
        until_status be_a s2 UP
}

suite_add_remove() {
        local address
        address=$(backend_of s3)
        run server.add "$(on be_a s9 "\"address\": \"$address\", \"weight\": 100")"
        shows "a new server" '.result.before == null and .changes[0].undo_action == "server.remove" and
                .changes[0].observed == {address: .changes[0].after.address, check: true, state: "ready", weight: 100}'
        until_status be_a s9 UP
        shares "gets its share" "$(traffic be_a 30)" s1=4-18 s2=4-18 s3=4-18
        run server.add "$(on be_a s9 "\"address\": \"$address\", \"weight\": 100")"
        shows "the same again changes nothing" '.result.changed == false'
        refuse -4 server.add "$(on be_a s9 '"address": "127.0.0.1:9"')"
        run server.remove "$(on be_a s9)"
        equals "gone" "$(status be_a s9)" ""
        undo
        run server.remove "$(on be_a s9)"
        run server.remove "$(on be_a s9)"
        shows "removing nothing changes nothing" '.result.changed == false'
        run server.remove "$(on be_a s2)"
        equals "one of the configuration's" "$(traffic be_a 4)" "4 s1"
        undo
        until_status be_a s2 UP
        shares "and back" "$(traffic be_a 20)" s1=6-14 s2=6-14
}

# A server that still answers somebody is not deleted under him.
suite_sessions() {
        local slow
        slow=$(spare)
        setsid socat "TCP-LISTEN:${slow##*:},bind=127.0.0.1,fork,reuseaddr" 'SYSTEM:sleep 30' >/dev/null 2>&1 &
        local listener=$!
        run server.add "$(on be_b slow "\"address\": \"$slow\", \"check\": false")"
        run server.state "$(on be_b s3 '"state": "drain", "force": true')"
        curl -s -m 20 -o /dev/null "http://$(front be_b)/" &
        local client=$!
        until_sessions be_b slow 1
        run server.state "$(on be_b s3 '"state": "ready"')"
        run server.state "$(on be_b slow '"state": "drain"')"
        shows "the drain tells of the session" '.result.sessions == 1'
        refuse -5 server.remove "$(on be_b slow)"
        shows "which is as it was" '.changes[0].state == "failed" and .changes[0].observed == .changes[0].before'
        kill $client; kill -- -$listener
        wait $client $listener 2>/dev/null || true
        until_sessions be_b slow 0
        run server.remove "$(on be_b slow)"
}

until_sessions() {
        wait_until has_sessions "$1" "$2" "$3" || fail "$1/$2 does not come to $3 sessions" "it has $(sessions "$1" "$2")"
}
has_sessions() { [ "$(sessions "$1" "$2")" = "$3" ]; }

suite_race() {
        between=$(foreign_command be_a s1 33)
        call run server.state "$(on be_a s1 '"state": "drain"')"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and (.sentence | contains("33"))'
        equals "the foreign value survives" "$(weight be_a s1)" 33
        equals "ours was not made" "$(status be_a s1)" UP
        run server.weight "$(on be_a s1 '"weight": 100')"
}

# Somebody changes the server between its plan and the plan's application.
suite_conflict() {
        local plan
        call plan server.state "$(on be_a s1 '"state": "drain"')"
        plan=$(jq -r .id <<<"$last")
        bash -c "$(foreign_command be_a s1 44)" >/dev/null
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "before, found, wanted" '.code == -4 and .conflict.before.weight == 100 and .conflict.found.weight == 44 and
                .conflict.wanted.state == "drain"'
        equals "the foreign value survives" "$(weight be_a s1)" 44
        equals "ours was not made" "$(status be_a s1)" UP
        run server.weight "$(on be_a s1 '"weight": 100')"
}

suite_refusals() {
        refuse -3 server.state "$(on be_a nobody '"state": "drain"')"
        shows "says whom there is" '.sentence | contains("s1, s2")'
        refuse -3 server.state "$(on nope s1 '"state": "drain"')"
        refuse -1 server.state "$(on be_a s1 '"state": "off"')"
        refuse -1 server.state "$(on be_a 's1; shutdown' '"state": "drain"')"
        refuse -1 server.state "$(on be_a 's1\n' '"state": "drain"')"
        refuse -1 server.add "$(on be_a s8 '"address": "127.0.0.1"')"
        refuse -1 server.add "$(on be_a s8 '"address": "127.0.0.1:80 ssl"')"
}

# poll_until FILTER: poll until the events fit
poll_until() { wait_until polled "$1" || fail "the sensor does not tell" "wanted: $1" "${last:0:900}"; }
polled() {
        call poll server.watch
        jq -e "$1" <<<"$last"
}

# The hub polls; what it makes of a turn is an event.
suite_event() {
        stop_backend s2
        check wait_until has_event server.down
        start_backend s2
        check wait_until has_event server.up
        until_status be_a s2 UP
}
has_event() {
        api GET "/api/v1/triggerinstances?trigger=lb.$1&limit=100" |
                jq -e 'map(select(.payload.pool == "be_a" and .payload.server == "s2")) | length > 0'
}

suite_sensor() {
        store=$TEST_DIR/store.json
        rm -f "$store"
        call poll server.watch
        shows "the first look is no event" '.code == 0 and .events == []'
        stop_backend s2
        poll_until '.events == [.events[0]] and (.events[0] | .trigger == "server.down" and .payload.pool == "be_a" and
                .payload.server == "s2" and (.payload.status | startswith("DOWN")) and (.payload.previous | startswith("UP")))'
        call poll server.watch
        shows "once" '.events == []'
        start_backend s2
        poll_until '.events == [.events[0]] and .events[0].trigger == "server.up" and .events[0].payload.server == "s2"'
        run server.state "$(on be_a s2 '"state": "maint"')"
        call poll server.watch
        shows "maintenance is no failure" '.code == 0 and .events == []'
        run server.state "$(on be_a s2 '"state": "ready"')"
        call poll server.watch
        shows "nor is its end a recovery" '.events == []'
        store=
}

# Pools come and go, where they can: made here, a front sends to it, taken away again.
suite_pools() {
        local servers
        servers="[{\"server\": \"m1\", \"address\": \"$(backend_of s1)\"}, {\"server\": \"m2\", \"address\": \"$(backend_of s3)\", \"state\": \"drain\"}]"
        call plan pool.create '{"pool": "made", "servers": '"$servers"'}'
        shows "a plan tells what it would make" '.result.changed and .changes[0].after.servers.m2.state == "drain"'
        run pool.create '{"pool": "made", "servers": '"$servers"'}'
        shows "a new pool, read back" '.result.before == null and .changes[0].resource == "lb/made" and
                .changes[0].observed == .changes[0].after and .changes[0].undo_action == "pool.remove"'
        run pool.create '{"pool": "made", "servers": '"$servers"'}'
        shows "the same again changes nothing" '.result.changed == false'
        refuse -4 pool.create '{"pool": "made"}'
        open_front made
        equals "it serves" "$(traffic made 5)" "5 s1"
        refuse -13 pool.remove '{"pool": "made"}'
        refuse -6 pool.remove '{"pool": "made", "force": true}'
        shows "not while somebody sends to it" '.changes[0].state == "failed" and .changes[0].observed == .changes[0].before'
        equals "it still serves" "$(traffic made 5)" "5 s1"
        close_front made
        run pool.remove '{"pool": "made", "force": true}'
        shows "gone" '.result.after == null and .changes[0].observed == null'
        undo
        run pool.list '{}'
        shows "and back" '.result.pools | map(select(.pool == "made"))[0] | .servers == 2 and .serving == 1'
        run server.remove "$(on made m2)"
        run server.remove "$(on made m1 '"force": true')"
        run pool.list '{}'
        shows "a pool can be empty" '.result.pools | map(select(.pool == "made"))[0].servers == 0'
        run pool.remove '{"pool": "made"}'
        run pool.remove '{"pool": "made"}'
        shows "removing nothing changes nothing" '.result.changed == false'
        run pool.create '{"pool": "made"}'
        undo
}

# What the system refuses is put back, and it serves on as before.
suite_backs_out() {
        break_configuration
        refuse -6 server.state "$(on be_a s1 '"state": "drain"')"
        shows "says what is wrong" '(.sentence | contains("nonsense")) and .changes[0].observed == .changes[0].before'
        equals "as it was" "$(status be_a s1)" UP
        shares "and serves" "$(traffic be_a 20)" s1=6-14 s2=6-14
        call check
        shows "check says so too" '.code == -6'
        mend_configuration
        run server.state "$(on be_a s1 '"state": "drain"')"
        equals "mended" "$(traffic be_a 4)" "4 s2"
        undo
        echo 'server 192.0.2.1;' >>"$NGINX_POOLS_DIR/be_a.conf"
        refuse -4 server.state "$(on be_a s1 '"state": "drain"')"
        shows "what people wrote in their own way is theirs" '.sentence | contains("be_a.conf")'
        sed -i '$d' "$NGINX_POOLS_DIR/be_a.conf"
        run server.list '{}'
}

lb_parts="check read drain weight plan floor add_remove sessions refusals"
