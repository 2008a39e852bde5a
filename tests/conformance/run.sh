#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [DIR]: how far Kaname agrees with what was recorded of StackStorm and Orquesta. DIR (default
# ../shared/corpus, or $KANAME_CORPUS) holds conformance/ and packs/. Prints for each kind: cases,
# agreed, differed, skipped, and each difference; exits 0 only when the thresholds hold, and 77 where
# there is no corpus.
#
#   BUILD=dir      the build directory (build)
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=${1:-${KANAME_CORPUS:-$top/../shared/corpus}}
build=${BUILD:-${TOP_BUILDDIR:-$top/build}}
if [ ! -d "$dir/conformance" ]; then
        echo "skip: corpus of packs absent"
        exit 77
fi
make -s -C "$build" tests/conformance/conformance
exec "$build/tests/conformance/conformance" "$dir"
