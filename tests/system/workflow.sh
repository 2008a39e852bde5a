#!/bin/bash
# Workflows, inquiries and policies of a pack in a real hub, over REST and the command.
# SPDX-License-Identifier: Apache-2.0
# quick
. "$(dirname "$0")/../lib.sh"

A=/api/v1
pack=$TEST_DIR/packs/flows
mkdir -p "$pack"/actions/workflows "$pack"/policies "$pack"/rules
printf 'name: flows\nversion: 1.0.0\nauthor: a\nemail: a@example.test\n' >"$pack/pack.yaml"

# workflow NAME PARAMETERS <definition
workflow() {
        printf 'name: %s\nrunner_type: orquesta\nentry_point: workflows/%s.yaml\nenabled: true\nparameters: %s\n' \
                "$1" "$1" "$2" >"$pack/actions/$1.yaml"
        cat >"$pack/actions/workflows/$1.yaml"
}
# shell NAME COMMAND: an action that runs it
shell() {
        printf 'name: %s\nrunner_type: local-shell-cmd\nenabled: true\nidempotent: true\nparameters:\n  cmd: {immutable: true, default: %s}\n  who: {type: string}\n' \
                "$1" "'$2'" >"$pack/actions/$1.yaml"
}

shell gate "while [ ! -e $TEST_DIR/open ]; do sleep 0.02; done"
shell stuck "sleep 300"
shell moody "test -e $TEST_DIR/good"

workflow greet '{names: {type: array, required: true}}' <<'END'
version: 1.0
input: [names]
vars: [{said: []}]
tasks:
  each:
    with: {items: <% ctx(names) %>, concurrency: 2}
    action: core.echo message="hello <% item() %>"
    next:
      - when: <% succeeded() %>
        publish: [{said: <% result().select($.message) %>}]
        do: last
  last:
    action: core.noop
output: [{said: <% ctx(said) %>}]
END
workflow outer '{}' <<'END'
version: 1.0
tasks:
  inner:
    action: flows.greet
    input: {names: [a, b]}
    next: [{when: <% succeeded() %>, publish: [{got: <% result().output.said %>}], do: noop}]
output: [{got: <% ctx(got) %>}]
END
workflow slow '{}' <<'END'
version: 1.0
tasks:
  first: {action: flows.gate, next: [{do: second}]}
  second: {action: core.noop}
END
workflow deep '{}' <<'END'
version: 1.0
tasks:
  under: {action: flows.holds}
END
workflow holds '{}' <<'END'
version: 1.0
tasks:
  stuck: {action: flows.stuck}
END
workflow over '{}' <<'END'
version: 1.0
tasks:
  under:
    action: flows.asks
    next: [{when: <% succeeded() %>, publish: [{go: <% result().output.go %>}], do: noop}]
output: [{go: <% ctx(go) %>}]
END
workflow mends '{}' <<'END'
version: 1.0
tasks:
  before: {action: core.noop, next: [{when: <% succeeded() %>, do: middle}]}
  middle: {action: flows.moody, next: [{when: <% succeeded() %>, do: after}]}
  after: {action: core.noop}
END
workflow asks '{ttl: {type: integer, default: 60}, users: {type: array, default: []}}' <<'END'
version: 1.0
input: [ttl, users]
tasks:
  question:
    action: core.ask
    input:
      route: ops
      ttl: <% ctx(ttl) %>
      users: <% ctx(users) %>
      schema: {type: object, properties: {go: {type: boolean, required: true}}}
    next: [{when: <% succeeded() %>, publish: [{go: <% result().response.go %>}], do: noop}]
output: [{go: <% ctx(go) %>}]
END
printf 'name: one\npolicy_type: action.concurrency\nresource_ref: flows.gate\nenabled: true\nparameters: {threshold: 1, action: delay}\n' \
        >"$pack/policies/one.yaml"

HUB_CONFIG="pack_path = ( \"$TEST_DIR/packs\" ); limits = { workflow_items = 9; };"
start_hub "$TEST_DIR/hub"

