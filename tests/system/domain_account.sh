#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The account contract on OpenLDAP, with StartTLS and over ldaps://, through the mock host; and what only a
# directory has: names that need escapes, groups inside groups, TLS that does not hold, rights that lack.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out starttls ldaps
. "$TOP/tests/domain/account_suite.sh"
. "$TOP/tests/domain/account_servers.sh"

# made JSON-OF-USER: created, found again by its name, in a group, out of it, removed
comes_and_goes() {
        local name=$1
        run user.create "{\"user\": $name, \"family_name\": $name, \"attributes\": {\"description\": [$name, \"and (more)*\"]}}"
        shows "made with the name as it is: $name" ".changes[0].observed.family_name == $name"
        run user.get "{\"user\": $name}"
        shows "found by it" ".result.account.attributes.description | index($name)"
        run member.add "{\"group\": \"Röster, \\\"A\\\" + B\", \"user\": $name}"
        run group.list "{\"user\": $name}"
        shows "in the group by it" ".result.groups[0].members | index($name)"
        run user.remove "{\"user\": $name}"
        run user.get "{\"user\": $name}"
        shows "gone" '.result.account == null'
}

suite_names() {
        local name
        run group.create '{"group": "Röster, \"A\" + B"}'
        for name in '"two words"' '"quote\"s, comma; and = plus+"' '"# hash and \\ back"' '"(paren)*star"' '"山田太郎"' '"münchen.example"' '" lead"' \
                "\"$(printf 'n%.0s' {1..200})\""; do
                comes_and_goes "$name"
        done
        # More than this server's own keys can hold: it says no, and so do we.
        refuse -6 user.create "{\"user\": \"$(printf 'n%.0s' {1..255})\"}"
        shows "recorded as not made" '.changes[0].state == "failed" and .changes[0].observed == null'
        refuse -1 user.get '{"user": "line\nbreak"}'
        refuse -1 user.get "{\"user\": \"$(printf 'n%.0s' {1..256})\"}"
        run group.remove '{"group": "Röster, \"A\" + B"}'
}

suite_nested() {
        run user.create "$(person erin)"
        run group.create "$(of_group inner)"
        run group.create "$(of_group outer)"
        run member.add "$(of_group inner erin)"
        printf 'dn: cn=%s,ou=groups,%s\nchangetype: modify\nadd: member\nmember: cn=%s,ou=groups,%s\n\n' outer "$SLAPD_BASE" inner "$SLAPD_BASE" \
                inner "$SLAPD_BASE" outer "$SLAPD_BASE" | as_admin ldapmodify >/dev/null
        run access.list '{"user": "erin"}'
        shows "directly, and through a group, though they are in each other" '.result.access | sort_by(.on) ==
                [{user: "erin", on: "inner", role: "member", via: []}, {user: "erin", on: "outer", role: "member", via: ["inner"]}]'
        run access.list '{"on": "outer"}'
        shows "who may there" '[.result.access[].user] == ["erin"]'
        refuse -3 access.list '{"on": "no-such"}'
        run user.remove '{"user": "erin"}'
        printf 'dn: cn=%s,ou=groups,%s\nchangetype: delete\n\n' outer "$SLAPD_BASE" inner "$SLAPD_BASE" | as_admin ldapmodify >/dev/null
}

suite_bad_days() {
        local good=$config
        config=$(config_at "$url" kaname "wrong-secret-42")
        refuse -2 user.list '{}'
        shows "says what to compare, and no secret" '.sentence | contains("bind_dn") and (contains("wrong-secret-42") | not)'
        call check
        shows "check says so" '.code == -2'
        config=$(config_at "$url" reader)
        run user.list '{}'
        refuse -2 user.create "$(person fred)"
        shows "says which right is missing" '(.sentence | contains("right to write")) and .changes[0].state == "failed" and .changes[0].observed == null'
        config=$(config_at "${url/127.0.0.1/localhost}")
        refuse -6 user.list '{}'
        shows "a wrong name in the certificate" '.sentence | contains("certificate")'
        config=$(jq -c 'del(.ca)' <<<"$good")
        refuse -6 user.list '{}'
        shows "nobody we trust signed it" '.sentence | contains("ca with who signed")'
        config=$(jq -c '.ca = "no PEM"' <<<"$good")
        call run user.list '{}'
        shows "no authority at all" '.code < 0 and (.sentence | length > 20)'
        config=$(config_at "ldap://127.0.0.1:$(free_port)")
        refuse -6 user.list '{}'
        shows "nobody listens" '.sentence | contains("refused")'
        config=$(jq -c '.people = "ou=nowhere,dc=example,dc=test"' <<<"$good")
        call check
        shows "check misses a base" '.code == -3 and (.sentence | contains("ou=nowhere"))'
        config=$good
}

system=$1
start_slapd
case $system in
starttls) url=ldap://127.0.0.1:$SLAPD_PORT ;;
ldaps) url=ldaps://127.0.0.1:$SLAPD_TLS_PORT ;;
esac
config=$(config_at "$url")
parts $account_parts race names nested bad_days
