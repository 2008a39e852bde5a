#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The budgets of CONTRIBUTING.md that a machine can see. Figures first, then what breaks them.
set -eu
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}"
LC_ALL=C export LC_ALL

sources=$(find core sdk plugins examples tests -name '*.[ch]' | sort)
scripts=$(find . -path './.git' -prune -o -path './build*' -prune -o \
        \( -name '*.sh' -o -name 'Makefile.inc' -o -name Makefile.am -o -name configure.ac -o -name '*.m4' \) \
        -print | grep -v -e '^./aclocal.m4$' -e '^./autom4te' -e '^./[^/]*-[0-9.]*/' | sort)

wrong=$(
        for file in $sources $scripts; do
                head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
                        echo "$file:1: no SPDX line"
        done
        # shellcheck disable=SC2086
        awk '
        function complain(what) { printf "%s:%d: %s\n", FILENAME, FNR, what }
        FNR == 1 { start = 0 }
        {
                columns = $0
                gsub(/[\200-\277]/, "", columns)        # one column a character, not a byte
                if (length(columns) > 120)
                        complain("a line of " length(columns) " columns")
        }
        /\t/ { complain("a tab") }
        /[ ]$/ { complain("space at the end of the line") }
        /TODO|FIXME|XXX[^X]/ && !/XXXXXX/ { complain("what is to be done stands in an issue, not in the code") }
        /^[ \t]*\/\// { complain("comments are /* */") }
        /^\{/ { start = FNR }
        /^\}/ && start { if (FNR - start - 1 > 100) complain("function longer than 100 lines"); start = 0 }
        ' $sources
        for file in $sources; do
                lines=$(wc -l <"$file")
                case $file in
                sdk/include/*) most=500 ;;      # the whole ABI, or the whole mock, in one header
                core/*.h) most=400 ;;
                tests/*) most=800 ;;
                *) most=560 ;;
                esac
                [ "$lines" -le "$most" ] || echo "$file:$lines: longer than $most lines"
        done
)

# The house has short functions: half of them at most 12 lines, nine of ten at most 40.
figures=$(find core -name '*.c' -exec awk '
        FNR == 1 { start = 0 }
        /^\{/ { start = FNR }
        /^\}/ && start { print FNR - start - 1; start = 0 }' {} + | sort -n |
        awk '{ n[NR] = $1 } END { print NR, n[int((NR + 1) / 2)], n[int(NR * 0.9)], n[NR] }')
# shellcheck disable=SC2086
set -- $figures
# shellcheck disable=SC2086
wide=$(sed 's/[\x80-\xbf]//g' $sources | awk 'length($0) > 100' | wc -l)
echo "style: $1 functions, median $2, p90 $3, longest $4 lines; $wide lines past 100 columns"
[ "$2" -le 12 ] && [ "$3" -le 40 ] || wrong="$wrong
functions too long: median $2 (12), p90 $3 (40)"
[ -z "$wrong" ] || { echo "$wrong"; exit 1; }
