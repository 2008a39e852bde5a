# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain account has to keep. Sourced; the caller has a system without the accounts
# and groups named here, and defines, by clients that are not ours,
#   seen USER MEMBER        what the system holds of given_name, family_name, mail; empty: nothing
#   seen_state USER         active, disabled, or nothing: there is no such account
#   seen_members GROUP      the accounts in a group, sorted, by commas; "-": there is no such group
#   foreign_command USER    a command that changes the account's mail behind our back
#   own_account             the account that the instance signs in with, where it is one of the accounts
#   seen_roles SUBJECT ON   its own roles there, sorted, by commas; and foreign_role SUBJECT ON, a command that
#                           changes them behind our back: where rights are kept apart from groups
# account_undo: whether a removed account can be made again.

person() { echo "{\"user\": \"$1\", \"given_name\": \"${1^}\", \"family_name\": \"${3:-Example}\", \"mail\": \"${2:-$1@example.test}\"}"; }
of_group() { echo "{\"group\": \"$1\"${2:+, \"user\": \"$2\"}${3:+, }${3:-}}"; }
value='.changes[0]'

suite_check() {
        call check
        shows "check works" '.code == 0'
}

suite_create() {
        call plan user.create "$(person alice)"
        shows "a plan shows the account" '.result.changed and .changes[0].state == "planned" and .changes[0].after.mail == "alice@example.test"'
        equals "and makes none" "$(seen_state alice)" ""
        run user.create "$(person alice)"
        shows "one change, read back" '.result.before == null and (.changes | length == 1) and .changes[0].resource == "account/alice" and
                .changes[0].state == "applied" and .changes[0].observed == .changes[0].after and .changes[0].after.state == "active"'
        equals "the system has it" "$(seen alice mail) $(seen alice family_name)" "alice@example.test Example"
        run user.create "$(person alice)"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        refuse -4 user.create "$(person alice other@example.test)"
        shows "says what is there" '.sentence | contains("alice@example.test")'
        run user.get '{"user": "alice"}'
        shows "it can be read" '.result.account.mail == "alice@example.test" and .result.account.state == "active" and .result.groups == []'
        run user.create "$(person bob)"
        undo
        equals "undone" "$(seen_state bob)" ""
        run user.create "$(person carol)"
}

suite_set() {
        run user.set '{"user": "alice", "mail": "new@example.test", "family_name": "Otherwise"}'
        shows "what was and is" '.changes[0].before.mail == "alice@example.test" and .changes[0].observed.mail == "new@example.test" and
                .changes[0].observed.given_name == "Alice"'
        equals "the system has it" "$(seen alice mail) $(seen alice family_name)" "new@example.test Otherwise"
        run user.set '{"user": "alice", "mail": "new@example.test"}'
        shows "the same again changes nothing" '.result.changed == false'
        run user.set '{"user": "alice", "mail": "alice@example.test", "family_name": "Example"}'
        undo
        equals "undone" "$(seen alice mail)" "new@example.test"
        undo
        equals "and done again" "$(seen alice mail)" "alice@example.test"
        refuse -3 user.set '{"user": "nobody-such", "mail": "x@example.test"}'
        refuse -1 user.set '{"user": "alice", "mail": "no address"}'
        refuse -1 user.set '{"user": "alice", "attributes": {"notmanaged": "x"}}'
}

suite_state() {
        equals "it may sign in" "$(seen_state alice)" active
        run user.state '{"user": "alice", "state": "disabled"}'
        shows "read back" '.changes[0].before.state == "active" and .changes[0].observed.state == "disabled"'
        equals "the system says so" "$(seen_state alice)" disabled
        run user.state '{"user": "alice", "state": "disabled"}'
        shows "the same again changes nothing" '.result.changed == false'
        run user.list '{"state": "disabled"}'
        shows "it is listed" '[.result.users[].user] == ["alice"]'
        run user.state '{"user": "alice", "state": "active"}'
        equals "let in again" "$(seen_state alice)" active
        undo
        equals "undone" "$(seen_state alice)" disabled
        undo
        equals "and done again" "$(seen_state alice)" active
}

suite_list() {
        run user.list '{"search": "ali"}'
        shows "by part of a name" '[.result.users[].user] == ["alice"] and .result.more == false'
        run user.list '{"search": "carol@example"}'
        shows "by part of an address" '[.result.users[].user] == ["carol"]'
        run user.list '{"search": "*"}'
        shows "a star is a star" '.result.users == []'
        run user.list '{"search": "example.test", "limit": 1}'
        shows "no more than so many" '(.result.users | length == 1) and .result.more'
        refuse -3 user.list '{"group": "no-such-group"}'
}

