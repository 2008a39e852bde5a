#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# The command against a running hub: what a person types, what comes back, and with which exit code.
. "$(dirname "$0")/../lib.sh"

export KANAME_SDK=$TOP/sdk XDG_CONFIG_HOME=$TEST_DIR/home
start_hub "$TEST_DIR/hub"
unset KANAME_URL KANAME_TOKEN   # the socket knows who we are
hub_url=http://$(sed -n 's/^listen = ( "\([^"]*\)".*/\1/p' "$TEST_DIR/hub/kanamed.conf")
token=$(cat "$TEST_DIR/hub/state/admin-token")
cd "$TEST_DIR"

# code COMMAND…: its exit code
code() {
        local status=0
        "$@" >"$TEST_DIR/code.out" 2>"$TEST_DIR/code.err" || status=$?
        echo $status
}

test_case "run follows, prints the result and ends as the execution did"
check_equal "hi" "$(kaname run core.local cmd='echo hi' -o json 2>/dev/null | jq -r .result.stdout)"
check_equal "hi" "$(kaname run core.local cmd='echo hi' 2>&1 >/dev/null | head -1)" "live output on stderr"
check_equal 1 "$(code kaname run core.local cmd='exit 3')" "a command that fails"
check_match 'the command ended with 3' "$(cat code.err)"
check_equal 2 "$(code kaname run core.local)" "a parameter that is missing"
check_equal 4 "$(code kaname run core.locl cmd=x)" "an action that is not there"
check_match 'core.local' "$(cat code.err)" "the nearest"
check_equal 124 "$(code kaname run core.pause max_pause=5 --wait 200ms)" "not waiting for ever"
check_equal 69 "$(code kaname status --url unix:/nonexistent)" "nobody there"

test_case "an interrupt detaches and says how to come back"
perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$BUILD/kaname" run core.local cmd='echo begun; sleep 8; echo done' >int.out 2>int.err &
pid=$!
wait_until grep -q begun int.err
kill -INT $pid
status=0
wait $pid || status=$?
check_equal 130 $status
check_match 'kaname execution tail [0-9a-f]{24}' "$(cat int.err)"
check_equal "begun done" "$(kaname execution tail last | tr '\n' ' ' | sed 's/ $//')"

test_case "lists, formats and the newest"
kaname run core.noop -q >/dev/null
id=$(kaname execution list -n 1 -o name)
check_match '^[0-9a-f]{24}$' "$id"
check_equal "$id" "$(kaname execution get last -o json | jq -r .id)"
check_equal 1 "$(kaname execution list -n 1 -o jsonl | wc -l)"
check_match '^ID,ACTION,STATUS' "$(kaname execution list -o csv | head -1)"
check_match 'core.noop +succeeded' "$(kaname execution list -n 1)"
check_equal core.noop "$(kaname execution list -n 1 -o yaml | sed -n 's/^    ref: //p' | head -1)"
check_equal 0 "$(kaname execution list --status failed --since 1h --until 30m -o json | jq length)"
check_match '^core.noop$' "$(kaname action list -o name)"

test_case "--curl is a command that does the same, without the token in it"
line=$(kaname run core.echo message="it's 要" --curl --url "$hub_url" --token "$token")
check_match '\$KANAME_TOKEN' "$line"
check_fails grep -qF "$token" <<<"$line"
check_equal "it's 要" "$(KANAME_TOKEN=$token bash -c "$line" | jq -r .parameters.message)"

test_case "a rule is made, tested, switched and deleted"
cat >rule.yaml <<'END'
name: alert
pack: my
enabled: true
trigger: { type: core.st2.webhook, parameters: { url: alerts } }
criteria:
  trigger.body.severity: { type: gt, pattern: 2 }
action: { ref: core.echo, parameters: { message: "about {{ trigger.body.host }}" } }
END
check_equal 0 "$(code kaname rule create rule.yaml)"
check_equal 5 "$(code kaname rule create rule.yaml)" "a second time"
out=$(kaname rule test my.alert body.severity:=1 body.host=web1 2>&1) && fail "it matched"
check_match 'fail  trigger.body.severity gt 2: found 1' "$out"
check_match 'it would run core.echo .*about web1' "$(kaname rule test ./rule.yaml body.severity:=3 body.host=web1)"
check kaname rule disable my.alert
check_equal false "$(kaname rule get my.alert -o json | jq .enabled)"
check kaname rule enable my.alert
curl -fsS -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"severity":3,"host":"web1"}' \
        "$hub_url/api/v1/webhooks/alerts" >/dev/null
event=$(kaname event list -n 1 -o name)
check wait_until sh -c "'$BUILD/kaname' execution list --event $event -o json | jq -e '.[0].status == \"succeeded\"'"
check_equal "about web1" "$(kaname execution list --event "$event" -o name | xargs "$BUILD/kaname" execution get -o json | jq -r .result.message)"
check kaname rule test my.alert --event "$event"
check kaname rule delete -y my.alert
check_equal 4 "$(code kaname rule get my.alert)"

