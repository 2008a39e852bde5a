#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bind.sh start DIR [ZONE…] | stop DIR: BIND 9 with a TSIG key that may update and transfer its zones
. "$(dirname "$0")/common.sh"

write_zone() {
        cat >"$dir/$1.zone" <<END
\$TTL 300
@ IN SOA ns1.$1. admin.$1. ( 1 3600 600 86400 60 )
@ IN NS ns1.$1.
ns1 IN A 127.0.0.1
END
        cat >>"$dir/named.conf" <<END
zone "$1" {
        type primary;
        file "$dir/$1.zone";
        allow-update { key "kaname-key"; };
        allow-transfer { key "kaname-key"; };
};
END
}

write_config() {
        tsig-keygen -a hmac-sha256 kaname-key >"$dir/key.conf"
        # A second key that the server knows and that may do nothing.
        tsig-keygen -a hmac-sha256 powerless-key >"$dir/powerless.conf"
        cat >"$dir/named.conf" <<END
include "$dir/key.conf";
include "$dir/powerless.conf";
options {
        directory "$dir";
        pid-file "$dir/named.own.pid";
        session-keyfile "$dir/session.key";
        lock-file none;
        listen-on port $port { 127.0.0.1; };
        listen-on-v6 { none; };
        recursion no;
        dnssec-validation no;
        notify no;
        allow-transfer { none; };
        empty-zones-enable no;
};
controls { };
END
}

answers() { dig +short +time=1 +tries=1 @127.0.0.1 -p "$port" "${zones[0]}" soa | grep -q admin; }

launch() {
        port=$(free_ports 1)
        write_config
        local zone
        for zone in "${zones[@]}"; do write_zone "$zone"; done
        spawn "$dir" bind named -4 -g -n 1 -c "$dir/named.conf"
        until_true 10 answers && return 0
        reap "$dir" bind
        return 1
}

secret_of() { sed -n 's/.*secret "\(.*\)";/\1/p' "$1"; }

case ${1:-} in
start)
        need named dig tsig-keygen perl
        dir=$(scratch "${2:-}")
        shift 2
        zones=("$@")
        [ ${#zones[@]} -gt 0 ] || zones=(example.test)
        try_start launch || { tail -5 "$dir/bind.log" >&2; die "named did not start, see $dir/bind.log"; }
        cat <<END
BIND_HOST=127.0.0.1
BIND_PORT=$port
BIND_SERVER=127.0.0.1:$port
BIND_ZONES="${zones[*]}"
BIND_KEY_NAME=kaname-key
BIND_KEY_ALGORITHM=hmac-sha256
BIND_KEY_SECRET=$(secret_of "$dir/key.conf")
BIND_KEY_FILE=$dir/key.conf
BIND_POWERLESS_NAME=powerless-key
BIND_POWERLESS_SECRET=$(secret_of "$dir/powerless.conf")
BIND_PID=$(cat "$dir/bind.pid")
END
        ;;
stop)
        reap "$(scratch "${2:-}")" bind
        ;;
*)
        die "usage: $me start DIR [ZONE…] | stop DIR"
        ;;
esac
