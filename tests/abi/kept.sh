#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whoever built a plugin with the header of a past release has one that this release loads, and that answers as it
# did: the object that was kept, and one that is built now from the header that was kept. Today's is the first of all.
set -eu
here=$TOP_SRCDIR/tests/abi
dir=$(mktemp -d "${TMPDIR:-/tmp}/kaname-kept-XXXXXX")
trap 'rm -rf "$dir"' EXIT

# build INCLUDE SOURCE OBJECT
build() { cc -std=c11 -shared -fPIC -fvisibility=hidden -I"$1" -o "$3" "$2"; }
kaname() { "$TOP_BUILDDIR/kaname" "$@"; }

# holds OBJECT ANSWER WHAT
holds() {
        "$TOP_BUILDDIR/kaname-host" --describe "$1" >"$dir/told"
        for name in '"doors"' '"refuse"' '"seen"' '"look"'; do
                grep -q "\"name\":$name" "$dir/told" || { echo "$3: it declares no $name any more"; exit 1; }
        done
        kaname plugin run "$1" doors text=so list='[1,2]' -o json 2>"$dir/said" >"$dir/answer" ||
                { echo "$3: it does not run"; cat "$dir/said"; exit 1; }
        cmp "$dir/answer" "$2" || { echo "$3: it answers otherwise"; cat "$dir/answer"; exit 1; }
        kaname plugin run "$1" refuse 2>"$dir/said" >&2 && { echo "$3: its failure is none"; exit 1; }
        grep -q 'refused 3 times  \[conflict\]' "$dir/said" || { echo "$3: its failure is another"; exit 1; }
        echo "ok: $3"
}

build "$TOP_SRCDIR/sdk/include" "$here/kept.c" "$dir/today.so"
holds "$dir/today.so" "$here/answer.json" "built today"
for kept in "$here"/kept/*/; do
        [ -d "$kept" ] || continue
        version=$(basename "$kept")
        build "$kept" "$kept/kept.c" "$dir/again.so"
        holds "$dir/again.so" "$kept/answer.json" "built with the header of $version"
        object=$kept/$(uname -m).so.gz.b64
        [ -e "$object" ] || continue
        base64 -d "$object" | gzip -d >"$dir/kept.so"
        chmod 755 "$dir/kept.so"
        holds "$dir/kept.so" "$kept/answer.json" "the object of $version"
done
