#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A plugin outside of the tree builds with the rules for authors, and the result can be loaded.
set -eu
dir=$(mktemp -d /tmp/kaname-tree-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cp "$TOP_SRCDIR/examples/out-of-tree/Makefile" "$TOP_SRCDIR/examples/out-of-tree/coin.c" "$dir"
chmod -R u+w "$dir"
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$dir" KANAME_SDK="$TOP_SRCDIR/sdk" CFLAGS='-O2 -Werror'
[ "$(nm -D --defined-only "$dir/coin.so" | awk '{ print $3 }')" = kaname_plugin ]
"$TOP_BUILDDIR/kaname-host" --describe "$dir/coin.so" | grep -q '"name":"toss"'
