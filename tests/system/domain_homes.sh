#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The contracts of the domains dns, lb, account and notify through a running hub, in both homes of a plugin: the
# suites of domain_*.sh, with plans, undo and conflicts as the hub makes them.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out bind knot powerdns haproxy nginx slapd
system=$1

# instance_of NAME HOME SCOPE: one line of kanamed.conf; secrets go to a file
instance_of() {
        local secret
        secret=$(jq -r '.secret // .api_key // .password // empty' <<<"$config")
        (umask 077 && printf '%s' "$secret" >"$TEST_DIR/secret")
        jq -r --arg name "$1" --arg home "$2" --arg scope "$3" --arg plugin "$(basename "$plugin" .so)" --arg file "$TEST_DIR/secret" '
                def conf: if type == "object" then "{ " + ([to_entries[] | "\(.key) = \(.value | conf);"] | join(" ")) + " }"
                        elif type == "array" then "[ " + (map(conf) | join(", ")) + " ]" else tojson end;
                with_entries(if .key | IN("secret", "api_key", "password") then .value = {file: $file} else . end) |
                "{ name = \"\($name)\"; plugin = \"\($plugin)\"; home = \"\($home)\"; scope = \"\($scope)\"; config = \(conf); }"' <<<"$config"
}

# The suite, and that it ran where it should.
parts_at_home() {
        local home=$1
        shift
        parts "$@"
        test_case "$system, $instance: it lives there"
        check_equal "$home" "$(api POST "/api/v1/instances/$instance/check" '{}' | jq -r .home)"
}

homes_dns() {
        local home lines=()
        . "$TOP/tests/domain/dns_suite.sh"
        . "$TOP/tests/domain/dns_servers.sh"
        "start_$system" core.test host.test
        for home in core host; do
                use_zone "$home.test"
                lines+=("$(instance_of "in-$home" "$home" "$home.test")")
        done
        HUB_CONFIG="instances = ( ${lines[0]}, ${lines[1]} );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                use_zone "$home.test"
                instance=in-$home
                parts_at_home "$home" $dns_parts conflict event
        done
}

homes_lb() {
        local home events=
        . "$TOP/tests/domain/lb_suite.sh"
        . "$TOP/tests/domain/lb_servers.sh"
        "start_$system"
        [ $system != haproxy ] || config="{\"socket\": \"$HAPROXY_SOCKET\", \"poll_ms\": 200}" events=event
        HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                instance=in-$home
                parts_at_home "$home" $lb_parts_of conflict $events
        done
}

# Both homes have the same directory: each leaves it as it found it.
homes_account() {
        local home
        . "$TOP/tests/domain/account_suite.sh"
        . "$TOP/tests/domain/account_servers.sh"
        "start_$system"
        HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
        start_hub "$TEST_DIR/hub"
        via=hub
        for home in core host; do
                instance=in-$home
                parts_at_home "$home" $account_parts conflict
        done
}

case $system in
slapd) homes_account ;;
haproxy | nginx) homes_lb ;;
*) homes_dns ;;
esac
