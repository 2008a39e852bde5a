#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# keep.sh: keep what this release's ABI is, for the next ones to be held to; run once for each release, on each
# machine that an object is to be kept of, and commit what it made: tests/abi/kept/VERSION/ with the header, the
# source, what the plugin answers, and the object as it was built (gzip, base64). tests/abi/kept.sh loads them all.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
header=$top/sdk/include/kaname/plugin.h
version=$(sed -n 's/^#define KN_ABI_VERSION  *KN_ABI(\([0-9]*\), \([0-9]*\)).*/\1.\2/p' "$header")
[ -n "$version" ] || { echo "keep.sh: $header tells no KN_ABI_VERSION" >&2; exit 1; }
kept=$top/tests/abi/kept/$version
object=$(mktemp "${TMPDIR:-/tmp}/kaname-kept.XXXXXX")
trap 'rm -f "$object" "$object.so"' EXIT
mkdir -p "$kept/kaname"
cmp -s "$header" "$kept/kaname/plugin.h" || [ ! -e "$kept/kaname/plugin.h" ] ||
        { echo "keep.sh: $version is kept already, with another header: a release's ABI does not change" >&2; exit 1; }
cp "$header" "$kept/kaname/plugin.h"
cp "$top/tests/abi/kept.c" "$kept/kept.c"
cc -std=c11 -Os -s -shared -fPIC -fvisibility=hidden -I"$kept" -o "$object.so" "$kept/kept.c"
"$build/kaname" plugin run "$object.so" doors text=so list='[1,2]' -o json 2>/dev/null >"$kept/answer.json"
gzip -9n <"$object.so" | base64 >"$kept/$(uname -m).so.gz.b64"
echo "kept: $kept"
