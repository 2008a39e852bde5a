#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# haproxy.sh start DIR [POOL=SERVER,SERVER…]… | kill DIR SERVER | revive DIR SERVER | stop DIR
#
# HAProxy before live backends that answer their own name. Each pool has a frontend of its own; its
# backends are HAProxy processes too, one a server, so that one can die without the others.
. "$(dirname "$0")/common.sh"

write_backend() {
        cat >"$dir/backend-$1.cfg" <<END
global
    maxconn 100
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
    timeout check 5s
frontend fe
    bind 127.0.0.1:$2
    http-request return status 200 content-type text/plain lf-string "$1\n"
END
}

write_head() {
        cat >"$dir/haproxy.cfg" <<END
global
    stats socket $dir/admin.sock mode 600 level admin
    stats socket ipv4@127.0.0.1:$admin level admin
    stats socket $dir/operator.sock mode 600 level user
    stats timeout 30s
    maxconn 500
    nbthread 1
    log stderr format raw local0 notice
defaults
    mode http
    option redispatch
    retries 3
    timeout connect 2s
    timeout client 10s
    timeout server 10s
    timeout check 5s
END
}

# write_pool POOL FRONTPORT SERVER:PORT…
write_pool() {
        local pool=$1 front=$2 pair
        shift 2
        cat >>"$dir/haproxy.cfg" <<END
frontend fe_$pool
    bind 127.0.0.1:$front
    default_backend $pool
backend $pool
    balance roundrobin
    option httpchk GET /
END
        for pair; do
                echo "    server ${pair%%:*} 127.0.0.1:${pair##*:} weight 100 check inter 200ms fall 2 rise 2" \
                        >>"$dir/haproxy.cfg"
        done
}

start_backend() { spawn "$dir" "backend-$1" haproxy -db -q -f "$dir/backend-$1.cfg"; }
serves() { curl -sf -m 1 "http://127.0.0.1:$1/"; }
fact() { echo "$1=$2" >>"$dir/facts"; }
word() { echo "$1" | tr 'a-z.-' 'A-Z__' | tr -cd 'A-Z0-9_'; }

launch_pool() {
        local pool=${1%%=*} servers server pairs=() front port
        IFS=, read -ra servers <<<"${1#*=}"
        front=$(next_port)
        for server in "${servers[@]}"; do
                port=$(next_port)
                write_backend "$server" "$port"
                start_backend "$server"
                pairs+=("$server:$port")
                fact "HAPROXY_SERVER_$(word "$server")" "127.0.0.1:$port"
        done
        write_pool "$pool" "$front" "${pairs[@]}"
        fact "HAPROXY_FRONT_$(word "$pool")" "127.0.0.1:$front"
        fronts+=("$front")
}

# Ports are taken off one list; a subshell cannot shorten it, so the list is a file.
next_port() {
        head -n 1 "$dir/ports"
        sed -i 1d "$dir/ports"
}

launch() {
        local pool front
        rm -f "$dir/facts" "$dir"/*.sock
        fronts=()
        free_ports 48 | tr ' ' '\n' >"$dir/ports"
        admin=$(next_port)
        write_head
        for pool in "${pools[@]}"; do launch_pool "$pool"; done
        spawn "$dir" haproxy haproxy -db -f "$dir/haproxy.cfg"
        for front in "${fronts[@]}"; do
                until_true 10 serves "$front" || { stop_all; return 1; }
        done
        fact HAPROXY_SPARE "$(next_port)"
}

stop_all() {
        local pidfile
        for pidfile in "$dir"/haproxy.pid "$dir"/backend-*.pid; do
                [ -e "$pidfile" ] || continue
                reap "$dir" "$(basename "$pidfile" .pid)"
        done
}

case ${1:-} in
start)
        need haproxy curl perl
        dir=$(scratch "${2:-}")
        shift 2
        pools=("$@")
        [ ${#pools[@]} -gt 0 ] || pools=(be_a=s1,s2 be_b=s3)
        try_start launch || { tail -5 "$dir/haproxy.log" >&2; die "haproxy did not start, see $dir/haproxy.log"; }
        cat <<END
HAPROXY_SOCKET=unix:$dir/admin.sock
HAPROXY_SOCKET_PATH=$dir/admin.sock
HAPROXY_TCP=tcp:127.0.0.1:$admin
HAPROXY_POWERLESS=unix:$dir/operator.sock
HAPROXY_POOLS="${pools[*]}"
HAPROXY_PID=$(cat "$dir/haproxy.pid")
END
        cat "$dir/facts"
        ;;
kill)
        dir=$(scratch "${2:-}")
        reap "$dir" "backend-$3" KILL
        ;;
revive)
        dir=$(scratch "${2:-}")
        start_backend "$3"
        ;;
stop)
        dir=$(scratch "${2:-}")
        stop_all
        ;;
*)
        die "usage: $me start DIR [POOL=SERVER,SERVER…]… | kill DIR SERVER | revive DIR SERVER | stop DIR"
        ;;
esac
