#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# zabbix.sh start DIR: Zabbix 6 (server, web frontend with the JSON-RPC API, PostgreSQL), with a token for its API
# zabbix.sh send DIR HOST KEY VALUE: what an agent would report
# zabbix.sh stop DIR
# The schema takes ten seconds to load; it is kept in $KANAME_TEST_CACHE for the next time.
. "$(dirname "$0")/common.sh"
servers=$(cd "$(dirname "$0")" && pwd)
cache=${KANAME_TEST_CACHE:-${TMPDIR:-/tmp}/kaname-test-cache-$(id -u)}

start_postgres() {
        local facts
        facts=$("$servers/postgres.sh" start "$dir/postgres" "$@")
        eval "$facts"
}

load_schema() {
        local template
        template=$cache/zabbix-$(dpkg-query -W -f '${Version}' zabbix-server-pgsql).tar.zst
        mkdir -p "$cache"
        if [ ! -s "$template" ]; then
                start_postgres zabbix
                zcat /usr/share/zabbix-server-pgsql/schema.sql.gz /usr/share/zabbix-server-pgsql/images.sql.gz \
                        /usr/share/zabbix-server-pgsql/data.sql.gz |
                        psql -q -h 127.0.0.1 -p "$POSTGRES_PORT" -U kaname zabbix >"$dir/schema.log" 2>&1
                "$servers/postgres.sh" pack "$dir/postgres" "$template"
                "$servers/postgres.sh" stop "$dir/postgres"
        fi
        export KANAME_PG_TEMPLATE=$template
        start_postgres
}

# Debian's frontend looks for its configuration in /etc, and nowhere else.
make_web() {
        rm -rf "$dir/web"
        cp -rL /usr/share/zabbix "$dir/web"
        sed -i "s#'/etc/zabbix/zabbix.conf.php'#'$dir/zabbix.conf.php'#" "$dir/web/include/classes/core/CConfigFile.php"
        cat >"$dir/zabbix.conf.php" <<END
<?php
\$DB['TYPE'] = 'POSTGRESQL'; \$DB['SERVER'] = '127.0.0.1'; \$DB['PORT'] = '$POSTGRES_PORT'; \$DB['DATABASE'] = 'zabbix';
\$DB['USER'] = 'kaname'; \$DB['PASSWORD'] = 'x'; \$DB['SCHEMA'] = ''; \$DB['ENCRYPTION'] = false; \$DB['KEY_FILE'] = '';
\$DB['CERT_FILE'] = ''; \$DB['CA_FILE'] = ''; \$DB['VERIFY_HOST'] = false; \$DB['CIPHER_LIST'] = ''; \$DB['VAULT_URL'] = '';
\$DB['VAULT_DB_PATH'] = ''; \$DB['VAULT_TOKEN'] = ''; \$DB['DOUBLE_IEEE754'] = true; \$ZBX_SERVER = '127.0.0.1';
\$ZBX_SERVER_PORT = '$port'; \$ZBX_SERVER_NAME = 'kaname'; \$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
END
}

write_config() {
        mkdir -p "$dir/run" "$dir/alert" "$dir/ext" "$dir/sessions"
        cat >"$dir/zabbix_server.conf" <<END
ListenIP=127.0.0.1
ListenPort=$port
LogType=console
PidFile=$dir/run/server.pid
SocketDir=$dir/run
DBHost=127.0.0.1
DBPort=$POSTGRES_PORT
DBName=zabbix
DBUser=kaname
DBPassword=x
AllowRoot=1
StartPollers=1
StartPollersUnreachable=1
StartPreprocessors=1
StartTrappers=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartTimers=1
StartEscalators=1
StartAlerters=1
StartHistoryPollers=1
StartLLDProcessors=1
StartODBCPollers=0
StartDBSyncers=1
CacheSize=16M
HistoryCacheSize=4M
HistoryIndexCacheSize=2M
TrendCacheSize=2M
ValueCacheSize=4M
CacheUpdateFrequency=1
AlertScriptsPath=$dir/alert
ExternalScripts=$dir/ext
END
}

# rpc METHOD PARAMS: prints the result
rpc() {
        jq -nc --arg m "$1" --argjson p "$2" --arg a "${auth:-}" \
                '{jsonrpc: "2.0", method: $m, params: $p, id: 1} + if $a == "" then {} else {auth: $a} end' |
                curl -sf -m 20 -H 'Content-Type: application/json-rpc' --data-binary @- "$url/api_jsonrpc.php" | jq -ce '.result'
}
login() { auth=$(auth= rpc user.login '{"user": "Admin", "password": "zabbix"}' | jq -r .); }
# What says that the server itself runs, too: it takes what an agent sends.
trapper_listens() { zabbix_sender -z 127.0.0.1 -p "$port" -s nobody -k nothing -o 1 2>&1 | grep -q 'processed: 0'; }

# Zabbix takes no port above 32767, and the kernel gives those only.
low_port() {
        perl -MIO::Socket::INET -e 'for (1 .. 200) {
                my $port = 10000 + int rand 22000;
                IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "tcp", Listen => 1) or next;
                print "$port\n";
                exit } die "no free port\n"'
}

launch() {
        port=$(low_port)
        web=$(free_ports 1)
        url=http://127.0.0.1:$web
        make_web
        write_config
        PHP_CLI_SERVER_WORKERS=3 spawn "$dir" frontend php -d session.save_path="$dir/sessions" -d memory_limit=256M -d opcache.enable_cli=1 \
                -d max_execution_time=300 -S "127.0.0.1:$web" -t "$dir/web"
        spawn "$dir" server zabbix_server -f -c "$dir/zabbix_server.conf"
        until_true 20 login && until_true 20 trapper_listens && return 0
        end_daemons
        return 1
}

# The frontend's workers are children that outlive it; they are of its session.
end_daemons() {
        local leader
        leader=$(cat "$dir/frontend.pid" 2>/dev/null || true)
        reap "$dir" frontend
        [ -z "$leader" ] || pkill -KILL -s "$leader" 2>/dev/null || true
        reap "$dir" server
}

make_token() {
        local id
        login
        id=$(rpc token.create '{"name": "kaname", "userid": "1"}' | jq -er '.tokenids[0]')
        token=$(rpc token.generate "[\"$id\"]" | jq -er '.[0].token')
}

case ${1:-} in
start)
        need zabbix_server php zabbix_sender psql jq curl perl zstd
        dir=$(scratch "${2:-}")
        load_schema
        try_start launch || { tail -qn 5 "$dir"/*.log >&2; die "zabbix did not start, see $dir/*.log"; }
        echo "$port" >"$dir/port"
        until_true 10 make_token || die "zabbix gives no token"
        cat <<END
ZABBIX_URL=$url
ZABBIX_TOKEN=$token
ZABBIX_PORT=$port
END
        ;;
send)
        zabbix_sender -z 127.0.0.1 -p "$(cat "$2/port")" -s "$3" -k "$4" -o "$5"
        ;;
stop)
        dir=$(scratch "${2:-}")
        end_daemons
        "$servers/postgres.sh" stop "$dir/postgres"
        ;;
*)
        die "usage: $me start DIR | send DIR HOST KEY VALUE | stop DIR"
        ;;
esac
