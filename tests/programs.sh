#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# programs.sh BUILD PROGRAM…: what a script needs beside the hub; else only `make check` builds them.
set -eu
build=$1
shift
[ -f "$build/config.status" ] || {
        echo "there is no build in $build (try: ./packaging/build.sh $build)" >&2
        exit 1
}
# Scripts run side by side, and a tree has one make at a time.
exec flock "$build/config.status" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$build" "$@" >&2
