# SPDX-License-Identifier: Apache-2.0
# Sourced: the ticket systems, and clients of theirs that are not ours: sqlite3 on their databases to read,
# curl to change behind our back.

contract=$TOP/plugins/ticket/domain.json domain=ticket

use_rt() {
        plugin=$BUILD/plugins/ticket/rt.so queue=General kind=null
        working=open resolved=resolved withdrawn=rejected refused_status=bogus
        db() { sqlite3 -cmd '.timeout 5000' "$RT_DB" "$1"; }
        seen() {
                case $2 in
                owner) db "select u.name from tickets t join users u on u.id = t.owner where t.id = $1" | sed s/Nobody// ;;
                priority) db "select priority from tickets where id = $1" | sed 's/^0$/low/; s/^50$/normal/; s/^75$/high/; s/^100$/urgent/' ;;
                field) db "select content from objectcustomfieldvalues where objectid = $1 and objecttype = 'RT::Ticket' and disabled = 0" ;;
                *) db "select $2 from tickets where id = $1" ;;
                esac
        }
        heard() { db "select count(*) from attachments a join transactions t on t.id = a.transactionid where t.objectid = $1 and
                t.objecttype = 'RT::Ticket' and t.type in ('Comment', 'Correspond') and a.content = '$2'"; }
        linked() { db "select count(*) from links where localbase = $1 and type = 'RefersTo' and target like '%:$2'"; }
        count() { db "select count(*) from tickets where subject = '${1//\'/\'\'}' and status <> 'deleted'"; }
        foreign_command() { echo "curl -sf -o /dev/null -X PUT -H 'Authorization: token $RT_TOKEN' -H 'Content-Type: application/json' \
                $RT_URL/REST/2.0/ticket/$1 -d '{\"Subject\": \"$2\"}'"; }
        foreign_comment() { curl -sf -o /dev/null -H "Authorization: token $RT_TOKEN" -H 'Content-Type: application/json' \
                "$RT_URL/REST/2.0/ticket/$1/comment" -d "{\"Content\": \"$2\", \"ContentType\": \"text/plain\"}"; }
        wrong_key() { jq -c '.token = "1-14-000"'; }
        powerless() { jq -c --arg k "$RT_POWERLESS_TOKEN" '.token = $k'; }
        config="{\"url\": \"$RT_URL\", \"token\": \"$RT_TOKEN\", \"poll_s\": 1}"
}

use_redmine() {
        plugin=$BUILD/plugins/ticket/redmine.so queue=kaname kind='"Support"'
        working='In Progress' resolved=Closed withdrawn=Rejected refused_status=bogus
        db() { sqlite3 -cmd '.timeout 5000' "$REDMINE_DB" "$1"; }
        seen() {
                case $2 in
                owner) db "select u.login from issues i join users u on u.id = i.assigned_to_id where i.id = $1" ;;
                priority) db "select lower(e.name) from issues i join enumerations e on e.id = i.priority_id where i.id = $1" ;;
                status) db "select s.name from issues i join issue_statuses s on s.id = i.status_id where i.id = $1" ;;
                field) db "select value from custom_values where customized_type = 'Issue' and customized_id = $1" ;;
                *) db "select $2 from issues where id = $1" ;;
                esac
        }
        heard() { db "select count(*) from journals where journalized_id = $1 and replace(notes, char(13), '') = '$2'"; }
        linked() { db "select count(*) from issues where id = $1 and description like '%Execution: %:$2%'"; }
        count() { db "select count(*) from issues where subject = '${1//\'/\'\'}'"; }
        foreign_command() { echo "curl -sf -o /dev/null -X PUT -H 'X-Redmine-API-Key: $REDMINE_API_KEY' -H 'Content-Type: application/json' \
                $REDMINE_URL/issues/$1.json -d '{\"issue\": {\"subject\": \"$2\"}}'"; }
        foreign_comment() { curl -sf -o /dev/null -X PUT -H "X-Redmine-API-Key: $REDMINE_API_KEY" -H 'Content-Type: application/json' \
                "$REDMINE_URL/issues/$1.json" -d "{\"issue\": {\"notes\": \"$2\"}}"; }
        wrong_key() { jq -c '.api_key = "000000"'; }
        powerless() { jq -c --arg k "$REDMINE_POWERLESS_KEY" '.api_key = $k'; }
        config="{\"url\": \"$REDMINE_URL\", \"api_key\": \"$REDMINE_API_KEY\", \"poll_s\": 1, \"tracker\": \"Support\"}"
}

# The users and groups of the same Redmine, for the suite of the domain account.
use_redmine_accounts() {
        contract=$TOP/plugins/account/domain.json domain=account account_undo=false
        seen() {
                case $2 in
                mail) db "select e.address from users u join email_addresses e on e.user_id = u.id where u.login = '$1'" ;;
                given_name) db "select firstname from users where login = '$1'" ;;
                *) db "select lastname from users where login = '$1'" ;;
                esac
        }
        seen_state() { db "select case status when 1 then 'active' else 'disabled' end from users where login = '$1' and type = 'User'"; }
        seen_members() {
                [ -n "$(db "select id from users where type = 'Group' and lastname = '$1'")" ] || { echo - && return; }
                db "select u.login from users g join groups_users m on m.group_id = g.id join users u on u.id = m.user_id
                        where g.type = 'Group' and g.lastname = '$1' order by 1" | paste -sd,
        }
        foreign_command() { echo "curl -sf -o /dev/null -X PUT -H 'X-Redmine-API-Key: $REDMINE_API_KEY' -H 'Content-Type: application/json' \
                $REDMINE_URL/users/$(db "select id from users where login = '$1'").json -d '{\"user\": {\"mail\": \"foreign@example.test\"}}'"; }
        own_account() { echo admin; }
        on=kaname roles="Developer Reporter"
        seen_roles() {
                db "select r.name from members m join member_roles k on k.member_id = m.id join roles r on r.id = k.role_id
                        join projects p on p.id = m.project_id join users u on u.id = m.user_id where p.identifier = '$2'
                        and k.inherited_from is null and (u.login = '$1' or (u.type = 'Group' and u.lastname = '$1')) order by 1" | paste -sd,
        }
        foreign_role() { echo "curl -sf -o /dev/null -X POST -H 'X-Redmine-API-Key: $REDMINE_API_KEY' -H 'Content-Type: application/json' \
                $REDMINE_URL/projects/$2/memberships.json -d '{\"membership\": {\"user_id\": $(db "select id from users where login = '$1'"),
                \"role_ids\": [$(db "select id from roles where name = '${roles#* }'")]}}'"; }
}
