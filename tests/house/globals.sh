#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No mutable globals but those that tests/house/globals names with a reason; plugins have none at all.
set -eu
cd "${TOP_BUILDDIR:-.}"
allowed=${TOP_SRCDIR:-$(dirname "$0")/../..}/tests/house/globals

# Sanitizers add globals of their own: then there is nothing to learn here.
if nm libkaname.a 2>/dev/null | grep -qE '__(asan|tsan)_'; then
        echo "skip: this build has sanitizers"
        exit 77
fi

# What lies in .data, .bss or common; constants that hold pointers lie in .data.rel.ro.
mutable() {
        nm -f sysv "$1" | awk -F'|' '{ gsub(/ /, "") } $4 == "OBJECT" && $7 ~ /^(\.data|\.bss|\*COM\*)$/ {
                sub(/\.[0-9]+$/, "", $1)
                if ($1 !~ /^(completed|__TMC_END__|__dso_handle)$/) print $1 }' | sort -u
}

wrong=$(
        find core -name '*.o' -not -path 'core/bin/*' | sort | while read -r object; do
                for name in $(mutable "$object"); do
                        grep -q "^${object%.o} $name " "$allowed" ||
                                echo "${object%.o}.c: mutable global $name"
                done
        done
        for plugin in $(find . -path './core' -prune -o -path './tests/abi' -prune -o -path './kaname-*' -prune -o -name '*.so' -print | sort); do
                for name in $(mutable "$plugin"); do
                        echo "$plugin: mutable global $name"
                done
        done
)
[ -z "$wrong" ] || { echo "$wrong"; exit 1; }
echo "globals: $(grep -cv '^#' "$allowed") allowed, no other"
