# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain ticket has to keep, on one server. Sourced; the caller sets plugin, config,
# queue, kind (JSON), working, resolved, withdrawn (statuses), and defines, by clients that are not ours,
#   seen ID FIELD           subject, status, priority (our word), owner (login, or nothing), field "Ref No"
#   heard ID TEXT           how many comments say so
#   linked ID EXECUTION     how many links go there
#   count SUBJECT           how many tickets there are of that subject
#   foreign_command ID SUBJECT      the text of a command that changes the subject behind our back
#   foreign_comment ID TEXT

# open_ticket SUBJECT [MORE]: its id in $id
open_ticket() {
        run create "$(jq -nc --arg q "$queue" --arg s "$1" '{queue: $q, subject: $s}' | jq -c ". + {${2:-}}")"
        id=$(jq -r .result.id <<<"$last")
}
of() { echo "{\"id\": \"$id\"${1:+, }${1:-}}"; }
# unique NAME: a subject that no other part, plugin or home uses
unique() { echo "$1 of ${instance:-$via} $$"; }

suite_check() {
        call check
        shows "check works" '.code == 0'
}

suite_create() {
        local subject
        subject=$(unique "full disk")
        call plan create "{\"queue\": \"$queue\", \"subject\": \"$subject\", \"priority\": \"high\", \"owner\": \"ada\"}"
        shows "a plan shows the ticket, and no number" '.code == 0 and .result.changed and .result.id == null and
                .changes[0].state == "planned" and .changes[0].before == null and .changes[0].after.priority == "high"'
        equals "and makes none" "$(count "$subject")" 0
        open_ticket "$subject" '"priority": "high", "owner": "ada", "description": "one\ntwo", "fields": {"Ref No": "R-77"}'
        shows "one change, read back" ".changes | length == 1 and .[0].state == \"applied\" and .[0].observed.id == \"$id\" and
                .[0].resource == \"ticket/$queue/$subject\" and .[0].undo_action == \"withdraw\""
        shows "the ticket is answered" ".result.ticket | .subject == \"$subject\" and .closed == false and .owner == \"ada\" and .kind == $kind and
                .priority == \"high\" and .fields[\"Ref No\"] == \"R-77\" and .description == \"one\ntwo\" and (.executions | length == 1)"
        equals "the system has it" "$(seen "$id" subject)|$(seen "$id" priority)|$(seen "$id" owner)|$(seen "$id" field)" "$subject|high|ada|R-77"
        equals "linked to what opened it" "$(linked "$id" "$(jq -r '.result.ticket.executions[0]' <<<"$last")")" 1
        undo_create
}

# A number cannot be taken back: what undo leaves is a closed ticket.
undo_create() {
        "undo_$via"
        shows "undone" '.code >= 0 and .changes[0].after == null and .changes[0].observed == null'
        equals "it is closed" "$(seen "$id" status)" "$withdrawn"
        equals "and says why" "$(heard "$id" "Withdrawn: opened by mistake.")" 1
}

suite_update() {
        open_ticket "$(unique "to update")" '"priority": "low"'
        run update "$(of '"subject": "another one", "priority": "urgent", "owner": "ada", "fields": {"Ref No": "x"}')"
        shows "what was and is" '.changes[0].before == {subject: .changes[0].before.subject, priority: "low", owner: null, fields: {"Ref No": ""}} and
                .changes[0].observed == {subject: "another one", priority: "urgent", owner: "ada", fields: {"Ref No": "x"}}'
        equals "the system has it" "$(seen "$id" subject)|$(seen "$id" priority)|$(seen "$id" owner)|$(seen "$id" field)" "another one|urgent|ada|x"
        run update "$(of '"priority": "URGENT", "owner": "Ada"')"
        shows "the same in other letters changes nothing" '.result.changed == false and .changes == []'
        run update "$(of '"owner": null, "fields": {"Ref No": ""}')"
        equals "cleared" "$(seen "$id" owner)|$(seen "$id" field)" "|"
        undo
        equals "undone" "$(seen "$id" owner)|$(seen "$id" field)" "ada|x"
        run update "$(of "\"status\": \"${working^^}\"")"
        equals "a status, in any case" "$(seen "$id" status)" "$working"
        undo
        refuse -1 update "$(of '"owner": "nobody-such"')"
        refuse -1 update "$(of '"fields": {"No Such": "x"}')"
        refuse -1 update "$(of '"priority": "whatever"')"
        refuse -1 update "$(of)"
        refuse -3 update '{"id": "987654321", "subject": "x"}'
        equals "none of it did anything" "$(seen "$id" priority)|$(seen "$id" owner)" "urgent|ada"
}

