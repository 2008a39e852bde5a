#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rt.sh start DIR | stop DIR: Request Tracker 5 on SQLite, with two queues, a custom field, users and tokens
. "$(dirname "$0")/common.sh"

lib=/usr/share/request-tracker5/lib
server=/usr/share/request-tracker5/libexec/rt-server

write_config() {
        cat >"$dir/RT_SiteConfig.pm" <<END
Set(\$rtname, 'kaname.test');
Set(\$Organization, 'kaname.test');
Set(\$CorrespondAddress, 'rt\@kaname.test');
Set(\$CommentAddress, 'rt-comment\@kaname.test');
Set(\$WebDomain, '127.0.0.1');
Set(\$WebPort, $port);
Set(\$WebPath, '');
Set(\$DatabaseType, 'SQLite');
Set(\$DatabaseName, '$dir/rt.sqlite3');
Set(\$DatabaseHost, '');
Set(\$DatabasePort, '');
Set(\$DatabaseUser, '');
Set(\$DatabasePassword, '');
Set(\$LogToSyslog, '');
Set(\$LogToSTDERR, 'error');
Set(\$LogToFile, '');
Set(\$MailCommand, 'mbox');
Set(\$Timezone, 'UTC');
Set(\$WebSessionClass, 'Apache::Session::File');
\$RT::MasonDataDir = '$dir/mason';
\$RT::MasonSessionDir = '$dir/sessions';
1;
END
        mkdir -p "$dir/etc.d" "$dir/mason" "$dir/sessions"
}

# Prints root's token and that of an account without any rights.
seed() {
        perl -I"$lib" -e '
                use RT -init;
                my $sys = RT->SystemUser;
                my $queue = RT::Queue->new($sys); $queue->Load("General");
                RT::Queue->new($sys)->Create(Name => "Net Ops \xe9");
                my $field = RT::CustomField->new($sys);
                $field->Create(Name => "Ref No", Type => "FreeformSingle", LookupType => "RT::Queue-RT::Ticket", MaxValues => 1);
                $field->AddToObject($queue);
                my $ada = RT::User->new($sys);
                $ada->Create(Name => "ada", EmailAddress => "ada\@kaname.test", Privileged => 1);
                $queue->PrincipalObj; $ada->PrincipalObj->GrantRight(Object => $queue, Right => $_) for qw(OwnTicket ShowTicket SeeQueue);
                my $nobody = RT::User->new($sys);
                $nobody->Create(Name => "powerless", EmailAddress => "p\@kaname.test", Privileged => 1);
                my $root = RT::User->new($sys); $root->Load("root");
                for my $user ($root, $nobody) {
                        my ($ok, $message, $token) = RT::AuthToken->new($sys)->Create(Owner => $user->id, Description => "kaname");
                        print "$token\n";
                }' 2>>"$dir/seed.log"
}

ask() { curl -sf -m 5 -H "Authorization: token $token" "http://127.0.0.1:$port/REST/2.0$1"; }

launch() {
        read -r port <<<"$(free_ports 1)"
        write_config
        if [ ! -s "$dir/tokens" ]; then
                rt-setup-database-5 --action init --dba '' --dba-password '' --skip-create >"$dir/setup.log" 2>&1 || return 1
                seed >"$dir/tokens"
                sqlite3 "$dir/rt.sqlite3" 'PRAGMA journal_mode = WAL' >/dev/null     # who reads must not hold up who writes
        fi
        token=$(sed -n 1p "$dir/tokens")
        spawn "$dir" rt "$server" --host 127.0.0.1 --port "$port" --max-workers 1 --max-reqs-per-child 10000
        until_true 20 ask /rt || { reap "$dir" rt; return 1; }
}

case ${1:-} in
start)
        need rt-setup-database-5 "$server" perl curl sqlite3
        dir=$(scratch "${2:-}")
        export RT_SITE_CONFIG=$dir/RT_SiteConfig.pm RT_SITE_CONFIG_DIR=$dir/etc.d
        rm -f "$dir/rt.sqlite3" "$dir/tokens"
        try_start launch || { tail -n 5 "$dir"/*.log >&2; die "rt-server did not start, see $dir/rt.log"; }
        cat <<END
RT_URL=http://127.0.0.1:$port
RT_TOKEN=$token
RT_POWERLESS_TOKEN=$(sed -n 2p "$dir/tokens")
RT_DB=$dir/rt.sqlite3
RT_PID=$(cat "$dir/rt.pid")
END
        ;;
stop)
        reap "$(scratch "${2:-}")" rt
        ;;
*)
        die "usage: $me start DIR | stop DIR"
        ;;
esac
