#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh         everything: unit tests, system tests with real servers, both again under
#                      sanitizers, on a machine that may be fresh
# tests/run.sh quick   unit tests and the quick system tests, in a built tree within three minutes
#
# One line a test, then: N passed, N failed[, N skipped]. A skip whose reason does not stand in
# tests/skips is a failure. Logs stay in build*/.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null
export LC_ALL=C TZ=UTC
quick=
case ${1:-} in
quick) quick=1 ;;
"") ;;
*)
        echo "usage: tests/run.sh [quick]" >&2
        exit 2
        ;;
esac

passed=0 failed=0 skipped=0
jobs=$(nproc)

# ---- results ----

is_allowed() {
        local pattern
        while IFS= read -r pattern; do
                # shellcheck disable=SC2053
                case $pattern in
                "" | "#"*) ;;
                *) [[ $1 != $pattern ]] || return 0 ;;
                esac
        done <tests/skips
        return 1
}

pass() {
        passed=$((passed + 1))
        echo "ok   $1"
}
lose() {
        failed=$((failed + 1))
        echo "FAIL $1"
}
leave_out() {
        if is_allowed "$2"; then
                skipped=$((skipped + 1))
                echo "skip $1: $2"
        else
                lose "$1: skipped, and tests/skips does not know the reason: $2"
        fi
}

finish() {
        if [ "$skipped" -gt 0 ]; then
                echo "$passed passed, $failed failed, $skipped skipped"
        else
                echo "$passed passed, $failed failed"
        fi
        [ "$failed" -eq 0 ]
        exit $?
}

# ---- programs of `make check` ----

# One program by the files that make check left: a line a case where it has cases, else one for itself.
report_program() {
        local label=$1 base=$2 result before=$failed line
        result=$(sed -n 's/^:test-result: //p' "$base.trs" 2>/dev/null || true)
        if [ "$result" = SKIP ]; then
                leave_out "$label" "$(sed -n 's/^skip: //p' "$base.log" | tail -1)"
                return 0
        fi
        if [ -s "$base.tap" ]; then
                while IFS= read -r line; do
                        case $line in
                        "ok "*) pass "$label: $(case_of "$line")" ;;
                        "not ok "*) lose "$label: $(case_of "$line")" ;;
                        esac
                done <"$base.tap"
        fi
        if [ "$result" != PASS ] && [ "$failed" -eq "$before" ]; then
                lose "$label: ${result:-did not run}"
        elif [ "$result" = PASS ] && [ ! -s "$base.tap" ]; then
                pass "$label"
        fi
        [ "$result" = PASS ] || tail -n 30 "$base.log" 2>/dev/null | sed 's/^/#   /' || true
}

# "ok 3 - ../tests/unit/x_test.c:all:name: Passed" says name; a failure says where and why, too
case_of() {
        local text=${1#* - }
        text=${text#*:}
        text=${text#*:}
        echo "${text%: Passed}"
}

# What failed side by side with others gets one more try, alone, and the run says so: a defect fails
# twice, a machine that was busy does not.
again_alone() {
        grep '^FAIL' "$1/check.out" | sed 's/^/# once more, alone: /' || true
        make -s -C "$1" -k -j1 recheck >"$1/recheck.out" 2>&1 || true
}

# run_programs BUILD PREFIX TARGET: make TARGET and report what it ran
run_programs() {
        local build=$1 prefix=$2 target=$3 base
        find "$build/tests" "$build/plugins" "$build/examples" \( -name '*.trs' -o -name '*.tap' \) -delete 2>/dev/null || true
        make -s -C "$build" -k -j"$jobs" "$target" >"$build/check.out" 2>&1 || again_alone "$build"
        while IFS= read -r base; do
                report_program "$prefix$base" "$build/$base"
        done < <(cd "$build" && find . -name '*.trs' | sed 's|^\./||; s/\.trs$//' | sort)
        if ! grep -q '^# TOTAL' "$build/check.out"; then
                lose "${prefix}make $target"
                tail -n 30 "$build/check.out" | sed 's/^/#   /'
        fi
}

# ---- scripts ----

has_mark() { sed -n '2,5p' "$1" | grep -q "^# $2\$"; }

# The lines of one script of tests/system, as lib.sh prints them; numbers as TAP has them may stand there.
report_script() {
        local label=$1 log=$2 status=$3 line seen=
        while IFS= read -r line; do
                case $line in
                "ok "*"- "*) pass "$label: ${line#ok *- }" ;;
                "not ok "*"- "*) lose "$label: ${line#not ok *- }" && seen=1 ;;
                "skip - "*) line=${line#skip - } && leave_out "$label: ${line%% # *}" "${line#* # }" ;;
                "#"*) echo "$line" ;;
                esac
        done <"$log"
        [ "$status" -eq 0 ] || [ -n "$seen" ] || {
                lose "$label: exit $status"
                tail -n 20 "$log" | sed 's/^/#   /'
        }
}

run_script() {
        local script=$1 build=$2 log
        log=$build/system/$(basename "$script" .sh).log
        mkdir -p "$build/system"
        BUILD=$build TOP_BUILDDIR=$build TOP_SRCDIR=$PWD timeout --kill-after=30 "${SCRIPT_S:-900}" "$script" >"$log" 2>&1 && echo 0 >"$log.status" ||
                echo $? >"$log.status"
}
export -f run_script

# run_scripts BUILD PREFIX SCRIPT…: side by side, then those that need the machine for themselves
run_scripts() {
        local build=$1 prefix=$2 script log
        local -a together=() alone=()
        shift 2
        for script; do
                if has_mark "$script" serial; then alone+=("$script"); else together+=("$script"); fi
        done
        [ ${#together[@]} -eq 0 ] ||
                printf '%s\n' "${together[@]}" | xargs -P "$jobs" -I{} bash -c 'run_script "$1" "$2"' - {} "$build"
        for script in ${alone[@]+"${alone[@]}"}; do run_script "$script" "$build"; done
        for script; do
                log=$build/system/$(basename "$script" .sh).log
                [ "$(cat "$log.status")" -eq 0 ] || {
                        echo "# once more, alone: $prefix${script%.sh} ($(grep '^not ok' "$log" | head -3 | tr '\n' ';'))"
                        cp "$log" "$log.first"
                        run_script "$script" "$build"
                }
                report_script "$prefix${script%.sh}" "$log" "$(cat "$log.status")"
        done
}

# ---- the run ----

./packaging/install-packages.sh build test
./packaging/build.sh build

scripts=()
for script in tests/system/*.sh; do
        [ -x "$script" ] || continue
        if [ -z "$quick" ] || has_mark "$script" quick; then scripts+=("$script"); fi
done
top=$PWD
run_programs build "" check
[ ${#scripts[@]} -eq 0 ] || run_scripts "$top/build" "" "${scripts[@]}"
[ -z "$quick" ] || finish

# Under sanitizers, once for memory and once for races: every unit test and the quick scripts.
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
        TSAN_OPTIONS="suppressions=$top/tests/tsan.supp second_deadlock_stack=1"
scripts=()
for script in tests/system/*.sh; do
        if [ -x "$script" ] && has_mark "$script" quick; then scripts+=("$script"); fi
done
sanitized() {
        ./packaging/build.sh "build-$1" --enable-sanitizers="$2" CFLAGS='-O1 -g'
        run_programs "build-$1" "$1/" check-unit
        [ ${#scripts[@]} -eq 0 ] || run_scripts "$top/build-$1" "$1/" "${scripts[@]}"
}
sanitized asan address,undefined
sanitized tsan thread
finish
