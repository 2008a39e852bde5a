#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nautobot.sh start DIR | stop DIR: Nautobot from the Python registry, with PostgreSQL and Redis, and a token for its API
# Installing it takes half a minute and making its database four: both are kept in $KANAME_TEST_CACHE for the next
# time. Where the registry cannot be reached, start exits 77.
. "$(dirname "$0")/common.sh"
servers=$(cd "$(dirname "$0")" && pwd)
cache=${KANAME_TEST_CACHE:-${TMPDIR:-/tmp}/kaname-test-cache-$(id -u)}
version=3.2.7
venv=$cache/nautobot-$version
template=$cache/nautobot-$version.tar.zst

server() {
        env NAUTOBOT_DB_PORT="$POSTGRES_PORT" NAUTOBOT_REDIS_PORT="$redis" NAUTOBOT_ROOT="$dir/root" HOME="$dir" \
                "$venv/bin/nautobot-server" --config="$dir/nautobot_config.py" "$@"
}

# Only what is not there for lack of a registry is a reason to skip.
install_it() {
        mkdir -p "$cache"
        [ ! -e "$venv/ready" ] || return 0
        rm -rf "$venv.new"
        /usr/bin/python3 -m venv "$venv.new"
        "$venv.new/bin/pip" download -q --no-deps --retries 1 -d "$venv.new" "nautobot==$version" >"$dir/pip.log" 2>&1 || {
                say "the Python registry cannot be reached, see $dir/pip.log"
                exit 77
        }
        # A venv's programs name its path: it is made where it stays.
        rm -rf "$venv"
        /usr/bin/python3 -m venv "$venv"
        "$venv/bin/pip" install -q --find-links "$venv.new" "nautobot==$version" >"$dir/pip.log" 2>&1 ||
                die "nautobot cannot be installed, see $dir/pip.log"
        rm -rf "$venv.new"
        touch "$venv/ready"
}

write_config() {
        mkdir -p "$dir/root"
        cat >"$dir/nautobot_config.py" <<END
import os
from nautobot.core.settings import *
ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = "$secret"
INSTALLATION_METRICS_ENABLED = False
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nautobot", "USER": "kaname", "PASSWORD": "x",
                         "HOST": "127.0.0.1", "PORT": os.environ["NAUTOBOT_DB_PORT"]}}
END
}

start_postgres() {
        local facts
        facts=$("$servers/postgres.sh" start "$dir/postgres" "$@")
        eval "$facts"
}

start_redis() {
        redis=$(free_ports 1)
        spawn "$dir" redis redis-server --port "$redis" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir"
        until_true 10 redis-cli -p "$redis" ping
}

load_database() {
        if [ ! -s "$template" ]; then
                start_postgres nautobot
                server migrate >"$dir/migrate.log" 2>&1 || die "nautobot cannot make its database, see $dir/migrate.log"
                "$servers/postgres.sh" pack "$dir/postgres" "$template"
                "$servers/postgres.sh" stop "$dir/postgres"
        fi
        export KANAME_PG_TEMPLATE=$template
        start_postgres
}

# The account and its token, without the ten seconds that the server's own shell takes to start.
make_token() {
        psql -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$POSTGRES_PORT" -U kaname nautobot >"$dir/token.log" 2>&1 <<END
insert into auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined,
        config_data)
        values (gen_random_uuid(), '!', true, 'kaname', '', '', '', true, true, now(), '{}');
insert into users_token (id, user_id, created, key, write_enabled, description)
        select gen_random_uuid(), id, now(), '$1', true, '' from auth_user where username = 'kaname';
END
}

answers() { curl -sf -m 10 -o /dev/null -H "Authorization: Token $token" "http://127.0.0.1:$port/api/status/"; }

launch() {
        port=$(free_ports 1)
        spawn "$dir" nautobot env NAUTOBOT_DB_PORT="$POSTGRES_PORT" NAUTOBOT_REDIS_PORT="$redis" NAUTOBOT_ROOT="$dir/root" \
                HOME="$dir" "$venv/bin/nautobot-server" --config="$dir/nautobot_config.py" runserver --noreload --insecure \
                "127.0.0.1:$port"
        until_true 120 answers && return 0
        reap "$dir" nautobot
        return 1
}

case ${1:-} in
start)
        need /usr/bin/python3 redis-server redis-cli psql perl curl zstd
        dir=$(scratch "${2:-}")
        secret=$(head -c 40 /dev/urandom | base64 | tr '+/' 'xy')
        token=$(head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n')
        install_it
        write_config
        start_redis
        load_database
        make_token "$token" || die "nautobot takes no account, see $dir/token.log"
        launch || { tail -n 5 "$dir/nautobot.log" >&2; die "nautobot did not start, see $dir/nautobot.log"; }
        cat <<END
NAUTOBOT_URL=http://127.0.0.1:$port
NAUTOBOT_TOKEN=$token
END
        ;;
stop)
        dir=$(scratch "${2:-}")
        reap "$dir" nautobot
        reap "$dir" redis
        "$servers/postgres.sh" stop "$dir/postgres"
        ;;
*)
        die "usage: $me start DIR | stop DIR"
        ;;
esac
