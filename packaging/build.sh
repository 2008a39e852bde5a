#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh DIR [configure option…]: build into DIR, from whatever state the tree is in.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
dir=$1
shift
cd "$top"
[ -x configure ] && [ configure -nt configure.ac ] && [ Makefile.in -nt Makefile.am ] || ./autogen.sh >/dev/null 2>&1 || ./autogen.sh
mkdir -p "$dir"
cd "$dir"
[ -f config.status ] && [ config.status -nt "$top/configure" ] || "$top/configure" -q "$@" >configure.out 2>&1 || {
        cat configure.out >&2
        exit 1
}
make -s -j"$(nproc)" >make.out 2>&1 || {
        tail -40 make.out >&2
        exit 1
}