suite_groups() {
        run group.create "$(of_group ops)"
        shows "a group with nobody in it" '.result.before == null and .changes[0].observed == {members: []} and
                .changes[0].resource == "account/group/ops"'
        equals "the system has it" "$(seen_members ops)" ""
        run group.create "$(of_group ops)"
        shows "the same again changes nothing" '.result.changed == false'
        run group.create "$(of_group made)"
        undo
        equals "undone" "$(seen_members made)" "-"
        run member.add "$(of_group ops alice)"
        shows "in it, read back" '.changes[0].resource == "account/group/ops/alice" and .changes[0].observed == {member: true}'
        equals "the system says so" "$(seen_members ops)" alice
        run member.add "$(of_group ops alice)"
        shows "the same again changes nothing" '.result.changed == false'
        run member.add "$(of_group ops carol)"
        equals "two" "$(seen_members ops)" alice,carol
        undo
        equals "undone" "$(seen_members ops)" alice
        refuse -3 member.add "$(of_group ops nobody-such)"
        refuse -3 member.add "$(of_group no-such-group alice)"
        run group.list '{}'
        shows "listed" '.result.groups | map(select(.group == "ops"))[0].members == ["alice"]'
        run group.list '{"user": "carol"}'
        shows "of one account" '.result.groups == []'
        run user.list '{"group": "ops"}'
        shows "and the other way round" '[.result.users[].user] == ["alice"]'
        run user.get '{"user": "alice"}'
        shows "an account knows its groups" '.result.groups == ["ops"]'
}

suite_floor() {
        refuse -13 member.remove "$(of_group ops alice)"
        shows "the last one stays, and it says how to go on" '.sentence | contains("force")'
        refuse -13 group.remove "$(of_group ops)"
        equals "as it was" "$(seen_members ops)" alice
        run member.remove "$(of_group ops alice '"force": true')"
        equals "with force it goes" "$(seen_members ops)" ""
        undo
        equals "and comes back" "$(seen_members ops)" alice
        if [ -n "$(own_account)" ]; then
                refuse -13 user.remove "{\"user\": \"$(own_account)\", \"force\": true}"
                refuse -13 user.state "{\"user\": \"$(own_account)\", \"state\": \"disabled\", \"force\": true}"
                equals "nobody locks himself out" "$(seen_state "$(own_account)")" active
        fi
}

suite_remove() {
        call plan user.remove '{"user": "alice"}'
        shows "a plan shows what would go" '.changes[-1].after == null and (.changes[-1].before.mail | startswith("alice@"))'
        equals "and takes nothing" "$(seen_state alice) $(seen_members ops)" "active alice"
        run user.remove '{"user": "alice"}'
        shows "account and memberships" '.changes[-1].resource == "account/alice" and .changes[-1].observed == null'
        equals "gone" "$(seen_state alice) $(seen_members ops)" " "
        run user.remove '{"user": "alice"}'
        shows "removing nothing changes nothing" '.result.changed == false'
        run user.create "$(person alice)"
        run member.add "$(of_group ops alice)"
        run group.remove "$(of_group ops alice '"force": true' | sed 's/, "user": "alice"//')"
        equals "a group with members, with force" "$(seen_members ops)" "-"
        run group.remove "$(of_group ops)"
        shows "removing nothing changes nothing" '.result.changed == false'
        if [ "$account_undo" = true ]; then
                run user.remove '{"user": "alice"}'
                undo
                equals "made again" "$(seen alice mail)" "alice@example.test"
        fi
        run user.remove '{"user": "alice"}'
        run user.remove '{"user": "carol"}'
}

