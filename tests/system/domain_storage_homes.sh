#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The storage contract through a running hub, in both homes of a plugin: the suite of domain_storage.sh, with
# plans, undo and conflicts as the hub makes them.
. "$(dirname "$0")/../domain/lib.sh"
[ $# -eq 1 ] || fan_out swift tgtd
. "$TOP/tests/domain/storage_suite.sh"
. "$TOP/tests/domain/storage_servers.sh"

system=$1
"start_$system"
case $system in
swift) names="$storage_bucket_parts conflict event" ;;
tgtd) names="$storage_volume_parts volume_conflict" ;;
esac
HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
start_hub "$TEST_DIR/hub"
via=hub
for home in core host; do
        instance=in-$home
        parts_at_home "$home" $names
done
