#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every plugin of the build leaves one symbol and takes none of Kaname's: that is what lets it live in any home.
cd "${TOP_BUILDDIR:?}" || exit 99
found=0
for so in $(find plugins examples tests/unit/plugins -name '*.so' 2>/dev/null); do
        found=$((found + 1))
        out=$(nm -D --defined-only "$so" | awk '$2 != "w" && $2 != "W" && $2 != "A" { print $3 }')
        case $so in *-unexported.so) continue ;; esac
        [ "$out" = kaname_plugin ] || { echo "$so exports: $out"; bad=1; }
        if nm -D --undefined-only "$so" | grep -E ' (kn_|kaname_|host_|json_canonical|fault_)'; then
                echo "$so wants symbols of kaname"
                bad=1
        fi
done
echo "$found plugins"
[ "$found" -ge 3 ] && [ -z "$bad" ]