# begin REF [PARAMETERS]: prints its id
begin() {
        local parameters=${2:-null}
        api POST $A/executions "$(jq -cn --arg ref "$1" --argjson p "$parameters" \
                '{action: $ref, parameters: $p}')" | jq -r .id
}
status_of() { api GET "$A/executions/$1" | jq -r .status; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
# comes_to ID STATUS
comes_to() { wait_until has_status "$@" || fail "line ${BASH_LINENO[0]}: wanted $2, found $(status_of "$1")"; }
log_of() { api GET "$A/executions/$1" | jq -r '[.log[].status] | join(" ")'; }
# child ID TASK: the id of that task's newest execution
child() { api GET "$A/executions/$1/children/?depth=-1" | jq -r --arg t "$2" '[.[] | select(.context.orquesta.task_name == $t)] | last | .id'; }
has_child() { [ "$(child "$@")" != null ]; }
# problem STATUS TEXT METHOD PATH [BODY]: what is refused says so
problem() {
        local wanted=$1 text=$2 found
        shift 2
        check_equal "$wanted" "$(api_status "$@")" "$*"
        found=$(api "$@" 2>/dev/null) || true
        check_match "$text" "$found" "$*"
}

test_case "a workflow runs, and its output is its result"
x=$(run_action flows.greet '{"names": ["ada", "bo", "cy"]}')
check_json "$x" '.status == "succeeded"'
check_json "$x" '.result.output.said == ["hello ada", "hello bo", "hello cy"]'
check_json "$x" '.action.runner_type == "orquesta"'
children=$(api GET "$A/executions/$(jq -r .id <<<"$x")/children/?depth=-1")
check_json "$children" 'length == 4 and all(.status == "succeeded")'
check_json "$children" '[.[].context.orquesta.task_name] | unique == ["each", "last"]'
check_json "$children" '[.[].context.orquesta.item_id | values] | sort == [0, 1, 2]'

test_case "a limit that is hit names its setting"
x=$(run_action flows.greet '{"names": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}')
check_json "$x" '.status == "failed"'
check_match '10 items; 9 are allowed.*limits.workflow_items' "$(jq -c .result <<<"$x")"

test_case "workflows stand in workflows"
x=$(run_action flows.outer)
check_json "$x" '.status == "succeeded" and .result.output.got == ["hello a", "hello b"]'
id=$(jq -r .id <<<"$x")
check_equal 1 "$(api GET "$A/executions/$id/children?depth=1" | jq length)" "children of one level"
check_equal 4 "$(api GET "$A/executions/$id/children?depth=-1" | jq length)" "children of all levels"

test_case "pause, resume"
id=$(begin flows.slow)
wait_until has_child "$id" first
comes_to "$id" running
check_json "$(api PUT "$A/executions/$id" '{"status": "pausing"}')" '.status | IN("pausing", "paused")'
touch "$TEST_DIR/open"
comes_to "$id" paused
check_equal null "$(child "$id" second)" "a task that began while paused"
check_json "$(executions status=paused)" "any(.id == \"$id\")"
api PUT "$A/executions/$id" '{"status": "resuming"}' >/dev/null
comes_to "$id" succeeded
rm "$TEST_DIR/open"
check_equal "requested running pausing paused resuming running succeeded" "$(log_of "$id")" "all of it stands in the log"
check_json "$(api GET "$A/executions/$id")" '[.log[].timestamp] | . == sort'

test_case "a cancel goes down to what runs below"
id=$(begin flows.deep)
wait_until has_child "$id" stuck
below=$(child "$id" stuck)
comes_to "$below" running
check_json "$(api DELETE "$A/executions/$id")" '.status | IN("canceling", "canceled")'
comes_to "$id" canceled
comes_to "$below" canceled

test_case "run again, from chosen tasks"
x=$(run_action flows.mends)
id=$(jq -r .id <<<"$x")
check_json "$x" '.status == "failed"'
touch "$TEST_DIR/good"
again=$(api POST "$A/executions/$id/re_run" '{"tasks": ["middle"], "reset": ["middle"], "parameters": {}}' | jq -r .id)
comes_to "$again" succeeded
tasks=$(api GET "$A/executions/$again/children" | jq -c '[.[].context.orquesta.task_name]')
check_equal '["middle","after"]' "$tasks" "what ran again"
problem 422 'rerun.unknown-task.*middle' POST "$A/executions/$id/re_run" '{"tasks": ["midle"]}'
problem 422 rerun.reset POST "$A/executions/$id/re_run" '{"tasks": ["middle"], "reset": ["after"]}'
problem 422 rerun.parameters POST "$A/executions/$id/re_run" '{"tasks": ["middle"], "parameters": {"a": 1}}'
problem 422 rerun.not-a-workflow POST "$A/executions/$(child "$id" before)/re_run" '{"tasks": ["a"]}'

test_case "what cannot be paused says why"
x=$(run_action core.noop | jq -r .id)
problem 409 'execution' PUT "$A/executions/$x" '{"status": "pausing"}'
problem 422 'execution.status' PUT "$A/executions/$x" '{"status": "succeeded"}'
problem 404 'execution' PUT "$A/executions/ffffffffffffffffffffffff" '{"status": "pausing"}'

test_case "an inquiry is asked, and the workflow goes on with its answer"
id=$(begin flows.asks)
wait_until has_child "$id" question
inquiry=$(child "$id" question)
comes_to "$inquiry" pending
comes_to "$id" paused
check_json "$(api GET "$A/inquiries/?limit=50")" "any(.id == \"$inquiry\" and .route == \"ops\" and .kind == \"question\")"
check_json "$(api GET "$A/inquiries/$inquiry")" '.schema.properties.go.type == "boolean" and .ttl == 60 and .expires_at != null'
problem 422 'response' PUT "$A/inquiries/$inquiry" '{"response": {"go": "maybe"}}'
problem 422 'response' PUT "$A/inquiries/$inquiry" '{"response": {}}'
check_json "$(api PUT "$A/inquiries/$inquiry" "{\"id\": \"$inquiry\", \"response\": {\"go\": true}}")" ".id == \"$inquiry\" and .response.go"
comes_to "$id" succeeded
check_json "$(api GET "$A/executions/$id")" '.result.output.go == true'
problem 409 inquiry.answered PUT "$A/inquiries/$inquiry" '{"response": {"go": true}}'
check_json "$(api GET "$A/inquiries/$inquiry")" '.response.go == true'
problem 404 inquiry.unknown GET "$A/inquiries/$id"
problem 404 inquiry.unknown GET "$A/inquiries/ffffffffffffffffffffffff"

test_case "an inquiry below pauses what stands above, too"
id=$(begin flows.over)
wait_until has_child "$id" question
inquiry=$(child "$id" question)
comes_to "$inquiry" pending
comes_to "$id" paused
api PUT "$A/inquiries/$inquiry" '{"response": {"go": true}}' >/dev/null
comes_to "$id" succeeded
check_json "$(api GET "$A/executions/$id")" '.result.output.go == true'

test_case "an inquiry can be cancelled"
id=$(begin flows.asks)
wait_until has_child "$id" question
inquiry=$(child "$id" question)
comes_to "$inquiry" pending
api DELETE "$A/executions/$inquiry" >/dev/null
comes_to "$inquiry" canceled
comes_to "$id" canceled

test_case "who is not asked may not answer"
id=$(begin flows.asks '{"users": ["eva"]}')
wait_until has_child "$id" question
inquiry=$(child "$id" question)
comes_to "$inquiry" pending
problem 403 inquiry.user PUT "$A/inquiries/$inquiry" '{"response": {"go": true}}'
eva=$(api POST $A/apikeys '{"user": "eva", "role": "operator"}' | jq -r .key)
bob=$(api POST $A/apikeys '{"user": "bob", "role": "operator"}' | jq -r .key)
check_equal 403 "$(KANAME_TOKEN=$bob api_status PUT "$A/inquiries/$inquiry" '{"response": {"go": true}}')" "somebody else"
KANAME_TOKEN=$eva api PUT "$A/inquiries/$inquiry" '{"response": {"go": false}}' >/dev/null
comes_to "$id" succeeded

test_case "inspection lists what is wrong"
check_equal '[]' "$(api POST $A/workflows/inspect "$(cat "$pack/actions/workflows/greet.yaml")" -H 'Content-Type: text/plain')" "a good one"
bad=$(api POST $A/workflows/inspect 'version: 1.0
tasks:
  a: {action: no.such, next: [{do: b}]}
' -H 'Content-Type: text/plain')
check_json "$bad" 'any(.type == "semantic" and (.message | test("\"b\"")))'
check_json "$bad" 'any(.type == "content" and (.message | test("no.such")))'
problem 400 'line|workflow' POST $A/workflows/inspect 'a: [' -H 'Content-Type: text/plain'
problem 400 workflow.empty POST $A/workflows/inspect '' -H 'Content-Type: text/plain'

test_case "a policy of concurrency delays"
rm -f "$TEST_DIR/open"
one=$(begin flows.gate)
comes_to "$one" running
two=$(begin flows.gate)
comes_to "$two" delayed
touch "$TEST_DIR/open"
comes_to "$one" succeeded
comes_to "$two" succeeded
rm "$TEST_DIR/open"
check_equal "requested running succeeded" "$(log_of "$one")" "the log of who had a place"
check_match '^requested delayed (requested )?running succeeded$' "$(log_of "$two")" "the log of who waited for one"

test_case "policies of files are only switched"
check_json "$(api GET "$A/policies?include_attributes=ref,resource_ref,policy_type,enabled")" 'any(.ref == "flows.one" and .resource_ref == "flows.gate" and .enabled)'
p=$(api GET $A/policies/flows.one)
check_json "$(api PUT "$A/policies/$(jq -r .id <<<"$p")" "$(jq -c '.enabled = false' <<<"$p")")" '.enabled == false'
one=$(begin flows.gate)
two=$(begin flows.gate)
comes_to "$one" running
comes_to "$two" running
touch "$TEST_DIR/open"
comes_to "$one" succeeded
comes_to "$two" succeeded
problem 409 policy.from-file DELETE $A/policies/flows.one
problem 409 policy.from-file PUT $A/policies/flows.one "$(jq -c '.parameters.threshold = 2' <<<"$p")"

test_case "a policy made over REST cancels what is too much"
rm -f "$TEST_DIR/open"
api POST $A/policies '{"name": "no-more", "pack": "p", "policy_type": "action.concurrency", "resource_ref": "flows.gate", "parameters": {"threshold": 1, "action": "cancel"}}' >/dev/null
one=$(begin flows.gate)
comes_to "$one" running
two=$(begin flows.gate)
comes_to "$two" canceled
touch "$TEST_DIR/open"
comes_to "$one" succeeded
p=$(api GET $A/policies/p.no-more)
check_json "$(api PUT $A/policies/p.no-more "$(jq -c '.parameters.threshold = 3' <<<"$p")")" '.parameters.threshold == 3'
problem 409 policy.exists POST $A/policies "$(jq -c '{name, pack, policy_type, resource_ref, parameters}' <<<"$p")"
problem 422 'policy.unknown-type.*action.retry' POST $A/policies '{"name": "x", "policy_type": "action.retri", "resource_ref": "core.noop"}'
problem 422 'policy.unknown-action.*core.noop' POST $A/policies '{"name": "x", "policy_type": "action.retry", "resource_ref": "core.nop"}'
problem 422 threshold POST $A/policies '{"name": "x", "policy_type": "action.concurrency", "resource_ref": "core.noop", "parameters": {"threshold": 0}}'
check_equal 204 "$(api_status DELETE $A/policies/p.no-more)" "delete"
problem 404 policy.unknown GET $A/policies/p.no-more
check_json "$(api GET $A/policytypes)" 'map(.ref) | contains(["action.retry", "action.concurrency", "action.breaker"])'
check_json "$(api GET $A/policytypes/action.retry)" '.name == "retry" and .resource_type == "action" and .parameters.max_retry_count.maximum == 5'

test_case "a policy of retry"
rm "$TEST_DIR/good"
api POST $A/policies '{"name": "again", "policy_type": "action.retry", "resource_ref": "flows.moody", "parameters": {"retry_on": "failure", "max_retry_count": 2}}' >/dev/null
x=$(run_action flows.moody)
check_json "$x" '.status == "failed" and .attempt == 3'
check_equal "requested running delayed running delayed running failed" "$(log_of "$(jq -r .id <<<"$x")")" "each attempt in the log"
api DELETE $A/policies/default.again >/dev/null

test_case "a breaker holds for a person what comes too often"
api POST $A/policies '{"name": "breaker", "policy_type": "action.breaker", "resource_ref": "flows.greet", "parameters": {"threshold": 2, "within": 600}}' >/dev/null
for n in 1 2; do check_json "$(run_action flows.greet '{"names": []}')" '.status == "succeeded"'; done
held=$(begin flows.greet '{"names": []}')
comes_to "$held" held
check_json "$(api GET $A/held)" "any(.id == \"$held\")"
api POST $A/held/release "{\"id\": \"$held\"}" >/dev/null
comes_to "$held" succeeded
api DELETE $A/policies/default.breaker >/dev/null

test_case "rules ask the store, and groups of criteria"
api PUT $A/keys/limit '{"name": "limit", "value": "5"}' >/dev/null
api POST $A/rules '{"name": "grouped", "enabled": true, "trigger": {"type": "core.st2.webhook", "parameters": {"url": "g"}},
  "criteria": {"any": [{"trigger.body.n": {"type": "gt", "pattern": "{{ st2kv.system.limit | int }}"}}, {"not": {"trigger.body.quiet": {"type": "exists"}}}]},
  "action": {"ref": "core.echo", "parameters": {"message": "limit {{ st2kv.system.limit }}"}}}' >/dev/null
api POST $A/webhooks/g '{"n": 7, "quiet": true}' -H 'X-Kaname-Trace-Tag: gt' >/dev/null
wait_until has_executions 1 rule=default.grouped
api POST $A/webhooks/g '{"n": 3, "quiet": true}' >/dev/null
api POST $A/webhooks/g '{"n": 3}' >/dev/null
x=$(wait_executions 2 rule=default.grouped)
check_equal 2 "$(jq length <<<"$x")" "executions of the rule"
check_json "$x" 'all(.parameters.message == "limit 5")'
told=$(api POST $A/rules/test '{"ref": "default.grouped", "payload": {"body": {"n": 9, "quiet": 1}}}')
check_json "$told" '.matched and .criteria[0].operator == "any" and .criteria[0].parts[0].matched and (.criteria[0].parts[1].matched | not)'

test_case "a rule that cannot be rendered leaves the reason behind"
api POST $A/rules '{"name": "broken", "enabled": true, "trigger": {"type": "core.st2.webhook", "parameters": {"url": "b"}},
  "action": {"ref": "core.echo", "parameters": {"message": "{{ trigger.body.nothing.here }}"}}}' >/dev/null
