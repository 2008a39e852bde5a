# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/system/*.sh: cases, servers, a hub. A script reads like the story that it tests:
#
#   . "$(dirname "$0")/../lib.sh"
#   start_hub "$TEST_DIR/hub"
#   test_case "an event is accepted"
#   check_equal 202 "$(api_status POST /api/v1/webhooks/x '{}')" "the webhook's status"
#
# A failed check marks its case and the script goes on; any other command that fails ends the script,
# and the case that it happened in has failed. Every daemon that was started here ends with the
# script. The second line of a script may say "# quick" (part of `tests/run.sh quick`) or "# serial"
# (needs the machine for itself).

set -euo pipefail
export LC_ALL=C TZ=UTC
PATH=$PATH:/usr/sbin:/sbin
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$(cd "${BUILD:-$TOP/build}" && pwd)
export TOP BUILD TSAN_OPTIONS="${TSAN_OPTIONS:-suppressions=$TOP/tests/tsan.supp}"
SCRIPT=$(basename "$0" .sh)
TEST_DIR=$(mktemp -d "${TMPDIR:-/tmp}/kaname-$SCRIPT.XXXXXX")

# ---- cases ----

case_name= case_state= cases=0 failures=0 stopping=()

end_case() {
        [ -n "$case_name" ] || return 0
        cases=$((cases + 1))
        case $case_state in
        ok) echo "ok - $case_name" ;;
        skip:*) echo "skip - $case_name # ${case_state#skip:}" ;;
        *)
                failures=$((failures + 1))
                echo "not ok - $case_name"
                ;;
        esac
        case_name=
}

# test_case NAME: what follows, up to the next one, is this case
test_case() {
        end_case
        case_name=$*
        case_state=ok
}

# fail TEXT…: the case has failed, and says why
fail() {
        case_state=failed
        printf '%s\n' "$@" | sed 's/^/#   /'
}

# skip REASON: the case cannot be tried here; the reason must stand in tests/skips
skip() { case_state=skip:$*; }
# skip_all REASON: nor can any other of this script
skip_all() {
        [ -n "$case_name" ] || case_name="all of it"
        skip "$@"
        exit 0
}

# check COMMAND…: it must succeed; what it printed is shown where it does not
check() {
        local status=0
        "$@" >"$TEST_DIR/said" 2>&1 || status=$?
        [ $status -eq 0 ] ||
                fail "line ${BASH_LINENO[0]}: exit $status from: $*" "$(tail -n 20 "$TEST_DIR/said")"
}

# check_fails COMMAND…: it must not
check_fails() {
        if "$@"; then fail "line ${BASH_LINENO[0]}: should have failed: $*"; fi
}

# check_equal WANTED FOUND [WHAT]
check_equal() {
        [ "$1" = "$2" ] || fail "line ${BASH_LINENO[0]}: ${3:-value}" "wanted: $1" "found: $2"
}

# check_match PATTERN TEXT [WHAT]: an extended regular expression finds itself in the text
check_match() {
        grep -Eq -- "$1" <<<"$2" || fail "line ${BASH_LINENO[0]}: ${3:-text}" "wanted a match of: $1" "found: $2"
}

# check_json JSON FILTER [WHAT]: a jq filter that must yield true
check_json() {
        jq -e "$2" <<<"$1" >/dev/null 2>&1 || fail "line ${BASH_LINENO[0]}: ${3:-JSON}" "wanted: $2" "found: $1"
}

# ---- waiting ----

# wait_until COMMAND…: poll until it succeeds, at most ${WAIT_S:-10} seconds
wait_until() {
        local end=$((SECONDS + ${WAIT_S:-10}))
        until "$@" >/dev/null 2>&1; do
                [ $SECONDS -lt $end ] || return 1
                sleep 0.03
        done
}

# free_port [N]: TCP ports of 127.0.0.1 that the kernel says are free
free_port() {
        perl -MIO::Socket::INET -e 'my @held = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                LocalPort => 0, Proto => "tcp", Listen => 1) // die "no free port\n" } 1 .. shift;
                print join(" ", map { $_->sockport } @held), "\n"' "${1:-1}"
}

# ---- daemons ----

# spawn NAME COMMAND…: in the background; log in $TEST_DIR/NAME.log, process id in $TEST_DIR/NAME.pid
spawn() {
        local name=$1
        shift
        setsid "$@" </dev/null >>"$TEST_DIR/$name.log" 2>&1 &
        echo $! >"$TEST_DIR/$name.pid"
        stopping+=("end_process $name")
}

pid_of() { cat "$TEST_DIR/$1.pid"; }
alive() { kill -0 "$(pid_of "$1")" 2>/dev/null; }
gone() { ! alive "$1"; }

# end_process NAME [SIGNAL]: and wait for it; its exit status, 137 where it had to be killed
end_process() {
        local pid status=0
        [ -s "$TEST_DIR/$1.pid" ] || return 0
        pid=$(pid_of "$1")
        kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
        WAIT_S=${END_S:-20} wait_until gone "$1" || kill -s KILL "$pid" 2>/dev/null || true
        { wait "$pid" || status=$?; } 2>/dev/null
        rm -f "$TEST_DIR/$1.pid"
        return $status
}

# start_server NAME [ARGUMENT…]: tests/servers/NAME.sh in $TEST_DIR/NAME; sets the facts that it prints
start_server() {
        local name=$1 facts
        shift
        facts=$("$TOP/tests/servers/$name.sh" start "$TEST_DIR/$name" "$@")
        stopping+=("$TOP/tests/servers/$name.sh stop $TEST_DIR/$name")
        eval "$facts"
}

# ---- the hub ----

