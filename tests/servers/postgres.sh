#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# postgres.sh start DIR [DATABASE…] | stop DIR: PostgreSQL 15 on loopback, without fsync, for other servers here.
# It refuses to run as root: then its files are the user postgres's, in a directory beside DIR's own.
. "$(dirname "$0")/common.sh"

bin=/usr/lib/postgresql/15/bin

# as_postgres COMMAND…: with nothing of our environment
as_postgres() {
        if [ "$(id -u)" -eq 0 ]; then
                setpriv --reuid postgres --regid postgres --init-groups env -i PATH="$bin:/usr/bin:/bin" LC_ALL=C.UTF-8 "$@"
        else
                env -i PATH="$bin:/usr/bin:/bin" LC_ALL=C.UTF-8 "$@"
        fi
}

# $KANAME_PG_TEMPLATE: a data directory packed by "pack", instead of an empty one
make_data() {
        home=$(mktemp -d "${TMPDIR:-/tmp}/kaname-postgres.XXXXXX")
        echo "$home" >"$dir/home"
        [ "$(id -u)" -ne 0 ] || chown postgres "$home"
        if [ -n "${KANAME_PG_TEMPLATE:-}" ]; then
                tar -C "$home" --zstd -xf "$KANAME_PG_TEMPLATE"
                return
        fi
        as_postgres initdb -D "$home/data" -U kaname -A trust -E UTF8 --no-sync >"$dir/initdb.log" 2>&1
}

launch() {
        port=$(free_ports 1)
        cat >>"$home/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$home'
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 48MB
max_connections = 80
END
        spawn_postgres
        until_true 20 as_postgres psql -h 127.0.0.1 -p "$port" -U kaname -d postgres -c 'select 1' && return 0
        reap "$dir" postgres INT
        return 1
}

# setpriv and env become the server: the pid that spawn wrote is its own
spawn_postgres() {
        if [ "$(id -u)" -eq 0 ]; then
                spawn "$dir" postgres setpriv --reuid postgres --regid postgres --init-groups \
                        env -i PATH="$bin:/usr/bin:/bin" LC_ALL=C.UTF-8 "$bin/postgres" -D "$home/data"
        else
                spawn "$dir" postgres env -i PATH="$bin:/usr/bin:/bin" LC_ALL=C.UTF-8 "$bin/postgres" -D "$home/data"
        fi
}

case ${1:-} in
start)
        [ -x "$bin/postgres" ] || die "needs postgresql-15, which is not installed"
        need setpriv perl
        dir=$(scratch "${2:-}")
        shift 2
        make_data
        try_start launch || { tail -5 "$dir/postgres.log" >&2; die "postgres did not start, see $dir/postgres.log"; }
        for database; do
                as_postgres createdb -h 127.0.0.1 -p "$port" -U kaname "$database"
        done
        cat <<END
POSTGRES_HOST=127.0.0.1
POSTGRES_PORT=$port
POSTGRES_USER=kaname
END
        ;;
pack)
        # pack DIR FILE: ends it, and keeps its data for $KANAME_PG_TEMPLATE
        dir=$(scratch "${2:-}")
        home=$(cat "$dir/home")
        reap "$dir" postgres INT
        sed -i '/^listen_addresses = /,$d' "$home/data/postgresql.conf"
        tar -C "$home" --zstd -cf "$3.$$" data
        mv "$3.$$" "$3"
        ;;
stop)
        dir=$(scratch "${2:-}")
        reap "$dir" postgres INT
        [ ! -s "$dir/home" ] || rm -rf "$(cat "$dir/home")"
        rm -f "$dir/home"
        ;;
*)
        die "usage: $me start DIR [DATABASE…] | pack DIR FILE | stop DIR"
        ;;
esac