# Rights apart from groups: $on is a thing, and $roles two roles that can be given there.
right() { echo "{\"subject\": \"$1\", \"on\": \"$on\", \"role\": \"$2\"${3:+, }${3:-}}"; }
suite_access() {
        local one two
        read -r one two <<<"$roles"
        run user.create "$(person rita)"
        call plan access.grant "$(right rita "$one")"
        shows "a plan shows the roles" ".result.changed and .changes[0].state == \"planned\" and .changes[0].after == {roles: [\"$one\"]}"
        equals "and gives none" "$(seen_roles rita "$on")" ""
        run access.grant "$(right rita "$one")"
        shows "given, read back" ".result.before == null and .changes[0].before == null and .changes[0].state == \"applied\" and
                .changes[0].observed == {roles: [\"$one\"]} and .changes[0].resource == \"account/access/$on/rita\""
        equals "the system has it" "$(seen_roles rita "$on")" "$one"
        run access.grant "$(right rita "$one")"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        run access.list '{"user": "rita"}'
        shows "listed" ".result.access == [{user: \"rita\", on: \"$on\", role: \"$one\", via: []}]"
        run access.grant "$(right rita "$two")"
        shows "beside what it had" ".changes[0].before == {roles: [\"$one\"]} and (.changes[0].observed.roles | sort) == ([\"$one\", \"$two\"] | sort)"
        undo
        equals "undone, the other stays" "$(seen_roles rita "$on")" "$one"
        run access.revoke "$(right rita "$two")"
        shows "revoking what it has not changes nothing" '.result.changed == false and .changes == []'
        run access.revoke "$(right rita "$one")"
        shows "taken, read back" ".changes[0].before == {roles: [\"$one\"]} and .changes[0].observed == null and .result.after == null"
        equals "the system says so" "$(seen_roles rita "$on")" ""
        undo
        equals "undone" "$(seen_roles rita "$on")" "$one"
        run access.revoke "$(right rita "$one")"
        run access.grant "$(right rita "$two")"
        undo
        equals "a first right is undone" "$(seen_roles rita "$on")" ""
        refuse -1 access.grant "$(right rita 'No Such Role')"
        refuse -3 access.grant "$(right nobody-such "$one")"
        refuse -3 access.grant "$(right rita "$one" | jq -c '.on = "no-such-thing"')"
        refuse -3 access.revoke "$(right no-such-group "$one" '"kind": "group"')"
        run user.remove '{"user": "rita"}'
}

# What comes through a group is the group's.
suite_access_group() {
        local one
        read -r one _ <<<"$roles"
        run user.create "$(person rita)"
        run group.create "$(of_group readers)"
        run member.add "$(of_group readers rita)"
        run access.grant "$(right readers "$one" '"kind": "group"')"
        equals "the system has it" "$(seen_roles readers "$on")" "$one"
        run access.list '{"user": "rita"}'
        shows "who it comes through" ".result.access == [{user: \"rita\", on: \"$on\", role: \"$one\", via: [\"readers\"]}]"
        run access.revoke "$(right rita "$one")"
        shows "nothing of its own is there to take" '.result.changed == false and .changes == []'
        run access.revoke "$(right readers "$one" '"kind": "group"')"
        equals "taken from the group" "$(seen_roles readers "$on")" ""
        undo
        equals "undone" "$(seen_roles readers "$on")" "$one"
        run access.list "{\"on\": \"$on\"}"
        shows "who may there" '[.result.access[] | select(.via == ["readers"]) | .user] == ["rita"]'
        run access.revoke "$(right readers "$one" '"kind": "group"')"
        run group.remove "$(of_group readers '' '"force": true')"
        run user.remove '{"user": "rita"}'
}

# Somebody gives another role between the announcement and our write.
suite_access_race() {
        local one two
        read -r one two <<<"$roles"
        run user.create "$(person rita)"
        between=$(foreign_role rita "$on")
        call run access.grant "$(right rita "$one")"
        between=
        shows "a conflict" ".code == -4 and .changes[0].state == \"failed\" and .changes[0].observed == {roles: [\"$two\"]}"
        equals "the foreign role survives, ours was not given" "$(seen_roles rita "$on")" "$two"
        run user.remove '{"user": "rita"}'
}

# Somebody changes the account between its announcement and our write.
suite_race() {
        run user.create "$(person dora)"
        between=$(foreign_command dora)
        call run user.set '{"user": "dora", "family_name": "Late"}'
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and .changes[0].observed.mail == "foreign@example.test"'
        equals "the foreign value survives, ours was not made" "$(seen dora mail) $(seen dora family_name)" "foreign@example.test Example"
        run user.remove '{"user": "dora"}'
}

# The same between plan and application.
suite_conflict() {
        local plan
        run user.create "$(person dora)"
        call plan user.set '{"user": "dora", "family_name": "Late"}'
        plan=$(jq -r .id <<<"$last")
        bash -c "$(foreign_command dora)" >/dev/null
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "before, found, wanted" '.code == -4 and .conflict.before.mail == "dora@example.test" and
                .conflict.found.mail == "foreign@example.test" and .conflict.wanted.family_name == "Late"'
        equals "ours was not made" "$(seen dora family_name)" "Example"
        run user.remove '{"user": "dora"}'
}

account_parts="check create set state list groups floor remove"
account_access_parts="access access_group"