api POST $A/rules '{"name": "unjudged", "enabled": true, "trigger": {"type": "core.st2.webhook", "parameters": {"url": "b"}},
  "criteria": {"any": [{"trigger.body.n": {"type": "gt", "pattern": "{{ trigger.body.nothing.here }}"}}]}, "action": {"ref": "core.noop"}}' >/dev/null
api POST $A/webhooks/b '{"n": 1}' >/dev/null
enforced() { api GET "$A/ruleenforcements?rule_ref=$1"; }
check_json "$(enforced default.broken)" 'length == 1 and .[0].status == "failed" and (.[0].failure_reason | test("message.*nothing"))'
check_json "$(enforced default.unjudged)" 'length == 1 and (.[0].failure_reason | test("criteria.*any.*nothing"))'
problem 422 'criteria.*any.*list' POST $A/rules '{"name": "x", "trigger": {"type": "a.b"}, "criteria": {"any": {}}, "action": {"ref": "core.noop"}}'

test_case "who has no grant neither pauses nor bounds"
id=$(api POST $A/executions '{"action": "flows.asks", "parameters": {"users": ["eva"]}}' | jq -r .id)
comes_to "$id" paused
check_equal 403 "$(KANAME_TOKEN=$bob api_status PUT "$A/executions/$id" '{"status": "resuming"}')" "resume"
check_equal 403 "$(KANAME_TOKEN=$bob api_status POST "$A/executions/$id/re_run" '{"tasks": ["question"]}')" "re_run"
check_equal 403 "$(KANAME_TOKEN=$bob api_status POST $A/policies '{"name": "x", "policy_type": "action.retry", "resource_ref": "core.noop"}')" "policy"
check_equal 200 "$(KANAME_TOKEN=$bob api_status GET $A/policies)" "a look"
api DELETE "$A/executions/$id" >/dev/null
comes_to "$id" canceled

