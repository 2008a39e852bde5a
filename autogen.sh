#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make ./configure from configure.ac. Only a checkout needs this; a release archive carries configure.
set -e
cd "$(dirname "$0")"
autoreconf --install --force --warnings=all,no-obsolete "$@"
