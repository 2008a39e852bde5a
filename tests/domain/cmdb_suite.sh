# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain cmdb has to keep. Sourced; the caller sets plugin, config and $at, a name that this
# run's items end in, and defines
#   seen KIND NAME FIELD             status, mail, serial, location, role, description, depends_on or name, as a client
#                                    that is not ours sees it; nothing where there is no such item
#   foreign_command NAME TEXT        a command that changes a server's description behind our back
#   foreign_delete KIND NAME

on() { echo "{\"name\": \"$1.$at\"${2:+, }${2:-}}"; }
item() { run item.get "$(on "$@")"; }

suite_check() {
        call check
        shows "check works, and names the version" '.code == 0 and (.result.version | length) > 0'
}

suite_create() {
        run item.create "$(on web1 '"status": "active", "owner": {"name": "Hana", "mail": "hana@example.test"},
                "attributes": {"serial": "S-1", "location": "tokyo", "role": "web", "description": "first \"one\" <b> 要"}')"
        shows "it was not there, it is now" '.result.changed and .result.before == null and .result.after.status == "active" and
                .result.after.attributes.serial == "S-1"'
        shows "one change, announced and closed with what was read" ".changes | length == 1 and .[0].state == \"applied\" and
                .[0].resource == \"cmdb/server/web1.$at\" and .[0].observed == .[0].after and .[0].undo_action == \"item.remove\""
        equals "the system says so" "$(seen server "web1.$at" status) $(seen server "web1.$at" serial) $(seen server "web1.$at" location)" "active S-1 tokyo"
        equals "with its text" "$(seen server "web1.$at" description)" 'first "one" <b> 要'
        equals "and its owner" "$(seen server "web1.$at" mail)" hana@example.test
        item web1
        shows "get shows what create wrote" '.result.owner == {name: "Hana", mail: "hana@example.test"} and .result.attributes.role == "web" and
                .result.kind == "server" and (.result.id | length) > 0 and (.result.url | startswith("http"))'
        run item.create "$(on web1 '"status": "active", "owner": {"name": "Hana", "mail": "hana@example.test"},
                "attributes": {"serial": "S-1", "location": "tokyo", "role": "web", "description": "first \"one\" <b> 要"}')"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        refuse -4 item.create "$(on web1 '"attributes": {"serial": "S-2"}')"
        run item.create "$(on gone)"
        undo
        equals "undone" "$(seen server "gone.$at" name)" ""
        refuse -3 item.get "$(on gone)"
}

suite_update() {
        run item.update "$(on web1 '"status": "failed", "attributes": {"serial": "S-9", "description": null, "location": "osaka"}')"
        shows "only what was named" '.result.after.attributes.role == "web" and .result.after.owner.mail == "hana@example.test" and
                (.result.after.attributes | has("description") | not)'
        equals "the system says so" "$(seen server "web1.$at" status) $(seen server "web1.$at" serial) $(seen server "web1.$at" location)" "failed S-9 osaka"
        equals "the description is empty" "$(seen server "web1.$at" description)" ""
        undo
        equals "all of it is back" "$(seen server "web1.$at" status) $(seen server "web1.$at" serial) $(seen server "web1.$at" location) $(
                seen server "web1.$at" description)" 'active S-1 tokyo first "one" <b> 要'
        run item.update "$(on web1 '"attributes": {"serial": "S-1"}')"
        shows "what is so already is no change" '.result.changed == false and .changes == []'
        refuse -3 item.update "$(on nobody '"status": "failed"')"
}

suite_owner() {
        run item.update "$(on web1 '"owner": {"mail": "bob@example.test"}')"
        equals "another owner" "$(seen server "web1.$at" mail)" bob@example.test
        undo
        equals "and back" "$(seen server "web1.$at" mail)" hana@example.test
        run item.update "$(on web1 '"owner": null')"
        equals "nobody" "$(seen server "web1.$at" mail)" ""
        shows "is null" '.result.after.owner == null'
        undo
        item web1
        shows "with the name" '.result.owner == {name: "Hana", mail: "hana@example.test"}'
        refuse -1 item.update "$(on web1 '"owner": {"mail": "not an address"}')"
}

suite_status() {
        local status
        for status in planned active failed offline; do
                run item.update "$(on web1 "\"status\": \"$status\"")"
                equals "$status" "$(seen server "web1.$at" status)" $status
                item web1
                shows "$status is read" ".result.status == \"$status\""
        done
        run item.update "$(on web1 '"status": "active"')"
}

