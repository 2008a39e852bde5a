# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain monitor has to keep. Sourced; the caller sets plugin, config and $at, that makes this
# run's names its own, and defines
#   prepare SERVER, fire SERVER, resolve SERVER    an alert with the labels server=SERVER and pool=app
#   silence_labels SERVER            labels that the system can silence it by
#   seen_silence NAME                "label=value,… seconds" of the one in force, by a client that is not ours
#   seen_labels SERVER               what that has to show for silence_labels SERVER
#   seen_acknowledged SERVER         0: not
#   foreign_silence_command NAME     a command that makes another silence of that name behind our back

alerts() { run alert.list "{\"labels\": {\"server\": \"$1-$at\"}}"; }
firing() { call run alert.list "{\"labels\": {\"server\": \"$1-$at\"}}" && jq -e '.result.count == 1' <<<"$last"; }
quiet() { call run alert.list "{\"labels\": {\"server\": \"$1-$at\"}}" && jq -e '.result.count == 0' <<<"$last"; }
silence() { echo "{\"name\": \"$1-$at\", \"labels\": $(silence_labels "web1-$at"), \"duration_s\": ${2:-600}, \"comment\": \"why \\\"so\\\" 要\"}"; }

suite_check() {
        call check
        shows "check works, and names the version" '.code == 0 and (.result.version | length) > 0'
}

suite_list() {
        prepare "web1-$at"
        alerts web1
        shows "nothing fires" '.result == {count: 0, truncated: false, alerts: []}'
        fire "web1-$at"
        check wait_until firing web1
        shows "one alert, as the contract says" ".result.alerts | length == 1 and (.[0] | .severity == \"critical\" and .labels.pool == \"app\" and
                .labels.server == \"web1-$at\" and .labels.alertname == .name and .annotations.summary == \"web1-$at is \\\"down\\\" 要\" and
                .acknowledged == false and .silenced == false and (.fingerprint | length) > 0 and (.starts_at | fromdateiso8601? // true))"
        run alert.list "{\"fingerprint\": $(jq -c '.result.alerts[0].fingerprint' <<<"$last")}"
        shows "by its fingerprint" '.result.count == 1'
        run alert.list '{"labels": {"server": "nobody"}}'
        shows "none with other labels" '.result.alerts == []'
}

suite_acknowledge() {
        local fingerprint
        alerts web1
        fingerprint=$(jq -c '.result.alerts[0].fingerprint' <<<"$last")
        run alert.acknowledge "{\"fingerprint\": $fingerprint, \"comment\": \"I look \\\"at\\\" it\"}"
        shows "one change, closed with what was read" ".changes | length == 1 and .[0].state == \"applied\" and .[0].observed == {acknowledged: true} and
                .[0].undo_action == \"alert.unacknowledge\""
        equals "the system says so" "$(seen_acknowledged "web1-$at")" 1
        alerts web1
        shows "and the list" '.result.alerts[0].acknowledged'
        run alert.acknowledge "{\"fingerprint\": $fingerprint}"
        shows "once is enough" '.result.changed == false and .changes == []'
        run alert.unacknowledge "{\"fingerprint\": $fingerprint}"
        equals "taken back" "$(seen_acknowledged "web1-$at")" 0
        run alert.unacknowledge "{\"fingerprint\": $fingerprint}"
        shows "nothing to take back" '.result.changed == false'
        run alert.acknowledge "{\"fingerprint\": $fingerprint}"
        undo
        equals "undone" "$(seen_acknowledged "web1-$at")" 0
        refuse -3 alert.acknowledge '{"fingerprint": "9999999999999999"}'
}

suite_silence() {
        run silence.create "$(silence s1)"
        shows "one change, closed with what was read" ".changes | length == 1 and .[0].state == \"applied\" and .[0].resource == \"monitor/silence/s1-$at\" and
                .[0].observed == .[0].after and .[0].undo_action == \"silence.remove\""
        shows "with its id and its end" '(.result.id | length) > 0 and (.result.ends_at | length) > 0'
        [[ $(seen_silence "s1-$at") =~ ^$(seen_labels "web1-$at")\ (600|599|601)$ ]] || fail "the system has another silence" "$(seen_silence "s1-$at")"
        run silence.list '{}'
        shows "it is listed" ".result.silences | map(select(.name == \"s1-$at\")) | length == 1 and .[0].comment == \"why \\\"so\\\" 要\" and .[0].labels.server == \"web1-$at\""
        run silence.create "$(silence s1)"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        refuse -4 silence.create "$(silence s1 1200)"
        run silence.remove "{\"name\": \"s1-$at\"}"
        equals "ended" "$(seen_silence "s1-$at")" ""
        undo
        [[ $(seen_silence "s1-$at") =~ ^$(seen_labels "web1-$at")\ (600|599|601)$ ]] || fail "undo made another silence" "$(seen_silence "s1-$at")"
        run silence.remove "{\"name\": \"s1-$at\"}"
        run silence.remove "{\"name\": \"s1-$at\"}"
        shows "once is enough" '.result.changed == false and .changes == []'
        run silence.create "$(silence s1)"
        undo
        equals "undone" "$(seen_silence "s1-$at")" ""
}

suite_plan() {
        call plan silence.create "$(silence p1)"
        shows "a plan tells what it would do" '.code == 0 and .result.changed and .result.id == "" and .changes[0].state == "planned" and
                .changes[0].before == null and .changes[0].after.duration_s == 600'
        equals "and does nothing" "$(seen_silence "p1-$at")" ""
}

# Applied later than it was planned: how long it lasts counts from then.
suite_apply() {
        local plan
        call plan silence.create "$(silence p2)"
        plan=$(jq -r .id <<<"$last")
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}' -H 'Prefer: wait=30')")
        shows "applied" '.code == 0 and .changes[0].state == "applied"'
        equals "it is there" "$(seen_silence "p2-$at" | wc -l)" 1
        run silence.remove "{\"name\": \"p2-$at\"}"
}

