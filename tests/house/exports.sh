#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A plugin shows the world one symbol, and takes none from the programs that load it. What lies in
# tests/abi is wrong on purpose.
set -eu
cd "${TOP_BUILDDIR:-.}"

n=0 wrong=
for plugin in $(find . -name '*.so' -not -path './tests/abi/*' -not -path './kaname-*' | sort); do
        n=$((n + 1))
        shown=$(nm -D --defined-only "$plugin" | awk '{ print $NF }' | xargs)
        [ "$shown" = kaname_plugin ] || wrong="$wrong
$plugin: exports \"$shown\", wanted kaname_plugin alone"
        taken=$(nm -D --undefined-only "$plugin" | awk '{ print $NF }' | grep -E '^(kn_|kaname_)' | xargs || true)
        [ -z "$taken" ] || wrong="$wrong
$plugin: takes \"$taken\" from whoever loads it"
done
[ "$n" -gt 0 ] || { echo "exports: no plugin was built"; exit 1; }
[ -z "$wrong" ] || { echo "exports:$wrong"; exit 1; }
echo "exports: $n plugins show kaname_plugin alone"
