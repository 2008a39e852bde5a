#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The storage contract on Swift's S3 API, through the mock host.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out swift
. "$TOP/tests/domain/storage_suite.sh"
. "$TOP/tests/domain/storage_servers.sh"

system=$1
case $system in
swift)
        start_swift
        parts $storage_bucket_parts race
        ;;
esac
