# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain notify has to keep. Sourced; the instance has a target "ops", and a template
# "down" with {{host}} and {{when}}; the caller defines, by clients that are not ours,
#   taken             how many messages the other side has
#   last_subject, last_text    of the last of them, decoded
#   receiver          a receiver as an address of this system; refused_receiver: one that it refuses

to() { jq -nc --arg to "$1" --argjson more "{${2:-}}" '{to: $to} + $more'; }

suite_check() {
        local before
        before=$(taken)
        call check
        shows "check works" '.code == 0'
        equals "and sends nothing" "$(taken)" "$before"
        run target.list '{}'
        shows "receivers and templates" '[.result.targets[].to] == ["ops"] and .result.templates[0].template == "down"'
}

suite_send() {
        local before
        before=$(taken)
        call plan message.send "$(to "$(receiver)" '"subject": "Disk full", "text": "on web1"')"
        shows "a plan shows it whole" '.result.changed and .changes[0].state == "planned" and .changes[0].before == null and
                .changes[0].after == {subject: "Disk full", text: "on web1", severity: "info"} and .result.id == null'
        equals "and sends nothing" "$(taken)" "$before"
        run message.send "$(to "$(receiver)" '"subject": "Disk full", "text": "on web1\nand web2", "severity": "critical"')"
        shows "sent, recorded, with an id to be known by" '.changes[0].state == "applied" and .changes[0].undo_action == null and
                (.changes[0].resource | startswith("notify/")) and (.result.id | length > 5) and .result.after.text == "on web1\nand web2"'
        equals "taken once" "$(taken)" $((before + 1))
        equals "as it was written" "$(last_subject)|$(last_text | paste -sd/)" "Disk full|on web1/and web2"
        run message.send "$(to ops '"text": "by a name of the configuration"')"
        equals "a target by name" "$(last_text)" "by a name of the configuration"
}

suite_languages() {
        run message.send "$(to "$(receiver)" '"subject": "サーバー停止のお知らせ: 本番ウェブサーバー三号機が応答していません。至急確認してください", "text": "こんにちは、世界。\n.\n— ok 🙂"')"
        equals "the subject" "$(last_subject)" "サーバー停止のお知らせ: 本番ウェブサーバー三号機が応答していません。至急確認してください"
        equals "the text" "$(last_text | paste -sd/)" "こんにちは、世界。/./— ok 🙂"
        run message.send "$(to "$(receiver)" "\"text\": \"$(printf 'long line %.0s' {1..2000})\"")"
        equals "long lines" "$(last_text | wc -c)" 20001
}

suite_templates() {
        run message.send "$(to ops '"template": "down", "values": {"host": "web1", "when": 12}')"
        equals "filled in" "$(last_subject)|$(last_text)" "web1 is down|since 12"
        run message.send "$(to ops '"template": "down", "text": "other {{host}}", "values": {"host": "web2", "when": 12}')"
        equals "what is given wins" "$(last_subject)|$(last_text)" "web2 is down|other web2"
        run message.send "$(to ops '"text": "{{host}} as it stands"')"
        equals "without values, braces are braces" "$(last_text)" "{{host}} as it stands"
        refuse -1 message.send "$(to ops '"template": "down", "values": {"host": "web1"}')"
        shows "names what has no value" '.sentence | contains("when")'
        refuse -3 message.send "$(to ops '"template": "nope"')"
        refuse -1 message.send "$(to ops)"
}

# Nothing that is said in a message becomes a header or a receiver.
suite_injection() {
        local before
        before=$(taken)
        refuse -1 message.send "$(to ops '"text": "x", "subject": "a\r\nBcc: eve@example.test"')"
        refuse -1 message.send "$(to ops '"template": "down", "values": {"host": "a\r\nBcc: eve@example.test", "when": 1}')"
        refuse -1 message.send "$(to ops '"template": "down", "values": {"host": "a\nb", "when": 1}')"
        refuse -1 message.send "$(to 'ops@example.test\r\nRCPT TO:<eve@example.test>' '"text": "x"')"
        refuse -1 message.send "$(to 'a b@example.test' '"text": "x"')"
        equals "nothing was sent" "$(taken)" "$before"
}

suite_refusals() {
        local before
        before=$(taken)
        call run message.send "$(to "$(refused_receiver)" '"text": "x"')"
        shows "a receiver that is none" '.code < 0 and .changes[0].state == "failed" and .changes[0].observed == null and (.sentence | length > 20)'
        equals "and nothing is there" "$(taken)" "$before"
}

notify_parts="check send languages templates injection refusals"