test_case "what is wrong in a file is told with its line"
: >empty.yaml
check_equal 2 "$(code kaname rule create empty.yaml)"
check_match '^error: empty.yaml:1: the file is empty' "$(cat code.err)"
sed 's/type: gt/type: gtt/' rule.yaml >operator.yaml
check_equal 2 "$(code kaname rule create operator.yaml)"
check_match "^error: operator.yaml:$(grep -n gtt operator.yaml | cut -d: -f1): .*gtt" "$(cat code.err)"
mkdir -p broken/rules
printf 'name: broken\nversion: 1.0.0\n' >broken/pack.yaml
cp empty.yaml broken/rules
sed '/^pack:/d' operator.yaml >broken/rules/operator.yaml
check_equal 2 "$(code kaname pack build broken)"
check_match 'rules/empty.yaml:1: the file is empty' "$(cat code.err)"
check_match "rules/operator.yaml:$(grep -n gtt broken/rules/operator.yaml | cut -d: -f1): " "$(cat code.err)" "all of them"

test_case "every refusal has something to try"
for words in 'run core.echo' 'run core.noop x=1' 'execution list --status fine' 'key get no' 'apply abc' 'rule test no' \
        'instance add x' 'plugin trust no' 'execution cancel last' 'key set a' 'apikey create --role king'; do
        # shellcheck disable=SC2086
        kaname $words </dev/null >/dev/null 2>code.err && fail "it did: $words"
        check_match '^  try: ' "$(cat code.err)" "$words"
done

test_case "an event is handed in once for one id"
first=$(kaname event send --any-type my.trigger a=1 --id 7 --source urn:test 2>/dev/null)
check_equal "$first" "$(kaname event send --any-type my.trigger a=1 --id 7 --source urn:test 2>again.err)"
check_match 'accepted before' "$(cat again.err)"
check_equal 1 "$(kaname event get "$first" -o json | jq -r '.payload | (.data // .).a')"

test_case "an event of a type that nobody knows is most likely mistyped"
check_equal 4 "$(code kaname event send core.st2.webhok a=1)"
check_match "did you mean 'core.st2.webhook'" "$(kaname event send core.st2.webhok a=1 2>&1)"

test_case "who runs something on a paused hub is told why it waits"
check kaname pause --reason "moving house"
check_match 'paused by .* because: moving house' "$(kaname run --async core.noop 2>&1)"
check_match 'kaname resume' "$(kaname run --wait 10ms core.noop 2>&1)"
check kaname resume

test_case "keys are set, sealed and read"
check kaname key set colour blue
check_equal blue "$(kaname key get colour)"
echo hidden | check kaname key set --encrypt secret
check_equal '********' "$(kaname key get secret)"
check_equal hidden "$(kaname key get secret --decrypt)"
check kaname key delete -y colour
check_equal 4 "$(code kaname key get colour)"

test_case "an API key may what it was made for, login keeps it for its hub"
key=$(kaname apikey create -u ci --role operator --grant core.echo --ttl 1h 2>/dev/null)
check_equal 0 "$(code env -u KANAME_SOCKET "$BUILD/kaname" --url "$hub_url" --token "$key" run core.echo message=x)"
check_equal 3 "$(code env -u KANAME_SOCKET "$BUILD/kaname" --url "$hub_url" --token "$key" run core.noop)"
check_equal 3 "$(code env -u KANAME_SOCKET "$BUILD/kaname" --url "$hub_url" --token nonsense status)"
check_equal 0 "$(echo "$key" | code env -u KANAME_SOCKET "$BUILD/kaname" login --url "$hub_url")"
check_equal 600 "$(stat -c %a home/kaname/config)"
check_equal 0 "$(code env -u KANAME_SOCKET "$BUILD/kaname" execution list)"
check_equal 1 "$(kaname apikey list -o json | jq length)"
check kaname apikey disable "$(kaname apikey list -o name)"
check_equal 3 "$(code env -u KANAME_SOCKET "$BUILD/kaname" execution list)" "while it is switched off"
check kaname apikey enable "$(kaname apikey list -o name)"
check_equal 0 "$(code env -u KANAME_SOCKET "$BUILD/kaname" execution list)"
check kaname apikey delete -y "$(kaname apikey list -o name)"
check_equal 3 "$(code env -u KANAME_SOCKET "$BUILD/kaname" execution list)" "after it was taken back"
rm -r home

test_case "what only a lost execution needs is refused to others"
check_equal 5 "$(code kaname execution resolve last retry)"
check_equal 2 "$(code kaname execution resolve last perhaps)"
check_match 'is delayed' "$(kaname run core.noop --delay 50ms 2>&1)"

test_case "a stranger's plugin goes into the running hub, is planned, applied, undone"
before=$(pid_of hub)
kaname plugin new -q lamp >/dev/null
cat >lamp/lamp.c <<'END'
#include <kaname/plugin.h>

