#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tgtd.sh start DIR | restart DIR | stop DIR: tgtd, and the helper kaname-tgt-volumes behind a socket as systemd
# would start it. restart is of tgtd alone, which then knows no target.
. "$(dirname "$0")/common.sh"
helper=$(cd "$(dirname "$0")/../.." && pwd)/plugins/storage/tgt/kaname-tgt-volumes

portal_answers() { (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

launch_tgtd() {
        port=$(cat "$dir/port")
        TGT_IPC_SOCKET="$dir/tgt.sock" spawn "$dir" tgtd tgtd -f --iscsi "portal=127.0.0.1:$port"
        until_true 5 test -S "$dir/tgt.sock.0" && until_true 5 portal_answers
}

stop_tgtd() {
        reap "$dir" tgtd KILL
        rm -f "$dir/tgt.sock.0"
}

launch() {
        free_ports 1 >"$dir/port"
        mkdir -p "$dir/volumes"
        echo "backup secretsecret1" >"$dir/accounts"
        launch_tgtd || { stop_tgtd; return 1; }
        spawn "$dir" helper socat "UNIX-LISTEN:$dir/volumes.sock,fork,mode=600" \
                "EXEC:$helper -d $dir/volumes -n iqn.2026-01.test.example -s $dir/tgt.sock.0 -a $dir/accounts"
        until_true 5 test -S "$dir/volumes.sock" || { stop_all; return 1; }
}

stop_all() {
        reap "$dir" helper
        stop_tgtd
}

case ${1:-} in
start)
        need tgtd tgtadm socat perl
        dir=$(scratch "${2:-}")
        try_start launch || { tail -5 "$dir/tgtd.log" >&2; die "tgtd did not start, see $dir/tgtd.log"; }
        cat <<END
TGT_HELPER=unix:$dir/volumes.sock
TGT_IPC=$dir/tgt.sock
TGT_PORTAL=127.0.0.1:$port
TGT_VOLUMES=$dir/volumes
TGT_PREFIX=iqn.2026-01.test.example
TGT_ACCOUNT=backup
TGT_PASSWORD=secretsecret1
END
        ;;
restart)
        dir=$(scratch "${2:-}")
        stop_tgtd
        launch_tgtd || die "tgtd did not come back, see $dir/tgtd.log"
        ;;
stop)
        dir=$(scratch "${2:-}")
        stop_all
        ;;
*)
        die "usage: $me start DIR | restart DIR | stop DIR"
        ;;
esac
