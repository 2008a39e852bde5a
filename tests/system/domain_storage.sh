#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The storage contract on Swift's S3 API and on tgtd, through the mock host.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out swift tgtd
. "$TOP/tests/domain/storage_suite.sh"
. "$TOP/tests/domain/storage_servers.sh"

# tgtd forgets; what was offered comes back with who may connect.
suite_restart() {
        volume lasting
        grant lasting 127.0.0.1
        grant lasting account:backup
        restart_tgtd
        equals "it forgot" "$(volumes)" ""
        run volume.list "$(on lasting)"
        shows "offered again" '.result.volumes[0].clients == ["127.0.0.1", "account:backup"]'
        equals "to the same" "$(seen_as lasting backup "$TGT_PASSWORD")" $((16 * M))
        equals "and to nobody else" "$(seen_size lasting)" ""
        purge lasting
}

with() { config=$(jq -c "$1" <<<"$good"); }

suite_credentials() {
        local good=$config
        with '.secret_key = "another"'
        call check
        shows "the wrong secret" '.code == -2 and (.sentence | contains("SignatureDoesNotMatch") and contains("secret_key"))'
        with '.access_key = "test:nobody"'
        call check
        shows "nobody's key" '.code == -2 and (.sentence | length > 20)'
        with '.region = "eu-north-1"'
        call check
        shows "the wrong region" '.code < 0 and (.sentence | contains("region"))'
        with ".access_key = \"$SWIFT_GUEST\""
        refuse -2 bucket.create "$(in_bucket guests)"
        shows "a key without rights" '.sentence | contains("rights")'
        with '.swift_auth = "http://127.0.0.1:9/auth/v1.0"'
        call run bucket.quota "$(in_bucket quotas '"size": 1')"
        shows "nobody at Swift's own door" '.code == -6'
        with 'del(.swift_auth)'
        refuse -9 bucket.quota "$(in_bucket quotas '"size": 1')"
        call check
        shows "and check says so" '.result.unsupported == ["bucket.quota"]'
        with '.url = "http://127.0.0.1:9"'
        call check
        shows "nobody there" '.code == -6'
        config=$good
}

suite_helper() {
        local good=$config
        config='{"socket": "unix:'$TEST_DIR'/nowhere.sock"}'
        call check
        shows "no helper" '.code == -6'
        config=$good
        mv "$TGT_IPC.0" "$TGT_IPC.hidden"
        call check
        shows "no tgtd" '.code == -5 and (.sentence | contains("start it"))'
        mv "$TGT_IPC.hidden" "$TGT_IPC.0"
        equals "what is no request" "$(echo 'create ../../etc/passwd 1048576' | socat - "UNIX-CONNECT:${TGT_HELPER#unix:}" | cut -d' ' -f1-2)" "error request"
        equals "nor this" "$(echo 'delete x; rm any' | socat - "UNIX-CONNECT:${TGT_HELPER#unix:}" | cut -d' ' -f1-2)" "error request"
}

system=$1
case $system in
swift)
        start_swift
        parts $storage_bucket_parts race sensor credentials
        ;;
tgtd)
        start_tgtd
        parts $storage_volume_parts volume_race restart helper
        ;;
esac
