# SPDX-License-Identifier: Apache-2.0
# Sourced: the systems that the domain account is tried on, and clients of theirs that are not ours.

contract=$TOP/plugins/account/domain.json domain=account
account_undo=true

use_slapd() {
        plugin=$BUILD/plugins/account/ldap.so
        as_admin() { "$@" -x -H "ldap://127.0.0.1:$SLAPD_PORT" -D "$SLAPD_ADMIN" -w "$SLAPD_ADMIN_PASSWORD"; }
        # attribute BASE FILTER NAME: its values, decoded
        attribute() {
                as_admin ldapsearch -LLL -o ldif-wrap=no -b "$1" "$2" "$3" 2>/dev/null |
                        perl -MMIME::Base64 -ne 's/^([^:]+):: (.*)$/"$1: " . decode_base64($2)/e; print "$1\n" if /^'"$3"': (.*)$/i'
        }
        seen() {
                local names='{"given_name": "givenName", "family_name": "sn", "mail": "mail"}'
                attribute "ou=people,$SLAPD_BASE" "(uid=$1)" "$(jq -r ".$2" <<<"$names")"
        }
        # Locked is who cannot sign in, so this tries to; a new password would unlock.
        seen_state() {
                local dn
                dn=$(as_admin ldapsearch -LLL -o ldif-wrap=no -b "ou=people,$SLAPD_BASE" "(uid=$1)" 1.1 2>/dev/null | sed -n 's/^dn: //p')
                [ -n "$dn" ] || return 0
                [ -n "$(attribute "ou=people,$SLAPD_BASE" "(uid=$1)" userPassword)" ] || as_admin ldappasswd -s tried "$dn" >/dev/null
                if ldapwhoami -x -H "ldap://127.0.0.1:$SLAPD_PORT" -D "$dn" -w tried >/dev/null 2>&1; then echo active; else echo disabled; fi
        }
        seen_members() {
                [ -n "$(attribute "ou=groups,$SLAPD_BASE" "(cn=$1)" cn)" ] || { echo - && return; }
                attribute "ou=groups,$SLAPD_BASE" "(cn=$1)" member | sed -n 's/^uid=\([^,]*\),.*/\1/p' | sort | paste -sd,
        }
        foreign_command() {
                echo "printf 'dn: uid=$1,ou=people,$SLAPD_BASE\nchangetype: modify\nreplace: mail\nmail: foreign@example.test\n' |
                        ldapmodify -x -H ldap://127.0.0.1:$SLAPD_PORT -D '$SLAPD_ADMIN' -w '$SLAPD_ADMIN_PASSWORD' >/dev/null"
        }
        own_account() { :; }
        # config_at URL [BIND [PASSWORD]]
        config_at() {
                jq -nc --rawfile ca "$SLAPD_CA" --arg url "$1" --arg bind "cn=${2:-kaname},$SLAPD_BASE" --arg password "${3:-${2:-kaname}-pw}" \
                        --arg base "$SLAPD_BASE" '{url: $url, ca: $ca, bind_dn: $bind, password: $password, people: "ou=people,\($base)",
                        groups: "ou=groups,\($base)", attributes: ["title", "telephoneNumber", "description"]}'
        }
}

start_slapd() {
        use_slapd
        start_server slapd
        config=$(config_at "ldap://127.0.0.1:$SLAPD_PORT")
}
