# SPDX-License-Identifier: Apache-2.0
# Sourced: the systems that the domain storage is tried on, and clients of theirs that are not ours.

contract=$TOP/plugins/storage/domain.json domain=storage

# ---- Swift: its own API, by curl ----

swift_token() {
        curl -sS -m 10 -D - -o /dev/null -H "X-Auth-User: $SWIFT_KEY" -H "X-Auth-Key: $SWIFT_SECRET" "$SWIFT_AUTH" |
                tr -d '\r' | sed -n 's/^X-Auth-Token: //p'
}
encoded() { jq -rn --arg s "$1" '$s | @uri'; }
swift() {
        local method=$1 path=$2
        shift 2
        curl -sS -m 10 -X "$method" -H "X-Auth-Token: $token" "$@" "$SWIFT_URL/v1/AUTH_test$path"
}
buckets() { swift GET '?format=json' | jq -r '.[].name' | sort | xargs; }
keys() { swift GET "/$1?format=json" | jq -c '[.[].name]'; }
content() { swift GET "/$1/$(encoded "$2")"; }
status_of() { swift GET "/$1/$(encoded "$2")" -o /dev/null -w '%{http_code}'; }
foreign_put() { swift PUT "/$1/$(encoded "$2")" -H 'Content-Type: text/plain' --data-binary "$3" -o /dev/null; }
foreign_put_command() {
        echo "curl -sS -m 10 -X PUT -H 'X-Auth-Token: $token' -H 'Content-Type: text/plain' --data-binary '$3' -o /dev/null '$SWIFT_URL/v1/AUTH_test/$1/$(encoded "$2")'"
}
header() { swift HEAD "/$1" -I | tr -d '\r' | sed -n "s/^$2: //Ip"; }
quota_of() { header "$1" X-Container-Meta-Quota-Bytes; }
# Without any credentials.
stranger() { curl -sS -m 10 -o /dev/null -w '%{http_code}' "$SWIFT_URL/v1/AUTH_test/$1/$(encoded "$2")"; }

start_swift() {
        plugin=$BUILD/plugins/storage/s3.so secrets="secret_key"
        start_server swift
        token=$(swift_token)
        config=$(jq -nc --arg url "$SWIFT_URL" --arg key "$SWIFT_KEY" --arg secret "$SWIFT_SECRET" --arg auth "$SWIFT_AUTH" '
                {url: $url, access_key: $key, secret_key: $secret, policy: "swift", swift_auth: $auth, watch: ["watched"], poll_s: 1}')
}

# ---- tgtd: an initiator that is not ours, tgtadm, and the files themselves ----

lun() { echo "iscsi://${2:+$2@}$TGT_PORTAL/$TGT_PREFIX:$1/1"; }
# The size that an initiator sees, "" where it is not let in; more arguments are its own. Who is refused tries
# again for ever, so whoever is not even told of the target is not sent there.
seen_size() {
        local volume=$1
        shift
        timeout 10 iscsi-ls "$@" "iscsi://$TGT_PORTAL" 2>/dev/null | grep -q "Target:$TGT_PREFIX:$volume " || return 0
        timeout 2 iscsi-readcapacity16 "$@" "$(lun "$volume")" 2>/dev/null | sed -n 's/^Total size://p'
}
seen_as() {
        timeout 10 iscsi-ls "iscsi://$2%$3@$TGT_PORTAL" 2>/dev/null | grep -q "Target:$TGT_PREFIX:$1 " || return 0
        timeout 2 iscsi-readcapacity16 "$(lun "$1" "$2%$3")" 2>/dev/null | sed -n 's/^Total size://p'
}
write_to() { timeout 20 iscsi-test-cu --dataloss --test=SCSI.Write10.Simple "$(lun "$1")" >/dev/null 2>&1; }
shown() { TGT_IPC_SOCKET=$TGT_IPC tgtadm --lld iscsi --mode target --op show; }
volumes() { shown | sed -n "s/^Target [0-9]*: $TGT_PREFIX://p" | sort | xargs; }
clients() { shown | sed -n "/^Target [0-9]*: $TGT_PREFIX:$1\$/,/^Target/p" | sed -n '/ACL information/,/^Target/s/^        //p' | xargs; }
mark() { printf '%s' "$2" | dd of="$TGT_VOLUMES/$1.img" conv=notrunc status=none; }
marked() { head -c "${2:-4}" "$TGT_VOLUMES/$1.img"; }
mark_end() { printf x | dd of="$TGT_VOLUMES/$1.img" bs=1 seek=$(($2 - 1)) conv=notrunc status=none; }
foreign_resize_command() { echo "truncate -s $2 $TGT_VOLUMES/$1.img"; }
hold() {
        setsid iscsi-perf -m 1 -t 60 "$(lun "$1")" >/dev/null 2>&1 &
        holder=$!
        wait_until is_held "$1" || fail "nobody holds $1"
}
is_held() { shown | sed -n "/^Target [0-9]*: $TGT_PREFIX:$1\$/,/^Target/p" | grep -q 'I_T nexus: '; }
is_free() { ! is_held "$1"; }
release() {
        kill -9 $holder 2>/dev/null || true
        wait $holder 2>/dev/null || true
        wait_until is_free "$1" || fail "somebody still holds $1"
}
restart_tgtd() { "$TOP/tests/servers/tgtd.sh" restart "$TEST_DIR/tgtd"; }

start_tgtd() {
        plugin=$BUILD/plugins/storage/tgt.so
        start_server tgtd
        config=$(jq -nc --arg socket "$TGT_HELPER" '{socket: $socket}')
}
