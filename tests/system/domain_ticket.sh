#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The ticket contract on Request Tracker and Redmine: through the mock host, and through a running hub in both
# homes of a plugin, where it is about plans, undo, conflicts and events as the hub makes them. The servers are
# slow, so one of each serves all of it. Redmine keeps accounts, too: a second one has nothing but them.
. "$(dirname "$0")/../domain/lib.sh"
WAIT_S=60
[ $# -eq 1 ] || fan_out rt redmine accounts
. "$TOP/tests/domain/ticket_suite.sh"
. "$TOP/tests/domain/ticket_servers.sh"
. "$TOP/tests/domain/fault_suite.sh"

suite_refusals() {
        local good=$config
        open_ticket "$(unique refused)"
        config=$(wrong_key <<<"$good")
        refuse -2 get "$(of)"
        shows "says what to compare, and no secret" '.sentence | contains("compare the instance") and (contains("000") | not)'
        call check
        shows "check says so" '.code == -2'
        config=$(powerless <<<"$good")
        refuse -2 update "$(of '"subject": "stolen"')"
        refuse -2 comment "$(of '"text": "stolen"')"
        call check
        shows "check says what lacks" '.code == -2'
        config=$(jq -c --arg u "http://127.0.0.1:$(free_port)" '.url = $u' <<<"$good")
        refuse -6 get "$(of)"
        config=$(jq -c '.url += "/no/such/place"' <<<"$good")
        call run get "$(of)"
        shows "another place is another place" '.code < 0 and (.sentence | length > 20)'
        config=$good
        equals "none of it did anything" "$(seen "$id" subject)" "$(unique refused)"
}

suite_account_refusals() {
        local good=$config
        config=$(wrong_key <<<"$good")
        refuse -2 user.create "$(person fred)"
        shows "says what to compare, and no secret" '.sentence | contains("compare the instance") and (contains("000") | not)'
        call check
        shows "check says so" '.code == -2'
        config=$(powerless <<<"$good")
        refuse -2 user.create "$(person fred)"
        config=$good
        equals "nobody was made" "$(seen_state fred)" ""
}

# 200 with a refusal, which what was accepted beside it survives.
suite_lies_rt() {
        open_ticket "$(unique "lied to")"
        refuse -4 update "$(of '"status": "bogus", "priority": "urgent"')"
        shows "says what the system said" '.sentence | contains("bogus") and contains("valid status")'
        shows "and what is there" '.changes[0].state == "failed" and .changes[0].observed == {priority: "urgent", status: "new"}'
        refuse -9 create "{\"queue\": \"$queue\", \"subject\": \"x\", \"kind\": \"Bug\"}"
        config=$(jq -c '.withdraw = "delete"' <<<"$config")
        run withdraw "$(of)"
        shows "deleted is a status" '.result.deleted'
        undo
        equals "that can be taken back" "$(seen "$id" status)" new
}

# 204 that changed nothing is not even provoked: names are resolved first.
suite_lies_redmine() {
        open_ticket "$(unique "lied to")"
        refuse -1 update "$(of '"status": "bogus"')"
        shows "says what there is" '.sentence | contains("In Progress")'
        refuse -1 create "{\"queue\": \"$queue\", \"subject\": \"x\", \"kind\": \"No Such\"}"
        shows "says which trackers there are" '.sentence | contains("Support")'
        # Redmine answers 204, and the workflow lets nobody but members through: a locked project.
        db "update projects set status = 5 where identifier = 'kaname'"
        call run update "$(of '"subject": "stolen"')"
        db "update projects set status = 1 where identifier = 'kaname'"
        shows "a closed project is told" '.code < 0'
        equals "and nothing changed" "$(seen "$id" subject)" "$(unique "lied to")"
        config=$(jq -c '.withdraw = "delete"' <<<"$config")
        run withdraw "$(of)"
        shows "deleted for good" '.result.deleted and .changes[0].undo_action == null'
        equals "gone" "$(seen "$id" subject)" ""
        run withdraw "$(of)"
        shows "once is enough" '.result.changed == false'
}

# both_homes NAME…: these parts through a hub, in each home
both_homes() {
        local home
        HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                instance=in-$home
                parts_at_home "$home" "$@"
        done
}

case $1 in
accounts)
        . "$TOP/tests/domain/account_suite.sh"
        system=redmine
        start_server redmine
        use_redmine
        use_redmine_accounts
        parts $account_parts race $account_access_parts access_race account_refusals
        bad_days accounts
        both_homes check create set groups remove conflict $account_access_parts
        ;;
*)
        system=$1
        start_server "$system"
        "use_$system"
        parts $ticket_parts race sensor refusals "lies_$system"
        bad_days "$system"
        "use_$system"
        both_homes check create update resolve link conflict event
        ;;
esac