test_case "replay tells what a rule would have done, and does nothing"
before=$(executions | jq length)
r=$(api POST $A/rules/replay '{"ref": "default.grouped", "days": 1}')
check_json "$r" '.events == 4 and .matched == 2 and (.executions | length) == 2 and (.truncated | not)'
r=$(api POST $A/rules/replay '{"rule": {"name": "x", "trigger": {"type": "core.st2.webhook", "parameters": {"url": "g"}},
  "criteria": {"trigger.body.n": {"type": "gt", "pattern": 1}}, "action": {"ref": "core.noop"}}, "days": 1, "limit": 2}')
check_json "$r" '.matched == 3 and (.executions | length) == 2 and .truncated'
check_equal "$before" "$(executions | jq length)" "executions afterwards"
problem 404 rule.unknown POST $A/rules/replay '{"ref": "no.rule", "days": 1}'
problem 422 rule.replay POST $A/rules/replay '{"ref": "default.grouped"}'
problem 422 rule.replay POST $A/rules/replay '{"ref": "default.grouped", "since": "yesterday"}'
problem 422 days POST $A/rules/replay '{"ref": "default.grouped", "days": 0}'

test_case "traces hold together what belongs together"
t=$(api POST $A/executions '{"action": "flows.outer", "context": {"trace_context": {"trace_tag": "tt"}}}' | jq -r .id)
comes_to "$t" succeeded
trace=$(api GET "$A/traces/?trace_tag=tt")
check_json "$trace" "length == 1 and .[0].id == \"$t\" and (.[0].action_executions | length) == 5"
inner=$(child "$t" inner)
check_json "$(api GET "$A/traces/$inner")" ".id == \"$t\" and .trace_tag == \"tt\""
x=$(executions rule=default.grouped | jq -r '.[0].id')
check_json "$(api GET "$A/traces/?execution=$x")" '.[0].rules[0].ref == "default.grouped" and (.[0].trigger_instances | length) == 1'
check_json "$(api GET "$A/traces?rule=default.grouped")" 'length == 2'
rule_id=$(api GET "$A/rules/default.grouped" | jq -r .id)
check_json "$(api GET "$A/traces?rule=$rule_id&sort=start_timestamp&limit=1")" 'length == 1'
check_json "$(api GET "$A/executions?rule=$rule_id&sort=-start_timestamp")" 'length == 2'
check_match 'x-total-count: 2' "$(api_headers GET "$A/traces?rule=default.grouped&limit=1" | tr A-Z a-z)" "the total of all pages"
type=$(api GET "$A/executions/$x" | jq -r .trigger_instance.id)
type=$(api GET "$A/triggerinstances/$type" | jq -r .trigger)
check_json "$(api GET "$A/executions?trigger_type=$type&limit=100")" "any(.[]; .id == \"$x\") and all(.[]; .trigger_instance)" "by type"
check_json "$(api GET "$A/executions?trigger=$type&rule=default.grouped")" 'length == 2' "by trigger and rule"
check_json "$(api GET "$A/executions?trigger_type=core.st2.nothing")" '. == []'
check_json "$(api GET "$A/executions?id=$t,$x,ffffffffffffffffffffffff")" "[.[].id] == [\"$t\", \"$x\"]" "by ids"
problem 400 query.invalid GET "$A/executions?id=$t,x"
problem 400 query.invalid GET "$A/executions?sort=action"
problem 404 trace.unknown GET "$A/traces/ffffffffffffffffffffffff"
problem 400 query.invalid GET "$A/traces?execution=x"