static int set(struct kn_ctx *ctx)
{
        char before[80], after[80], undo[120];
        const char *was = kn_str(ctx, KN_STORE, "state", "off"), *to = kn_arg_str(ctx, "to", "on");
        struct kn_change change = { .size = sizeof change, .resource = "lamp/hall", .before = before,
                                    .after = after, .undo_action = "set", .undo_args = undo };
        int ticket;

        snprintf(before, sizeof before, "{\"state\":\"%s\"}", was);
        snprintf(after, sizeof after, "{\"state\":\"%s\"}", to);
        snprintf(undo, sizeof undo, "{\"to\":\"%s\"}", was);
        ticket = kn_change(ctx, &change);
        if (ticket <= 0)
                return ticket;
        return kn_changed(ctx, ticket, kn_put_text(ctx, KN_STORE, "state", KN_STR, to), after);
}

static const struct kn_action actions[] = {
        { .name = "set", .summary = "Switch the lamp", .run = set,
          .params = KN_JSON({ "properties": { "to": { "enum": ["on", "off", "dim"], "description": "Its new state" } } }) },
};
KN_PLUGIN(.name = "lamp", .version = "1.0", .summary = "A lamp", KN_ACTIONS(actions))
END
printf -- '- { action: set, args: { to: dim }, mode: plan }\n' >lamp/lamp.test.yaml
check make -s -C lamp
check kaname plugin test lamp/lamp.so >test.out
check_equal ./lamp-0.1.0.kpack "$(kaname pack build lamp)"
check_equal 0 "$(code kaname pack install lamp-0.1.0.kpack)"
check_match '^lamp$' "$(kaname pack list -o name)"
check_match '^lamp ' "$(kaname plugin list)"
kaname plan lamp.set to=dim >plan.out 2>plan.err || fail "no plan" "$(cat plan.err)"
check_match '^~ lamp/hall' "$(cat plan.out)"
check_match 'state: "off" .* "dim"' "$(cat plan.out)"
plan=$(sed -n 's/.*kaname apply \([0-9a-f]*\)$/\1/p' plan.err)
check_equal 0 "$(kaname change list --state applied -o json | jq length)" "changes before apply"
check_equal 0 "$(code kaname apply "$plan")"
check_match 'lamp/hall  applied' "$(cat code.out)"
check_equal 5 "$(code kaname apply "$plan")" "a plan is applied once"
stale=$(kaname plan lamp.set to=on -o json | jq -r .id)
check kaname run -q lamp.set to=off >/dev/null
check_equal 5 "$(code kaname apply "$stale")" "the world has moved"
check_match 'before: .*dim' "$(cat code.err)"
check_match 'found: .*off' "$(cat code.err)"
check_match 'wanted: .*on' "$(cat code.err)"
check_equal "$before" "$(pid_of hub)" "process id"

test_case "undo puts back, once"
run=$(kaname run lamp.set to=on -o json 2>/dev/null | jq -r .id)
check_match 'state: "on" .* "off"' "$(kaname undo "$run" --plan 2>/dev/null)"
check_equal 0 "$(code kaname undo "$run")"
check_equal 5 "$(code kaname undo "$run")" "a second time"
check_json "$(kaname change list --execution "$run" -o json)" '.[0].undone_by | test("^[0-9a-f]{24}$")'
check_match 'undone by' "$(kaname change list --execution "$run")"

test_case "a pack is upgraded, rolled back, removed"
sed -i 's/0.1.0/0.2.0/' lamp/pack.yaml
check_equal 0 "$(code kaname pack upgrade lamp)"
check_equal 0.2.0 "$(kaname pack get lamp -o json | jq -r .version)"
check_equal 0 "$(code kaname pack rollback lamp)"
check_equal 0.1.0 "$(kaname pack get lamp -o json | jq -r .version)"
check_equal 0 "$(code kaname pack remove -y lamp)"
check_equal 4 "$(code kaname run lamp.set)"

test_case "pause holds, resume lets go"
check kaname pause --reason "a test"
check_equal true "$(kaname status -o json | jq .paused)"
id=$(kaname run core.noop --async)
check_match 'paused' "$(kaname doctor)"
check kaname resume
check_equal 0 "$(code kaname execution tail "$id")"

test_case "--watch shows a list again when it changes"
"$BUILD/kaname" execution list -n 1 -o name --watch=0.1 >watch.out &
watcher=$!
wait_until test -s watch.out
kaname run -q core.noop >/dev/null
check wait_until sh -c 'test "$(grep -c . watch.out)" -ge 2'
kill $watcher
wait $watcher 2>/dev/null || true

test_case "doctor is content, and says what to do when it is not"
check_equal 0 "$(code kaname doctor)"
check_match '^ok    hub: answers' "$(cat code.out)"
stop_hub "$TEST_DIR/hub" || true
check_equal 1 "$(code kaname doctor)"
check_match 'fail  hub: cannot reach' "$(cat code.out)"
check_match 'try: systemctl status kanamed' "$(cat code.out)"