suite_relate() {
        run item.create "$(on app1 '"kind": "vm"')"
        run item.create "$(on db1)"
        run item.relate "$(on app1 "\"kind\": \"vm\", \"to\": \"server/web1.$at\"")"
        shows "recorded, and undone by its opposite" '.result.changed and .changes[0].undo_action == "item.unrelate"'
        equals "the system holds it" "$(seen vm "app1.$at" depends_on)" "server/web1.$at"
        undo
        equals "undone" "$(seen vm "app1.$at" depends_on)" ""
        run item.relate "$(on app1 "\"kind\": \"vm\", \"to\": \"server/web1.$at\"")"
        run item.relate "$(on app1 "\"kind\": \"vm\", \"to\": \"server/db1.$at\"")"
        run item.relate "$(on app1 "\"kind\": \"vm\", \"to\": \"server/db1.$at\"")"
        shows "the same again changes nothing" '.result.changed == false'
        equals "both" "$(seen vm "app1.$at" depends_on)" "server/db1.$at server/web1.$at"
        run item.relate "$(on web1 "\"to\": \"server/db1.$at\"")"
        refuse -3 item.relate "$(on app1 "\"kind\": \"vm\", \"to\": \"server/nobody.$at\"")"
}

suite_dependents() {
        run item.dependents "$(on web1)"
        shows "what depends on web1" "[.result.dependents[] | [.kind, .name, .depth]] == [[\"vm\", \"app1.$at\", 1]]"
        run item.dependents "$(on db1 '"depth": 1')"
        shows "on db1 itself" "[.result.dependents[].name] | sort == [\"app1.$at\", \"web1.$at\"]"
        run item.unrelate "$(on app1 "\"kind\": \"vm\", \"to\": \"server/db1.$at\"")"
        run item.dependents "$(on db1)"
        shows "and through web1" ".result.dependents | map([.name, .depth, .through]) == [[\"web1.$at\", 1, \"server/db1.$at\"],
                [\"app1.$at\", 2, \"server/web1.$at\"]]"
        run item.dependents "$(on app1 '"kind": "vm"')"
        shows "on app1 nothing" '.result.dependents == []'
        refuse -3 item.dependents "$(on nobody)"
}

suite_retire() {
        refuse -13 item.retire "$(on web1)"
        shows "names who would mind" ".sentence | contains(\"vm/app1.$at\")"
        refuse -13 item.remove "$(on web1)"
        run item.retire "$(on web1 '"force": true')"
        equals "with force it is retired" "$(seen server "web1.$at" status)" retired
        run item.retire "$(on web1)"
        shows "once is enough" '.result.changed == false'
        run item.update "$(on web1 '"status": "active"')"
        run item.retire "$(on app1 '"kind": "vm"')"
        undo
        equals "undone" "$(seen vm "app1.$at" status)" active
        run item.retire "$(on app1 '"kind": "vm"')"
        run item.retire "$(on web1)"
        shows "what is retired does not mind" '.result.changed'
        undo
}

suite_search() {
        run item.search "{\"text\": \".$at\"}"
        shows "by a part of the name, in its order" "[.result.items[].name] == [\"app1.$at\", \"db1.$at\", \"web1.$at\"] and .result.truncated == false"
        run item.search "{\"text\": \"${at^^}\", \"kind\": \"server\", \"limit\": 1}"
        shows "in any case, cut off" "[.result.items[].name] == [\"db1.$at\"] and .result.truncated"
        run item.search "{\"text\": \".$at\", \"owner\": \"hana@example.test\"}"
        shows "by owner" "[.result.items[].name] == [\"web1.$at\"] and .result.items[0].owner.name == \"Hana\""
        run item.search "{\"text\": \".$at\", \"status\": \"retired\"}"
        shows "by status" "[.result.items[].name] == [\"app1.$at\"]"
        run item.search "{\"text\": \".$at\", \"attributes\": {\"serial\": \"S-1\"}}"
        shows "by attribute" "[.result.items[].name] == [\"web1.$at\"]"
        run item.search '{"text": "no such \"name\" & more"}'
        shows "nothing" '.result == {count: 0, truncated: false, items: []}'
}

suite_plan() {
        call plan item.update "$(on web1 '"status": "offline"')"
        shows "a plan tells what it would do" '.code == 0 and .result.changed and .changes[0].state == "planned" and
                .changes[0].before.status == "active" and .changes[0].after.status == "offline"'
        call plan item.create "$(on new1)"
        shows "and what would be" '.changes[0].before == null and .changes[0].after.status == "active"'
        call plan item.remove "$(on web1 '"force": true')"
        shows "and what would go" '.changes[0].after == null'
        equals "and does nothing" "$(seen server "web1.$at" status)$(seen server "new1.$at" name)" active
}

suite_remove() {
        run item.remove "$(on app1 '"kind": "vm"')"
        equals "gone" "$(seen vm "app1.$at" name)" ""
        shows "can be written again" '.changes[0].undo_action == "item.create"'
        undo
        equals "back, with what it depends on" "$(seen vm "app1.$at" status) $(seen vm "app1.$at" depends_on)" "retired server/web1.$at"
        run item.remove "$(on app1 '"kind": "vm"')"
        run item.remove "$(on app1 '"kind": "vm"')"
        shows "removing nothing changes nothing" '.result.changed == false and .changes == []'
}