# ---- the command ----

test_case "the command runs a workflow and tells its tasks"
said=$(kaname run flows.outer 2>&1)
check_match '^succeeded +inner' "$said" "the tasks, as they end"
check_match 'hello b' "$said" "the output"
id=$(kaname execution list -n 1 --action flows.outer --parent null -o name)
tree=$(kaname execution children "$id")
check_match '^TASK +STATUS +SECONDS +ACTION' "$tree" "the tree's head"
check_match '^inner +succeeded' "$tree" "a task"
check_match '^  each\[1\] +succeeded .* core.echo' "$tree" "an item, below"
check_match '^  each\[0\] +succeeded' "$(kaname execution get "$id" 2>&1)" "the tree below the record"
check_equal 4 "$(kaname execution children "$id" -o json | jq length)" "children as JSON"

test_case "the command pauses, resumes and follows"
rm -f "$TEST_DIR/open"
id=$(kaname run flows.slow --async)
wait_until has_child "$id" first
check_match 'pausing|paused' "$(kaname execution pause "$id" 2>&1)" "pause"
touch "$TEST_DIR/open"
comes_to "$id" paused
check_match 'resuming|running' "$(kaname execution resume "$id" 2>&1)" "resume"
check_match 'second' "$(kaname execution tail "$id" 2>&1)" "tail"
comes_to "$id" succeeded
check_equal 5 "$(kaname execution pause "$id" >/dev/null 2>&1; echo $?)" "pause of what is over"

