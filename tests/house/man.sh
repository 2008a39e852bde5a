#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Manual pages are mdoc without a warning, and every program and every configuration key has its place in one.
set -eu
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}"

pages=$(find core sdk plugins examples -name '*.[1-8]' | sort)
[ -n "$pages" ] || { echo "man: no page found"; exit 1; }
for key in $(sed -nE 's/^ +\{ "([a-z_]+)", CONF_.*/\1/p' core/conf/keys.c); do
        grep -qE "^\.It (Ic|Cm) .*$key" core/conf/kaname.conf.5 || { echo "kaname.conf.5: nothing about $key"; exit 1; }
done
command -v mandoc >/dev/null || { echo "skip: no mandoc"; exit 77; }
# shellcheck disable=SC2086
said=$(mandoc -T lint -W warning $pages || true)
[ -z "$said" ] || { echo "$said"; exit 1; }
echo "man: $(echo "$pages" | wc -l) pages"
