#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/domain/run.sh [NAME…]: every domain on its real servers, in a built tree: tests/system/domain_NAME.sh for
# each NAME, all of them without one. Then a table, domain by plugin by home (mock: the SDK's host), of cases that
# passed, failed and were skipped. Ends 0 only when none failed, no skip is unknown to tests/skips, no plugin that
# was built went without a home, and no process is left.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null
export LC_ALL=C TZ=UTC BUILD="${BUILD:-$PWD/build}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/kaname-domains.XXXXXX")
export DOMAIN_RESULTS=$dir/results KANAME_DOMAIN_RUN=$dir
: >"$DOMAIN_RESULTS"
wrong=0
complain() {
        echo "FAIL $*"
        wrong=1
}

scripts=()
for name; do scripts+=("tests/system/domain_$name.sh"); done
[ $# -gt 0 ] || scripts=(tests/system/domain_*.sh)
for script in "${scripts[@]}"; do
        started=$SECONDS status=0
        "$script" >"$dir/$(basename "$script" .sh).log" 2>&1 || status=$?
        grep -vE '^ok - ' "$dir/$(basename "$script" .sh).log" || true
        [ $status -eq 0 ] || complain "$script, see $dir/$(basename "$script" .sh).log"
        echo "$(basename "$script"): $((SECONDS - started)) s"
done

echo
printf '%-9s %-14s %-5s %7s %7s %7s\n' domain plugin home passed failed skipped
sort "$DOMAIN_RESULTS" | awk -F'\t' '
        { row = sprintf("%-9s %-14s %-5s", $1, $2, $3); rows[row] = 1
          n[row, $4 == "ok" ? "ok" : $4 ~ /^skip:/ ? "skip" : "failed"]++ }
        END { for (row in rows) printf "%s %7d %7d %7d\n", row, n[row, "ok"], n[row, "failed"], n[row, "skip"] }' | sort
awk -F'\t' '$4 != "ok" && $4 !~ /^skip:/ { bad = 1 } END { exit bad }' "$DOMAIN_RESULTS" || complain "cases above"

is_known() {
        local pattern
        while read -r pattern; do
                case $pattern in "" | "#"*) continue ;; esac
                [[ $1 != $pattern ]] || return 0
        done <tests/skips
        return 1
}
while IFS=$'\t' read -r domain plugin home state; do
        case $state in
        skip:*) is_known "${state#skip:}" || complain "$domain, $plugin in $home: skipped, and tests/skips does not know: ${state#skip:}" ;;
        esac
done <"$DOMAIN_RESULTS"

# Each plugin that was built, in both homes of a hub.
if [ $# -eq 0 ]; then
        while read -r _ object; do
                for home in core host; do
                        cut -f2,3 "$DOMAIN_RESULTS" | grep -qxF "${object%.so}"$'\t'"$home" || complain "$object was not tried in home $home"
                done
        done <"$BUILD/plugins/shipped.sha256"
fi

left=$(grep -lszxF "KANAME_DOMAIN_RUN=$dir" /proc/[0-9]*/environ 2>/dev/null | sed -n 's|/proc/\([0-9]*\)/environ|\1|p' | grep -vxF $$ || true)
for pid in $left; do
        [ ! -r "/proc/$pid/cmdline" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null ||
                ! cmd=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || [ -z "$cmd" ] || complain "left behind: $pid $cmd"
done
[ $wrong -ne 0 ] || rm -rf "$dir"
exit $wrong
