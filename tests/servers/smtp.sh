#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# smtp.sh start DIR | stop DIR
#
# Mail servers (aiosmtpd) and a listener for webhooks; what they took is kept in DIR/mail and DIR/hooks.
. "$(dirname "$0")/common.sh"
tools=$(cd "$(dirname "$0")/../tools" && pwd)

launch() {
        rm -rf "$dir/mail" "$dir/hooks"
        mkdir -p "$dir/mail" "$dir/hooks"
        [ -s "$dir/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" \
                -out "$dir/cert.pem" -days 2 -subj /CN=mail -addext subjectAltName=IP:127.0.0.1 2>/dev/null
        : >"$dir/mail.log"
        spawn "$dir" mail /usr/bin/python3 -W ignore "$tools/mail_sink.py" "$dir/mail" "$dir/cert.pem" "$dir/key.pem"
        : >"$dir/hooks.log"
        spawn "$dir" hooks /usr/bin/python3 "$tools/webhook_sink.py" "$dir/hooks"
        until_true 10 grep -q SMTP_PLAIN_PORT "$dir/mail.log" && until_true 10 grep -q . "$dir/hooks.log"
}

case ${1:-} in
start)
        need openssl
        dir=$(scratch "${2:-}")
        launch || { tail -n 5 "$dir/mail.log" >&2; die "no mail server: is python3-aiosmtpd installed?"; }
        cat <<END
$(cat "$dir/mail.log")
SMTP_CA=$dir/cert.pem
SMTP_MAIL=$dir/mail
HOOKS_URL=http://127.0.0.1:$(head -1 "$dir/hooks.log")
HOOKS_DIR=$dir/hooks
HOOKS_SECRET=whsec_a2FuYW1lLXRlc3Qtc2VjcmV0LTEyMw==
END
        ;;
stop)
        dir=$(scratch "${2:-}")
        reap "$dir" mail
        reap "$dir" hooks
        ;;
*)
        die "usage: $me start DIR | stop DIR"
        ;;
esac
