#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The notify contract by mail and by three kinds of webhook, through the mock host; and what only each has: TLS,
# sign-ins and replies of mail servers, signatures and pages of webhooks.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out smtp slack mattermost standard
. "$TOP/tests/domain/notify_suite.sh"
. "$TOP/tests/domain/notify_servers.sh"

one() { to alice@example.test '"subject": "s", "text": "x"'; }

suite_mail() {
        local good=$config
        run message.send "$(one)"
        equals "encrypted" "$(jq -c . "$SMTP_MAIL/$(taken).json")" '{"from":"hub@example.test","to":["alice@example.test"],"tls":true}'
        check_match '^Message-ID: <kaname-[A-Za-z0-9-]+@example\.test>' "$(cat "$SMTP_MAIL/$(taken).eml")"
        equals "the sender" "$(mail_part from)" '"要 \"Kaname\"" <hub@example.test>'
        equals "no line is longer than mail allows" "$(awk 'length > 78' "$SMTP_MAIL/$(taken).eml")" ""
        refuse -5 message.send "$(to greylist@example.test '"text": "x"')"
        shows "says what the server said" '.sentence | contains("451 try later")'
        refuse -3 message.send "$(to reject@example.test '"text": "x"')"
        shows "also for good" '.sentence | contains("550 no such user")'
        refuse -6 message.send "$(to alice@example.test '"text": "refuse me"')"
        shows "after all of it" '(.sentence | contains("554")) and .changes[0].state == "failed"'
        refuse -1 message.send "$(to 太郎@example.test '"text": "x"')"
        refuse -1 message.send "$(to '<eve@example.test>' '"text": "x"')"
        config=$(mail_config "smtps://127.0.0.1:$SMTPS_PORT")
        run message.send "$(one)"
        config=$(mail_config "smtp://127.0.0.1:$SMTP_PORT" wrong-secret-42)
        refuse -2 message.send "$(one)"
        shows "says what to compare, and no secret" '.sentence | contains("password") and (contains("wrong-secret-42") | not)'
        config=$(mail_config "smtp://localhost:$SMTP_PORT")
        refuse -6 message.send "$(one)"
        shows "a wrong name in the certificate" '.sentence | contains("certificate")'
        config=$(jq -c 'del(.ca)' <<<"$good")
        refuse -6 message.send "$(one)"
        config=$(mail_config "smtp://127.0.0.1:$SMTP_PLAIN_PORT")
        refuse -2 message.send "$(one)"
        shows "no TLS, no mail" '.sentence | contains("starttls")'
        config=$(jq -c '.starttls = false | del(.username)' <<<"$config")
        run message.send "$(one)"
        config=$(mail_config "smtp://127.0.0.1:$(free_port)")
        refuse -6 message.send "$(one)"
        shows "nobody listens" '(.sentence | contains("refused")) and .changes[0].state == "failed"'
        config=$good
}

suite_hook() {
        local good=$config form
        form=$(jq -r .form <<<"$config")
        run message.send "$(to ops '"subject": "a & <b>", "text": "<c>"')"
        equals "what is markup there is none" "$(last_subject)|$(last_text)" "a & <b>|<c>"
        [ "$form" = standard ] || equals "a channel" "$(hook_part .body.channel)" "#ops"
        config=$(hook_config "$form" /page)
        refuse -6 message.send "$(to ops '"text": "x"')"
        shows "a page is no answer" '.changes[0].state == "failed"'
        config=$(hook_config "$form" /gone/secret-42)
        call run message.send "$(to ops '"text": "x"')"
        config=$(hook_config "$form" /gone)
        refuse -3 message.send "$(to ops '"text": "x"')"
        config=$(hook_config "$form" /busy)
        call run message.send "$(to ops '"text": "x"')"
        shows "not now" '.code == -5'
        config=$(jq -c '.url = "http://127.0.0.1:'"$(free_port)"'/services/secret-42"' <<<"$good")
        call run message.send "$(to ops '"text": "x"')"
        shows "nobody listens, and the address stays secret" '.code < 0 and (.sentence | contains("secret-42") | not)'
        if [ "$form" = standard ]; then
                config=$(hook_config standard /standard whsec_AAAAAAAAAAAAAAAAAAAAAAAA)
                refuse -2 message.send "$(to ops '"text": "x"')"
                config=$(hook_config standard /standard short)
                refuse -1 message.send "$(to ops '"text": "x"')"
        fi
        config=$good
}

system=$1
"start_$system"
case $system in
smtp) own=mail ;;
*) own=hook ;;
esac
parts $notify_parts $own
