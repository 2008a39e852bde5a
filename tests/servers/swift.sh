#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# swift.sh start DIR | stop DIR: OpenStack Swift with its S3 API: proxy, one account, container and object
# server, and memcached, which its simplest authentication needs
. "$(dirname "$0")/common.sh"

services="account container object"

make_rings() {
        /usr/bin/python3 - "$dir/etc" "$@" <<'END'
import sys
from swift.common.ring import RingBuilder
for pair in sys.argv[2:]:
    name, port = pair.split(":")
    ring = RingBuilder(4, 1, 0)
    ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1", "weight": 1,
                  "replication_ip": "127.0.0.1", "replication_port": int(port), "meta": ""})
    ring.rebalance()
    ring.get_ring().save("%s/%s.ring.gz" % (sys.argv[1], name))
END
}

common_settings() {
        cat <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $1
workers = 0
user = $(id -un)
swift_dir = $dir/etc
log_level = INFO
log_address = $dir/no-log
END
}

write_service() {
        { common_settings "$2"
          cat <<END
devices = $dir/srv
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = $1-server
[app:$1-server]
recon_cache_path = $dir/cache
use = egg:swift#$1
END
        } >"$dir/etc/$1-server.conf"
}

write_proxy() {
        { common_settings "$web"
          cat <<END
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth container_quotas slo dlo versioned_writes symlink proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = $secret .admin
user_test_guest = $secret
[filter:container_quotas]
use = egg:swift#container_quotas
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:symlink]
use = egg:swift#symlink
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$cache
END
        } >"$dir/etc/proxy-server.conf"
}

answers() { curl -sf -m 5 -o /dev/null -H 'X-Auth-User: test:tester' -H "X-Auth-Key: $secret" "http://127.0.0.1:$web/auth/v1.0"; }

stop_all() {
        local name
        for name in proxy $services memcached; do reap "$dir" $name; done
}

launch() {
        local ports one rings=()
        read -r web cache ports <<<"$(free_ports 5)"
        rm -rf "$dir/etc" "$dir/srv"
        mkdir -p "$dir/etc" "$dir/srv/d1" "$dir/cache"
        printf '[swift-hash]\nswift_hash_path_prefix = kaname\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = gold\ndefault = yes\n' \
                >"$dir/etc/swift.conf"
        for one in $services; do
                write_service "$one" "${ports%% *}"
                rings+=("$one:${ports%% *}")
                ports=${ports#* }
        done
        write_proxy
        make_rings "${rings[@]}"
        spawn "$dir" memcached memcached -l 127.0.0.1 -p "$cache" -U 0 -m 16 -u "$(id -un)"
        for one in $services proxy; do
                spawn "$dir" "$one" /usr/bin/python3 "$(command -v swift-$one-server)" "$dir/etc/$one-server.conf" -v
        done
        until_true 30 answers || { stop_all; return 1; }
}

case ${1:-} in
start)
        need swift-proxy-server swift-account-server swift-container-server swift-object-server memcached curl perl
        dir=$(scratch "${2:-}")
        secret=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
        try_start launch || { tail -5 "$dir"/*.log >&2; die "Swift did not start, see $dir/proxy.log"; }
        cat <<END
SWIFT_URL=http://127.0.0.1:$web
SWIFT_REGION=us-east-1
SWIFT_KEY=test:tester
SWIFT_GUEST=test:guest
SWIFT_SECRET=$secret
SWIFT_AUTH=http://127.0.0.1:$web/auth/v1.0
SWIFT_PID=$(cat "$dir/proxy.pid")
END
        ;;
stop)
        dir=$(scratch "${2:-}")
        stop_all
        ;;
*)
        die "usage: $me start DIR | stop DIR"
        ;;
esac