suite_plan() {
        open_ticket "$(unique planned)"
        local before
        before=$(seen "$id" status)
        call plan resolve "$(of '"comment": "would be"')"
        shows "a plan tells what it would do" ".code == 0 and .result.changed and .changes[0].state == \"planned\" and
                .changes[0].before == {status: \"$before\"} and .changes[0].after == {status: \"$resolved\", comment: \"would be\"}"
        call plan comment "$(of '"text": "would be"')"
        shows "and what it would say" '.code == 0 and .result.comment == null and .changes[0].after.text == "would be"'
        call plan link "$(of '"execution": "abc"')"
        shows "and link" '.code == 0 and .changes[0].after == true'
        equals "and does nothing" "$(seen "$id" status)|$(heard "$id" "would be")|$(linked "$id" abc)" "$before|0|0"
}

suite_comment() {
        open_ticket "$(unique talked)"
        run comment "$(of '"text": "first\nline two"')"
        shows "one change without undo" '.changes | length == 1 and .[0].state == "applied" and .[0].undo_action == null'
        equals "the system has it, once" "$(heard "$id" $'first\nline two')" 1
        run comment "$(of '"text": "between us", "private": true')"
        run comment "$(of '"text": "first\nline two"')"
        equals "said again on purpose" "$(heard "$id" $'first\nline two')" 2
        run get "$(of)"
        shows "all are read, oldest first" '[.result.comments[].text] == ["first\nline two", "between us", "first\nline two"] and
                [.result.comments[].private] == [false, true, false]'
        run get "$(of '"comments": 1')"
        shows "or the latest" '[.result.comments[].text] == ["first\nline two"]'
        refuse -3 comment '{"id": "987654321", "text": "x"}'
}

suite_resolve() {
        open_ticket "$(unique solved)"
        local before
        before=$(seen "$id" status)
        run resolve "$(of '"comment": "mended"')"
        shows "read back" ".changes[0].observed == {status: \"$resolved\"} and .changes[0].undo_action == \"reopen\""
        equals "closed, and said why" "$(seen "$id" status)|$(heard "$id" mended)" "$resolved|1"
        undo
        equals "undone" "$(seen "$id" status)" "$before"
        run resolve "$(of)"
        run resolve "$(of '"comment": "again"')"
        shows "closed stays closed, silently" '.result.changed == false'
        equals "nothing was said" "$(heard "$id" again)" 0
        run reopen "$(of '"comment": "not yet"')"
        equals "open again" "$(seen "$id" status)|$(heard "$id" "not yet")" "$working|1"
        run reopen "$(of)"
        shows "open stays open" '.result.changed == false'
        refuse -3 resolve '{"id": "987654321"}'
}

suite_link() {
        open_ticket "$(unique linked)" '"description": "first words"'
        run link "$(of '"execution": "abc.1"')"
        shows "linked" '.changes[0].observed == true and (.result.executions | length == 2)'
        equals "the system has it" "$(linked "$id" abc.1)" 1
        undo
        equals "undone" "$(linked "$id" abc.1)" 0
        run unlink "$(of '"execution": "abc.1"')"
        shows "what is not there is not removed" '.result.changed == false'
        run link "$(of '"execution": "abc.1"')"
        run link "$(of '"execution": "abc.1"')"
        shows "once is enough" '.result.changed == false'
        run unlink "$(of '"execution": "abc.1"')"
        undo
        equals "back" "$(linked "$id" abc.1)" 1
        run get "$(of)"
        shows "the words stay as they were" '.result.description == "first words" and (.result.executions | index("abc.1"))'
}

suite_withdraw() {
        open_ticket "$(unique mistaken)"
        local before
        before=$(seen "$id" status)
        run withdraw "$(of)"
        shows "closed, not deleted" ".result == {changed: true, id: \"$id\", deleted: false}"
        equals "the system says so" "$(seen "$id" status)" "$withdrawn"
        undo
        equals "undone" "$(seen "$id" status)" "$before"
        run withdraw "$(of '"comment": "twice"')"
        run withdraw "$(of '"comment": "twice"')"
        shows "once is enough" '.result.changed == false'
        equals "said once" "$(heard "$id" twice)" 1
        run withdraw "{\"execution\": \"nothing\", \"queue\": \"$queue\", \"subject\": \"never was\"}"
        shows "what never was" '.result.changed == false and .result.id == null'
        refuse -1 withdraw "{\"execution\": \"x\"}"
}

suite_search() {
        local a b subject
        subject=$(unique "needle's 50% \\\"eye\\\"")
        open_ticket "$(echo -e "$subject" | tr -d '\\')" '"owner": "ada"'
        a=$id
        open_ticket "$(unique haystack)"
        b=$id
        run search "{\"queue\": \"$queue\", \"subject\": \"NEEDLE'S 50% \\\"eye\\\" of ${instance:-$via} $$\"}"
        shows "by a part of the subject, in any case" "[.result.tickets[].id] == [\"$a\"] and .result.count == 1 and .result.truncated == false"
        run search "{\"owner\": \"ada\", \"subject\": \"of ${instance:-$via} $$\", \"closed\": false}"
        shows "by owner" "[.result.tickets[].id] | index(\"$a\") != null and index(\"$b\") == null"
        run link "{\"id\": \"$b\", \"execution\": \"seek-$b\"}"
        run search "{\"execution\": \"seek-$b\"}"
        shows "by execution" "[.result.tickets[].id] == [\"$b\"]"
        run resolve "{\"id\": \"$b\"}"
        run search "{\"execution\": \"seek-$b\", \"closed\": true}"
        shows "closed ones" "[.result.tickets[].id] == [\"$b\"]"
        run search "{\"execution\": \"seek-$b\", \"closed\": false}"
        shows "open ones" '.result.tickets == []'
        run search "{\"status\": \"$resolved\", \"execution\": \"seek-$b\", \"updated_since\": \"2020-01-01T00:00:00Z\"}"
        shows "by status and time" "[.result.tickets[].id] == [\"$b\"]"
        run search '{"updated_since": "2099-01-01T00:00:00Z"}'
        shows "nothing from the future" '.result.count == 0'
        run search '{"limit": 1}'
        shows "no more than so many, the latest first" "(.result.tickets | length == 1) and .result.truncated and .result.tickets[0].id == \"$b\""
        run search '{"subject": "x'"' OR id > 0 OR Subject = '"'y"}'
        shows "a quote is a quote" '.result.count == 0'
}

suite_names() {
        local name
        for name in 'münchen.example ist voll' '"quotes" and '"'these'" 'a/slash & an %41 <b>' '日本語の件名、長いもの' '  spaced   out' \
                'back\slash' "$(printf 'n%.0s' {1..200})"; do
                open_ticket "$name"
                equals "as it was given: $name" "$(seen "$id" subject | sed 's/^ *//')" "$(sed 's/^ *//' <<<"$name")"
                run comment "$(jq -nc --arg id "$id" --arg t "$name" '{id: $id, text: $t}')"
                run withdraw "$(of)"
        done
        refuse -1 create "{\"queue\": \"$queue\", \"subject\": \"$(printf 'n%.0s' {1..201})\"}"
        refuse -1 create "{\"queue\": \"$queue\", \"subject\": \"two\nlines\"}"
        refuse -1 create "{\"queue\": \"$queue\", \"subject\": \" \"}"
        refuse -1 create '{"queue": "no-such-queue", "subject": "x"}'
        refuse -1 create "{\"queue\": \"$queue\", \"subject\": \"x\", \"owner\": \"nobody-such\"}"
        refuse -1 get '{"id": "1 OR 1"}'
}

# Somebody else changes the same field in the moment between announcing the change and making it.
suite_race() {
        open_ticket "$(unique raced)"
        local subject
        subject=$(seen "$id" subject)
        between=$(foreign_command "$id" "theirs")
        call run update "$(of '"subject": "ours"')"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and .changes[0].observed == {subject: "theirs"}'
        shows "that shows expected and found" ".sentence | contains(\"$subject\") and contains(\"theirs\")"
        equals "the foreign one survives" "$(seen "$id" subject)" theirs
        between=$(foreign_command "$id" "theirs again")
        run update "$(of '"priority": "urgent"')"
        between=
        equals "another field is none of our business" "$(seen "$id" subject)|$(seen "$id" priority)" "theirs again|urgent"
}

# Somebody changes the ticket between its plan and the plan's application.
suite_conflict() {
        local plan
        open_ticket "$(unique contended)"
        call plan update "$(of '"subject": "ours"')"
        plan=$(jq -r .id <<<"$last")
        eval "$(foreign_command "$id" "theirs")"
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "before, found, wanted" '.code == -4 and .conflict.found == {subject: "theirs"} and .conflict.wanted == {subject: "ours"}'
        equals "the foreign one survives" "$(seen "$id" subject)" theirs
        call plan create "{\"queue\": \"$queue\", \"subject\": \"$(unique applied)\"}"
        plan=$(jq -r .id <<<"$last")
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "a plan is applied as it is" '.code == 0 and .result.changed'
        equals "once" "$(count "$(unique applied)")" 1
}

suite_sensor() {
        store=$TEST_DIR/store.json
        rm -f "$store"
        call poll ticket.watch
        shows "the first look is no news" '.code == 0 and .events == []'
        call poll ticket.watch
        shows "nor is silence" '.code == 0 and .events == []'
        open_ticket "$(unique watched)"
        call poll ticket.watch
        shows "one is opened" ".code == 0 and ([.events[] | select(.trigger == \"created\") | .payload.id] == [\"$id\"])"
        foreign_comment "$id" "somebody says"
        eval "$(foreign_command "$id" "renamed")"
        call poll ticket.watch
        shows "a comment and a change" "[.events[] | select(.trigger == \"updated\" and .payload.id == \"$id\")] |
                any(.payload.commented) and any(.payload.changes[] | .after == \"renamed\") and all(.payload.subject == \"renamed\")"
        run resolve "$(of)"
        call poll ticket.watch
        shows "resolved, and updated" "([.events[] | select(.trigger == \"resolved\")] | length == 1 and .[0].payload.closed and
                .[0].payload.id == \"$id\") and ([.events[] | select(.trigger == \"updated\")] | length > 0)"
        shows "every event has an id of its own" '[.events[].id] | length == (unique | length) and all(. != null)'
        call poll ticket.watch
        shows "once" '.code == 0 and .events == []'
        store=
}

suite_event() {
        open_ticket "$(unique sensed)"
        run resolve "$(of)"
        check wait_until has_event created "$id"
        check wait_until has_event updated "$id"
        check wait_until has_event resolved "$id"
}
has_event() {
        api GET "/api/v1/triggerinstances?trigger=ticket.$1&limit=100" | jq -e --arg id "$2" 'any(.payload.id == $id)'
}

ticket_parts="check create update plan comment resolve link withdraw search names"