test_case "the command runs again from a task"
rm -f "$TEST_DIR/good"
id=$(kaname run flows.mends --async)
comes_to "$id" failed
touch "$TEST_DIR/good"
check_match 'succeeded +after' "$(kaname execution rerun "$id" --task middle 2>&1)" "rerun"
check_match 'did you mean .middle' "$(kaname execution rerun "$id" --reset midle 2>&1 || true)" "a slip"

test_case "the command inspects"
check kaname workflow inspect "$pack/actions/workflows/greet.yaml"
printf 'version: 1.0\ntasks:\n  a: {action: no.such, next: [{do: b}]}\n' >"$TEST_DIR/bad.yaml"
check_equal 1 "$(kaname workflow inspect "$TEST_DIR/bad.yaml" >"$TEST_DIR/found" 2>&1; echo $?)" "exit code"
check_match '^semantic +tasks' "$(cat "$TEST_DIR/found")" "findings"
check_equal 2 "$(kaname workflow inspect "$TEST_DIR/none.yaml" >/dev/null 2>&1; echo $?)" "a file that is not there"

test_case "the command answers inquiries"
id=$(kaname run flows.asks --async)
wait_until has_child "$id" question
inquiry=$(child "$id" question)
comes_to "$inquiry" pending
check_match "$inquiry +question +ops" "$(kaname inquiry list)" "the list"
check_match 'go' "$(kaname inquiry get "$inquiry")" "the question"
check_fails kaname inquiry respond "$inquiry" 2>"$TEST_DIR/said"
check_match 'what is the answer' "$(cat "$TEST_DIR/said")" "no answer"
check_fails kaname inquiry respond "$inquiry" go=perhaps 2>"$TEST_DIR/said"
check_match 'response.*go' "$(cat "$TEST_DIR/said")" "a wrong one"
check kaname inquiry respond "$inquiry" go=true
comes_to "$id" succeeded
id=$(kaname run flows.asks --async)
wait_until has_child "$id" question
inquiry=$(child "$id" question)
comes_to "$inquiry" pending
check kaname inquiry respond "$inquiry" --json '{"go": false}'
comes_to "$id" succeeded
check_json "$(api GET "$A/executions/$id")" '.result.output.go == false'