suite_conflict() {
        local plan
        call plan silence.create "$(silence p3)"
        plan=$(jq -r .id <<<"$last")
        bash -c "$(foreign_silence_command "p3-$at")"
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}' -H 'Prefer: wait=30')")
        shows "a conflict" '.code == -4'
        run silence.list '{}'
        shows "the foreign one survives" ".result.silences | map(select(.name == \"p3-$at\").comment) == [\"foreign\"]"
        run silence.remove "{\"name\": \"p3-$at\"}"
}

suite_race() {
        between=$(foreign_silence_command "r1-$at")
        call run silence.create "$(silence r1)"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and (.sentence | contains("somebody else"))'
        run silence.remove "{\"name\": \"r1-$at\"}"
}

suite_refusals() {
        refuse -1 silence.create '{"name": "x y", "labels": {"server": "a"}}'
        refuse -1 silence.create '{"name": "x", "labels": {}}'
        refuse -1 silence.create '{"name": "x", "labels": {"server": "a"}, "duration_s": 61}'
        refuse -1 alert.acknowledge '{"fingerprint": "a b"}'
}

suite_resolve() {
        resolve "web1-$at"
        check wait_until quiet web1
}

polled() {
        call poll alert.watch
        jq -e "$1" <<<"$last"
}
poll_until() { wait_until polled "$1" || fail "the sensor does not tell" "wanted: $1" "${last:0:900}"; }

suite_sensor() {
        store=$TEST_DIR/store.json
        rm -f "$store"
        prepare "web2-$at"
        call poll alert.watch
        shows "the first look is no event" '.code == 0 and .events == []'
        fire "web2-$at"
        poll_until ".events | length == 1 and (.[0] | .trigger == \"alert\" and (.id | contains(\"firing\")) and (.payload | .status == \"firing\" and .labels.server == \"web2-$at\" and
                .labels.pool == \"app\" and .ends_at == null and .severity == \"critical\" and .source == \"mock\" and .name == .labels.alertname))"
        call poll alert.watch
        shows "once" '.events == []'
        resolve "web2-$at"
        poll_until ".events | length == 1 and (.[0] | .trigger == \"alert\" and (.id | contains(\"resolved\")) and (.payload | .status == \"resolved\" and .labels.server == \"web2-$at\" and
                (.ends_at | length) > 0))"
        call poll alert.watch
        shows "once" '.events == []'
        store=
}

# The hub polls; what it makes of a turn is an event of the domain.
suite_event() {
        local waited
        prepare "web3-$at"
        waited=$(date +%s%N)
        fire "web3-$at"
        check wait_until has_event "web3-$at" firing
        echo "# $system: firing was an event after $((($(date +%s%N) - waited) / 1000000)) ms, polled each second"
        resolve "web3-$at"
        check wait_until has_event "web3-$at" resolved
        check_equal "1 1" "$(count_events "web3-$at" firing) $(count_events "web3-$at" resolved)" "each turn once"
}
events_of() { api GET "/api/v1/triggerinstances?trigger=monitor.alert&limit=100" | jq -c --arg s "$1" --arg t "$2" --arg i "$instance" \
        'map(select(.payload.labels.server == $s and .payload.status == $t and .payload.source == $i))'; }
has_event() { events_of "$1" "$2" | jq -e 'length > 0'; }
count_events() { events_of "$1" "$2" | jq length; }

monitor_parts="check list acknowledge silence plan refusals"
