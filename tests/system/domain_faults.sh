#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad days for the plugins whose systems start quickly; those of the others are in the scripts of their domains.
exec "$(dirname "$0")/../domain/faults.sh" quick