# start_hub DIR [ARGUMENT…]: kanamed on a free port and a socket of its own, ready when this returns.
# $HUB_CONFIG is added to the configuration. Sets and exports KANAME_URL, KANAME_SOCKET, KANAME_TOKEN.
start_hub() {
        local dir=$1 name
        shift
        mkdir -p "$dir"
        name=$(basename "$dir")
        if [ ! -f "$dir/kanamed.conf" ]; then
                cat >"$dir/kanamed.conf" <<END
listen = ( "127.0.0.1:$(free_port)", "unix:$dir/kanamed.sock" );
state_dir = "$dir/state";
plugin_path = ( "$BUILD/plugins", "$BUILD/examples" );
contract_path = ( "$TOP/plugins" );
${HUB_CONFIG:-}
END
        fi
        spawn "$name" "$BUILD/kanamed" -c "$dir/kanamed.conf" "$@"
        use_hub "$dir"
        WAIT_S=${READY_S:-20} wait_until hub_answers "$name" || true
        if ! hub_ready; then
                fail "the hub is not ready" "$(tail -20 "$TEST_DIR/$name.log")"
                return 1
        fi
        KANAME_TOKEN=$(cat "$dir/state/admin-token")
        export KANAME_TOKEN
}

# use_hub DIR: where api and kaname go from now on
use_hub() {
        KANAME_URL=http://$(sed -n 's/^listen = ( "\([^"]*\)".*/\1/p' "$1/kanamed.conf")
        KANAME_SOCKET=$1/kanamed.sock
        export KANAME_URL KANAME_SOCKET
        [ ! -s "$1/state/admin-token" ] || export KANAME_TOKEN="$(cat "$1/state/admin-token")"
}

hub_ready() { curl -fsS -o /dev/null --max-time 5 "$KANAME_URL/readyz" 2>/dev/null; }
hub_answers() { hub_ready || gone "$1"; }
# stop_hub DIR: orderly; its exit status
stop_hub() { end_process "$(basename "$1")"; }
# kill_hub DIR: kill -9
kill_hub() { end_process "$(basename "$1")" KILL || true; }

kaname() { "$BUILD/kaname" "$@"; }

_curl() {
        local method=$1 path=$2
        shift 2
        local body=()
        if [ $# -gt 0 ]; then
                body=(-H 'Content-Type: application/json' --data-binary "$1")
                shift
        fi
        curl -sS --max-time "${API_S:-30}" -X "$method" -H "Authorization: Bearer ${KANAME_TOKEN:-}" \
                "${body[@]}" "$@" "${_more[@]}" "$KANAME_URL$path"
}

# api METHOD PATH [BODY [CURL OPTION…]]: prints the answer; fails for 400 and above
api() { local _more=(--fail-with-body); _curl "$@"; }
# api_status METHOD PATH [BODY [CURL OPTION…]]: prints the status only
api_status() { local _more=(-o /dev/null -w '%{http_code}'); _curl "$@"; }
# api_headers METHOD PATH [BODY [CURL OPTION…]]: prints status line and headers only
api_headers() { local _more=(-o /dev/null -D -); _curl "$@" | tr -d '\r'; }

# run_action REF [PARAMETERS [CURL OPTION…]]: prints the finished execution
run_action() {
        local ref=$1 parameters=${2:-\{\}} id
        shift $(($# < 2 ? $# : 2))
        id=$(api POST /api/v1/executions "$(jq -cn --arg ref "$ref" --argjson p "$parameters" \
                '{action: $ref, parameters: $p}')" "$@" | jq -r .id)
        wait_execution "$id"
}

is_final() { api GET "/api/v1/executions/$1" | jq -e '.status | IN("succeeded", "failed", "timeout", "canceled", "abandoned")'; }
# wait_execution ID: until it has ended; prints it
wait_execution() {
        wait_until is_final "$1" || true
        api GET "/api/v1/executions/$1"
}

executions() { api GET "/api/v1/executions?limit=100${1:+&$1}"; }
# none_runs [QUERY]: all of them have ended
none_runs() {
        executions "${1:-}" | jq -e 'all(.status |
                IN("requested", "scheduled", "delayed", "running", "canceling") | not)'
}
has_executions() { [ "$(executions "$2" | jq length)" -ge "$1" ]; }
# wait_executions N [QUERY]: until there are so many; prints them, newest first
wait_executions() {
        wait_until has_executions "$1" "${2:-}" || true
        executions "${2:-}"
}

# ---- the end ----

# What a sanitizer says in a daemon's log is a failure, whatever the daemon answered.
check_logs() {
        local found
        found=$(grep -rlE 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: ' \
                "$TEST_DIR" --include='*.log' 2>/dev/null) || return 0
        test_case "no sanitizer complains"
        fail "$(grep -hE -A12 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: ' $found | head -40)"
}

finish() {
        local status=$? i
        trap - EXIT ERR
        set +eu
        if [ $status -ne 0 ]; then
                [ -n "$case_name" ] || test_case "setting up"
                fail "stopped with exit $status${stopped_at:+ at line $stopped_at}"
        fi
        for ((i = ${#stopping[@]} - 1; i >= 0; i--)); do
                ${stopping[i]} >/dev/null 2>&1
        done
        end_case
        check_logs
        end_case
        if [ "$failures" -gt 0 ] || [ -n "${KEEP:-}" ]; then
                echo "# kept: $TEST_DIR"
        else
                rm -rf "$TEST_DIR"
        fi
        [ "$cases" -gt 0 ] || {
                echo "not ok - $SCRIPT has no case"
                failures=1
        }
        [ "$failures" -eq 0 ]
        exit $?
}
stopped_at=
trap 'stopped_at=$LINENO' ERR
trap finish EXIT
trap 'exit 130' INT TERM
