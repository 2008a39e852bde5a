#!/bin/bash
# serial
# SPDX-License-Identifier: Apache-2.0
# A short turn of each fault campaign, so that a loss shows on the day it comes in; the long ones are
# tests/fault/kill9.sh 200 and tests/fault/plugin-storm.sh 1000.
. "$(dirname "$0")/../lib.sh"

test_case "ten times kill -9 lose nothing and record nothing twice"
check_match '^accepted [1-9][0-9]* lost 0 duplicate 0 integrity 0$' \
        "$("$TOP/tests/fault/kill9.sh" 10 2>&1 | tail -n 1)"

test_case "a plugin that crashes fifty times harms nobody else"
LATENCY=no check "$TOP/tests/fault/plugin-storm.sh" 50
