#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# A third provider of a domain is a folder: examples/toy/, at most 150 lines of C, keeps the contract of the domain
# notify through the mock host and through a hub in both homes, by the suite as it stands.
. "$(dirname "$0")/../domain/lib.sh"
. "$TOP/tests/domain/notify_suite.sh"
system=board

spawn board "$TOP/examples/toy/board.py"
wait_until test -s "$TEST_DIR/board.log"
board=http://127.0.0.1:$(head -1 "$TEST_DIR/board.log")/notices

contract=$TOP/plugins/notify/domain.json domain=notify plugin=$BUILD/examples/toy/board.so
config=$(jq -nc --arg url "$board" '{url: $url, targets: {ops: "operators"},
        templates: {down: {subject: "{{host}} is down", text: "since {{ when }}"}}}')
hanging() { curl -sS "$board" | jq -r "$1"; }
taken() { hanging length; }
last_subject() { hanging '.[-1].notice.subject'; }
last_text() { hanging '.[-1].notice.text'; }
receiver() { echo everybody; }
refused_receiver() { echo nobody; }

suite_board() {
        run message.send "$(to ops '"text": "x"')"
        equals "the configured column" "$(hanging '.[-1].to')" operators
        config=$(jq -c '.url = "http://127.0.0.1:'"$(free_port)"'/"' <<<"$config")
        refuse -6 message.send "$(to ops '"text": "x"')"
        shows "nobody is there" '.changes[0].state == "failed" and .changes[0].observed == null'
}

test_case "the toy is one file of at most 150 lines"
check_equal board.c "$(cd "$TOP/examples/toy" && echo *.[ch])" "its sources"
[ "$(wc -l <"$TOP/examples/toy/board.c")" -le 150 ] || fail "it has $(wc -l <"$TOP/examples/toy/board.c") lines"

test_case "nothing else in the tree knows it"
check_equal "examples/Makefile.inc tests/system/toy.sh" \
        "$(cd "$TOP" && grep -rlE --include='*.[ch]' --include='Makefile*' --include='*.json' --include='*.sh' 'examples/toy' \
                core examples plugins sdk tests Makefile.am | sort | xargs)" "who names it"

good=$config
parts $notify_parts board
config=$good

HUB_CONFIG="instances = ( $(instance_of in-core core '*'), $(instance_of in-host host '*') );"
start_hub "$TEST_DIR/hub"
for home in core host; do
        instance=in-$home
        [ $home = host ] || api POST /api/v1/plugins/board/trust >/dev/null
        via=hub
        parts_at_home "$home" $notify_parts
done
