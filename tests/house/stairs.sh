#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Includes go down the stairs only: tests/house/stairs is the table, one line a room.
set -eu
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}"

# Lines "FILE:LINE:ROOM" for every include of another folder's header.
includes() {
        find "$1" -name '*.[ch]' -exec grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][a-z]+/' {} + |
                sed -nE 's|^([^:]+:[0-9]+):[^"<]*"([a-z]+)/.*|\1:\2|p; s|^([^:]+:[0-9]+):[^"<]*<kaname/.*|\1:sdk|p'
}

# $1: folder, $2: whom it may see, itself included.
check() {
        includes "$1" | while IFS=: read -r file line room; do
                case " $2 " in
                *" $room "*) ;;
                *) echo "$file:$line: includes \"$room/…\", which $1 may not see (it may see: $2)" ;;
                esac
        done
}

wrong=$(
        for dir in core/*/; do
                room=$(basename "$dir")
                grep -q "^$room:" tests/house/stairs || echo "$dir: no line in tests/house/stairs"
                check "core/$room" "$room $(sed -n "s/^$room: *//p" tests/house/stairs)"
        done
        check sdk/include "sdk"
        for dir in plugins/*/; do
                dir=plugins/$(basename "$dir")
                check "$dir" "sdk $(basename "$dir") $(sed -n "s|^$dir: *||p" tests/house/stairs)"
        done
        check examples "sdk"
)
[ -z "$wrong" ] || { echo "$wrong"; exit 1; }
echo "stairs: $(find core -name '*.[ch]' | wc -l) files go down only"