# A name is kept as it is, or refused with a reason; nothing between.
suite_names() {
        local name args
        for name in "a b" 'q"uote' "it's" 'back\slash' "サーバ" 'a/b' '100%' 'a&b=c;d#e' '{"x":1}' "$(printf 'n%0254d' 1)"; do
                args=$(jq -nc --arg n "$name.$at" '{name: $n[-255:]}')
                name=$(jq -r .name <<<"$args")
                call run item.create "$args"
                if [[ $last == '{"code":0,'* ]]; then
                        equals "$name is there" "$(seen server "$name" name)" "$name"
                        shows "a slash in a name is no border in a resource" ".changes[0].resource | split(\"/\") | length == 3"
                        run item.get "$args"
                        undo_create "$args"
                        equals "$name is gone" "$(seen server "$name" name)" ""
                else
                        shows "$name is refused with a reason" '.code == -1 and (.sentence | length) > 40 and .changes == []'
                fi
        done
        refuse -1 item.get '{"name": ""}'
        refuse -1 item.get '{"name": "a\nb"}'
        refuse -1 item.get "$(jq -nc '{name: ("x" * 256)}')"
        call run item.get "$(on web1 '"kind": "elephant"')"
        shows "a kind that is not kept" '.code == -1 or .code == -4'
}
undo_create() { run item.remove "$1"; }

suite_refusals() {
        refuse -1 item.update "$(on web1 '"attributes": {"no_such_attribute": "x"}')"
        equals "nothing was written" "$(seen server "web1.$at" status)" active
        refuse -1 item.update "$(on web1 '"attributes": {"Bad Name": "x"}')"
        refuse -1 item.update "$(on web1 '"status": "Nonsense!"')"
        refuse -1 item.relate "$(on web1 '"to": "web1"')"
}

suite_race() {
        between=$(foreign_command "web1.$at" foreign)
        call run item.update "$(on web1 '"attributes": {"description": "ours"}')"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and (.sentence | contains("somebody else"))'
        equals "the foreign value survives" "$(seen server "web1.$at" description)" foreign
}

# Somebody changes the item between its plan and the plan's application.
suite_conflict() {
        local plan
        call plan item.update "$(on web1 '"status": "failed"')"
        plan=$(jq -r .id <<<"$last")
        bash -c "$(foreign_command "web1.$at" "foreign too")"
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}' -H 'Prefer: wait=30')")
        shows "before, found, wanted" '.code == -4 and .conflict.found.attributes.description == "foreign too" and .conflict.wanted.status == "failed"'
        equals "ours was not made" "$(seen server "web1.$at" status)" active
}

polled() {
        call poll item.log
        jq -e "$1" <<<"$last"
}
poll_until() { wait_until polled "$1" || fail "the sensor does not tell" "wanted: $1" "${last:0:900}"; }

suite_sensor() {
        store=$TEST_DIR/store.json
        rm -f "$store"
        call poll item.log
        shows "the first look is no event" '.code == 0 and .events == []'
        call poll item.log
        shows "nor the second, where nothing happened" '.code == 0 and .events == []'
        run item.create "$(on seen1)"
        poll_until ".events | length > 0 and (map(select(.payload.name == \"seen1.$at\")) | .[0] | .trigger == \"item.changed\" and
                .payload.change == \"created\" and .payload.kind == \"server\" and (.payload.by | length) > 0 and .id == .payload.id)"
        call poll item.log
        shows "once" '.events == []'
        bash -c "$(foreign_command "seen1.$at" foreign)"
        poll_until ".events | any(.payload.name == \"seen1.$at\" and .payload.change == \"updated\")"
        run item.remove "$(on seen1)"
        poll_until ".events | any(.payload.name == \"seen1.$at\" and .payload.change == \"removed\")"
        call poll item.log
        shows "and nothing more" '.events == []'
        store=
}

# The hub polls; what it makes of a look is an event.
suite_event() {
        run item.create "$(on seen2)"
        check wait_until has_event "seen2.$at" created
        run item.remove "$(on seen2)"
        check wait_until has_event "seen2.$at" removed
}
has_event() {
        api GET "/api/v1/triggerinstances?trigger=cmdb.item.changed&limit=100" |
                jq -e --arg n "$1" --arg c "$2" 'any(.payload.name == $n and .payload.change == $c)'
}

cmdb_parts="check create update owner status relate dependents retire search plan remove names refusals"
# Through a hub: what a home can make a difference to.
cmdb_home_parts="check create update owner relate dependents retire plan remove refusals"
