#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nginx.sh start DIR [POOL=SERVER,SERVER…]… | stop DIR
#
# nginx before live backends that answer their own name (a second nginx has them all, a server block
# each), and the helper kaname-nginx-pools behind a socket as systemd would start it. Each pool has a
# front port of its own; NGINX_FRONT_MADE is one for a pool that a test makes.
. "$(dirname "$0")/common.sh"
helper=$(cd "$(dirname "$0")/../.." && pwd)/plugins/lb/nginx/kaname-nginx-pools

fact() { echo "$1=$2" >>"$dir/facts"; }
word() { echo "$1" | tr 'a-z.-' 'A-Z__' | tr -cd 'A-Z0-9_'; }
next_port() {
        head -n 1 "$dir/ports"
        sed -i 1d "$dir/ports"
}

scratch_paths() {
        local kind
        for kind in client_body proxy fastcgi uwsgi scgi; do
                echo "    ${kind}_temp_path $dir/$1-$kind;"
        done
}

write_backends() {
        local pair
        {
                echo "daemon off; worker_processes 1; pid $dir/backends-nginx.pid; error_log $dir/backends.err; user root;"
                echo "events { worker_connections 256; }"
                echo "http { access_log off; keepalive_timeout 0;"
                scratch_paths backends
                for pair; do echo "    server { listen 127.0.0.1:${pair#*:}; return 200 '${pair%%:*}\n'; }"; done
                echo "}"
        } >"$dir/backends.conf"
}

# write_pool POOL SERVER:PORT…, in the form that the helper keeps
write_pool() {
        local pool=$1 pair
        shift
        {
                echo "# Kept by kaname-nginx-pools: change it by hand only as it is written."
                echo "upstream $pool {"
                echo "    zone $pool 128k;"
                for pair; do echo "    server 127.0.0.1:${pair#*:} weight=100; # ${pair%%:*} ready"; done
                echo "}"
        } >"$dir/pools/$pool.conf"
}

write_front() {
        local pool
        {
                echo "daemon off; worker_processes 1; pid $dir/nginx-master.pid; error_log $dir/error.log info; user root;"
                echo "worker_shutdown_timeout 60s;"
                echo "events { worker_connections 256; }"
                echo "http { access_log off; keepalive_timeout 0; proxy_connect_timeout 2s;"
                scratch_paths front
                echo "    include $dir/pools/*.conf;"
                echo "    include $dir/sites/*.conf;"
                echo "}"
        } >"$dir/nginx.conf"
}

launch_pool() {
        local pool=${1%%=*} servers server port pairs=() front
        IFS=, read -ra servers <<<"${1#*=}"
        for server in "${servers[@]}"; do
                port=$(next_port)
                pairs+=("$server:$port")
                fact "NGINX_SERVER_$(word "$server")" "127.0.0.1:$port"
        done
        backends+=("${pairs[@]}")
        write_pool "$pool" "${pairs[@]}"
        front=$(next_port)
        fact "NGINX_FRONT_$(word "$pool")" "127.0.0.1:$front"
        echo "server { listen 127.0.0.1:$front; location / { proxy_pass http://$pool; } }" >"$dir/sites/$pool.conf"
        fronts+=("$front")
}

serves() { curl -s -o /dev/null -m 1 "http://127.0.0.1:$1/"; }

launch() {
        local pool front
        rm -rf "$dir/pools" "$dir/sites" "$dir/facts" "$dir"/*.sock
        mkdir -p "$dir/pools" "$dir/sites"
        fronts=() backends=()
        free_ports 32 | tr ' ' '\n' >"$dir/ports"
        for pool in "${pools[@]}"; do launch_pool "$pool"; done
        write_backends "${backends[@]}"
        write_front
        spawn "$dir" backends nginx -p "$dir" -c "$dir/backends.conf"
        spawn "$dir" nginx nginx -p "$dir" -c "$dir/nginx.conf"
        spawn "$dir" helper socat "UNIX-LISTEN:$dir/pools.sock,fork,mode=600" \
                "EXEC:$helper -d $dir/pools -c $dir/nginx.conf -p $dir -n nginx -P $dir/nginx-master.pid"
        for front in "${fronts[@]}"; do
                until_true 10 serves "$front" || { stop_all; return 1; }
        done
        until_true 5 test -S "$dir/pools.sock" || { stop_all; return 1; }
        fact NGINX_SPARE "127.0.0.1:$(next_port)"
        fact NGINX_FRONT_MADE "127.0.0.1:$(next_port)"
}

stop_all() {
        reap "$dir" helper
        reap "$dir" nginx
        reap "$dir" backends
}

case ${1:-} in
start)
        need nginx socat curl perl
        dir=$(scratch "${2:-}")
        shift 2
        pools=("$@")
        [ ${#pools[@]} -gt 0 ] || pools=(be_a=s1,s2 be_b=s3)
        try_start launch || { tail -5 "$dir/nginx.log" >&2; die "nginx did not start, see $dir/nginx.log"; }
        cat <<END
NGINX_SOCKET=unix:$dir/pools.sock
NGINX_SOCKET_PATH=$dir/pools.sock
NGINX_POOLS_DIR=$dir/pools
NGINX_SITES_DIR=$dir/sites
NGINX_MASTER=$dir/nginx-master.pid
END
        cat "$dir/facts"
        ;;
stop)
        dir=$(scratch "${2:-}")
        stop_all
        ;;
*)
        die "usage: $me start DIR [POOL=SERVER,SERVER…]… | stop DIR"
        ;;
esac