test_case "the command makes and switches policies"
printf 'name: cli\npolicy_type: action.retry\nresource_ref: core.noop\nparameters: {retry_on: timeout}\n' >"$TEST_DIR/policy.yaml"
check kaname policy create "$TEST_DIR/policy.yaml"
check_match 'default.cli +true +action.retry +core.noop' "$(kaname policy list)" "the list"
check kaname policy disable default.cli
check_json "$(kaname policy get default.cli -o json)" '.enabled == false'
check kaname policy enable flows.one
check kaname policy delete default.cli --yes
check_match 'action.breaker' "$(kaname policy types)" "types"
sed -i 's/retry_on: timeout/retry_onn: timeout/' "$TEST_DIR/policy.yaml"
check_match 'retry_on' "$(kaname policy create "$TEST_DIR/policy.yaml" 2>&1 || true)" "a slip"

test_case "the command tests and replays rules, lists traces and runners"
check_match 'any' "$(kaname rule test default.grouped 'body:={"n": 9}')" "test"
check_match 'core.echo .*limit 5' "$(kaname rule replay default.grouped --days 2)" "replay"
check_match 'would have made 2 of 4' "$(kaname rule replay default.grouped 2>&1 >/dev/null)" "its count"
check_match 'execution' "$(kaname trace get tt)" "a trace by its tag"
check_match 'tt' "$(kaname trace list --tag tt)" "traces"
check_equal 4 "$(kaname trace get nothing-like-it >/dev/null 2>&1; echo $?)" "no such trace"
check_match 'orquesta' "$(kaname runner list)" "runners"
