# SPDX-License-Identifier: Apache-2.0
# Sourced: where the domain notify sends to, and eyes on what arrived that are not ours.

contract=$TOP/plugins/notify/domain.json domain=notify
templates='[{"name": "down", "subject": "{{host}} is down", "text": "since {{ when }}"}]'

# Python's own mail parser reads the mail.
mail_part() {
        /usr/bin/python3 - "$SMTP_MAIL/$(taken).eml" "$1" <<'END'
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
part = mail.get_content().replace('\r\n', '\n').rstrip('\n') if sys.argv[2] == 'text' else str(mail[sys.argv[2]])
sys.stdout.buffer.write(part.encode() + b'\n')
END
}

use_smtp() {
        plugin=$BUILD/plugins/notify/smtp.so
        taken() { find "$SMTP_MAIL" -name '*.eml' | wc -l; }
        last_subject() { mail_part subject; }
        last_text() { mail_part text; }
        receiver() { echo alice@example.test; }
        refused_receiver() { echo reject@example.test; }
        mail_config() {
                jq -nc --rawfile ca "$SMTP_CA" --arg url "$1" --arg password "${2:-mail-pw}" --argjson templates "$templates" '{url: $url, ca: $ca,
                        username: "sender", password: $password, from: "hub@example.test", from_name: "要 \"Kaname\"",
                        templates: $templates, targets: [{name: "ops", to: "ops@example.test"}]}'
        }
        config=$(mail_config "smtp://127.0.0.1:$SMTP_PORT")
}

hook_part() { jq -r "$1" "$HOOKS_DIR/$(taken).json"; }

use_webhook() {
        local form=$1 path
        plugin=$BUILD/plugins/notify/webhook.so
        taken() { find "$HOOKS_DIR" -name '*.json' | wc -l; }
        refused_receiver() { echo '#nowhere'; }
        case $form in
        standard)
                path=/standard
                receiver() { echo alice@example.test; }
                last_subject() { hook_part .body.data.subject; }
                last_text() { hook_part .body.data.text; }
                ;;
        *)
                path=/slack/T1
                receiver() { echo '#alerts'; }
                last_subject() { hook_part .body.text | sed -E 's/^\*+(.*[^*])\*+$/\1/; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'; }
                last_text() { hook_part '.body.attachments[0].text' | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'; }
                ;;
        esac
        [ "$form" != standard ] || refused_receiver() { echo refuse@example.test; }
        hook_config() {
                jq -nc --arg form "$1" --arg url "$HOOKS_URL$2" --arg secret "${3:-$HOOKS_SECRET}" --argjson templates "$templates" '{form: $form, url: $url,
                        templates: $templates, targets: [{name: "ops", to: (if $form == "standard" then "ops" else "#ops" end)}]} +
                        (if $form == "standard" then {secret: $secret} else {} end)'
        }
        config=$(hook_config "$form" "$path")
}

start_smtp() { start_server smtp && use_smtp; }
start_slack() { start_server smtp && use_webhook slack; }
start_mattermost() { start_server smtp && use_webhook mattermost; }
start_standard() { start_server smtp && use_webhook standard; }
