#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The header is C++20, too: a plugin of an example, compiled as that, shows the one symbol, unmangled, and loads.
set -eu
dir=$(mktemp -d /tmp/kaname-cplusplus-XXXXXX)
trap 'rm -rf "$dir"' EXIT
for plugin in hello watcher; do
        g++ -std=c++20 -Wall -Wpedantic -Werror -shared -fPIC -fvisibility=hidden -I"$TOP_SRCDIR/sdk/include" \
                -o "$dir/$plugin.so" -x c++ "$TOP_SRCDIR/examples/$plugin/$plugin.c"
        [ "$(nm -D --defined-only "$dir/$plugin.so" | awk '{ print $3 }')" = kaname_plugin ]
        "$TOP_BUILDDIR/kaname-host" --describe "$dir/$plugin.so" | grep -q "\"name\":\"$plugin\""
done
