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

system=$1
case $system in
swift)
        start_swift
        parts $storage_bucket_parts race sensor
        ;;
tgtd)
        start_tgtd
        parts $storage_volume_parts volume_race restart
        ;;
esac
