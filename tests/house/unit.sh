#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The systemd unit is understood, and exposes little: at most 2.0 of 10 by systemd's own measure.
set -eu
unit=${TOP_BUILDDIR:-.}/packaging/kanamed.service

command -v systemd-analyze >/dev/null || { echo "skip: no systemd-analyze"; exit 77; }
said=$(systemd-analyze verify "$unit" 2>&1 | grep -v -e 'is not executable' -e "^.*Command 'man" -e '^/\(usr/\)\?lib/systemd/system/' || true)
[ -z "$said" ] || { echo "$said"; exit 1; }
systemd-analyze security --offline=yes --threshold=20 --no-pager "$unit" >"${TMPDIR:-/tmp}/unit.$$" 2>&1 && r=0 || r=$?
tail -n 1 "${TMPDIR:-/tmp}/unit.$$"
rm -f "${TMPDIR:-/tmp}/unit.$$"
exit "$r"
