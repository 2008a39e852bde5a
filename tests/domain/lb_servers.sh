# SPDX-License-Identifier: Apache-2.0
# Sourced: the load balancers that the domain lb is tried on, and clients of theirs that are not ours.

contract=$TOP/plugins/lb/domain.json domain=lb
balancer=haproxy
# What this balancer can, of what the contract leaves open: parts of the suite, and health checks of its own.
lb_checks=true lb_parts_of="$lb_parts floor_down stats"

spare() { local name=${balancer^^}_SPARE && echo "127.0.0.1:${!name##*:}"; }
front() { local name=${balancer^^}_FRONT_${1^^} && echo "${!name}"; }
backend_of() { local name=${balancer^^}_SERVER_${1^^} && echo "${!name}"; }

use_haproxy() {
        plugin=$BUILD/plugins/lb/haproxy.so
        runtime() { echo "$1" | socat -t 5 - "UNIX-CONNECT:$HAPROXY_SOCKET_PATH"; }
        # column N of the server's row in "show stat"
        column() { runtime "show stat $1 4 -1" | awk -F, -v s="$2" -v n="$3" '$2 == s { print $n }'; }
        status() { column "$1" "$2" 18; }
        weight() { column "$1" "$2" 19; }
        sessions() { column "$1" "$2" 5; }
        foreign_command() { echo "echo 'set server $1/$2 weight $3' | socat - UNIX-CONNECT:$HAPROXY_SOCKET_PATH"; }
        stop_backend() { "$TOP/tests/servers/haproxy.sh" kill "$TEST_DIR/haproxy" "$1"; }
        start_backend() { "$TOP/tests/servers/haproxy.sh" revive "$TEST_DIR/haproxy" "$1"; }
}

start_haproxy() {
        use_haproxy
        start_server haproxy be_a=s1,s2 be_b=s3
        local server
        for server in s1 s2; do until_status be_a $server UP; done
}

# nginx tells nobody what it loaded, so its clients here are awk on the file, traffic, and the kernel's table
# of connections.
use_nginx() {
        balancer=nginx lb_checks=false lb_parts_of="$lb_parts pools backs_out"
        plugin=$BUILD/plugins/lb/nginx.so
        line_of() { awk -v s="$2" '$1 == "server" && $0 ~ "# " s " "' "$NGINX_POOLS_DIR/$1.conf"; }
        status() {
                local line state
                line=$(line_of "$1" "$2")
                [ -n "$line" ] || return 0
                state=$(sed -E 's/.*# [^ ]+ ([a-z]+).*/\1/' <<<"$line")
                case $state,$line in
                ready,*" down;"*) echo WEIGHTLESS ;;
                ready,*) echo UP ;;
                drain,*" down;"*) echo DRAIN ;;
                maint,*" down;"*) echo MAINT ;;
                *) echo "ODD: $line" ;;
                esac
        }
        weight() { line_of "$1" "$2" | grep -o 'weight=[0-9]*' | tail -n 1 | cut -d= -f2; }
        sessions() {
                local port
                port=$(line_of "$1" "$2" | awk '{ sub(/.*:/, "", $2); print $2 }')
                awk -v port="$(printf ':%04X' "$port")" '$3 ~ port "$" && $4 == "01" { n++ } END { print n + 0 }' /proc/net/tcp
        }
        foreign_command() {
                echo "sed -i 's/ weight=[0-9]*\\(.*# $2 \\)/ weight=$3\\1/' $NGINX_POOLS_DIR/$1.conf && kill -HUP \$(cat $NGINX_MASTER)"
        }
}

open_front() {
        echo "server { listen $NGINX_FRONT_MADE; location / { proxy_pass http://$1; } }" >"$NGINX_SITES_DIR/$1.conf"
        kill -HUP "$(cat "$NGINX_MASTER")"
        check wait_until curl -sf "http://$NGINX_FRONT_MADE/"
}
close_front() {
        rm "$NGINX_SITES_DIR/$1.conf"
        kill -HUP "$(cat "$NGINX_MASTER")"
        WAIT_S=10 wait_until refuses "$NGINX_FRONT_MADE" || fail "the front does not close"
}
refuses() { ! curl -s "http://$1/"; }
break_configuration() { echo "nonsense;" >"$NGINX_SITES_DIR/broken.conf"; }
mend_configuration() { rm "$NGINX_SITES_DIR/broken.conf"; }

start_nginx() {
        use_nginx
        start_server nginx be_a=s1,s2 be_b=s3
        config="{\"socket\": \"$NGINX_SOCKET\"}"
}
