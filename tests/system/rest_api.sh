#!/bin/bash
# Every route of openapi.json answers as it says there, and the conventions around all of them hold.
# SPDX-License-Identifier: Apache-2.0
# quick
. "$(dirname "$0")/../lib.sh"

# A pack of three files, as a folder and as an archive.
mkdir -p "$TEST_DIR/tour/rules"
printf 'name: tour\nversion: 1.0.0\ndescription: For the tour\nauthor: a\nemail: a@example.test\n' >"$TEST_DIR/tour/pack.yaml"
printf 'name: filed\nenabled: true\ntrigger: {type: core.st2.webhook, parameters: {url: filed}}\naction: {ref: core.noop}\n' \
        >"$TEST_DIR/tour/rules/filed.yaml"
printf 'color: {type: string, description: Which}\n' >"$TEST_DIR/tour/config.schema.yaml"
mkdir -p "$TEST_DIR/tour/sensors"
printf 'class_name: Watch\nentry_point: watch.py\ndescription: Shown, not run\n' >"$TEST_DIR/tour/sensors/watch.yaml"
(cd "$TEST_DIR" && kaname pack build tour >/dev/null)
archive=$TEST_DIR/tour-1.0.0.kpack

start_hub "$TEST_DIR/hub"
openapi=$(api GET /api/v1/openapi.json)
printf '%s' "$openapi" >"$TEST_DIR/openapi.json"

# ---- what an answer must look like ----

# A JSON Schema checker for the words that schemas.json uses; prints what is wrong.
cat >"$TEST_DIR/check.jq" <<'END'
def kind: if type == "number" and . == floor then "integer" else type end;
def fits($s; $all; $at):
  if $s["$ref"] then fits($all[$s["$ref"] | sub("#/components/schemas/"; "")]; $all; $at)
  else
    . as $v |
    (if $s.type and ([$s.type] | flatten | any(. == ($v | kind) or (. == "number" and ($v | type) == "number")) | not)
     then "\($at): is \($v | kind), not \($s.type)" else empty end),
    (if $s.enum and ($s.enum | index([$v]) | not) then "\($at): \($v) is none of \($s.enum)" else empty end),
    (if ($v | type) == "object" then
       (($s.required // [])[] | select(in($v) | not) | "\($at): has no \(.)"),
       (($s.properties // {}) | to_entries[] | select(.key | in($v)) | . as $p | $v[.key] | fits($p.value; $all; "\($at).\($p.key)"))
     else empty end),
    (if ($v | type) == "array" and $s.items then range($v | length) as $i | $v[$i] | fits($s.items; $all; "\($at)[\($i)]") else empty end)
  end;
$openapi[0] as $o | fits($o.paths[$path][$method].responses[$status].content["application/json"].schema; $o.components.schemas; "answer")
END

# ask METHOD PATH [BODY [CURL OPTION…]]: as api does, but a content type among the options stands alone;
# prints the status, leaves head and body in files
ask() {
        local method=$1 path=$2 given=(-H "Authorization: Bearer $KANAME_TOKEN")
        [ -z "${BASIC:-}" ] || given=(-u "$BASIC")
        shift 2
        if [ $# -gt 0 ]; then
                grep -q '^Content-Type:' <<<"$(printf '%s\n' "$@")" || given+=(-H 'Content-Type: application/json')
                given+=(--data-binary "$1")
                shift
        fi
        curl -sS --max-time 30 -X "$method" "${given[@]}" "$@" -o "$TEST_DIR/body" -D "$TEST_DIR/head" \
                -w '%{http_code}' "$KANAME_URL$path"
}

# answers METHOD TEMPLATE PATH [BODY [CURL OPTION…]]: with the status and the shape that the description says
answers() {
        local method=$1 template=$2 path=$3 m=${1,,} wanted status wrong
        shift 3
        seen+=("$method $template")
        wanted=$(jq -r --arg p "$template" --arg m "$m" '.paths[$p][$m].responses | keys[0]' <<<"$openapi")
        status=$(ask "$method" "$path" "$@" || true)
        [ "$status" = "$wanted" ] || fail "$method $path: wanted $wanted, found $status: $(head -c 300 "$TEST_DIR/body")"
        jq -e --arg p "$template" --arg m "$m" --arg s "$wanted" \
                '.paths[$p][$m].responses[$s].content["application/json"]' <<<"$openapi" >/dev/null || return 0
        grep -qi '^content-type: application/json' "$TEST_DIR/head" || fail "$method $path: no JSON" "$(head -3 "$TEST_DIR/head")"
        wrong=$(jq -r --slurpfile openapi "$TEST_DIR/openapi.json" --arg path "$template" --arg method "$m" \
                --arg status "$wanted" -f "$TEST_DIR/check.jq" "$TEST_DIR/body" 2>&1 | head -5) || true
        [ -z "$wrong" ] || fail "$method $path:" "$wrong"
}
body() { jq -r "$1" "$TEST_DIR/body"; }
seen=()
A=/api/v1

test_case "the description is an OpenAPI 3.1 document"
check_json "$openapi" '.openapi == "3.1.0" and (.paths | length > 70) and (.components.schemas.Problem.required | index("faultstring"))'
check_json "$openapi" '[.. | objects | .["$ref"]? // empty | sub("#/components/schemas/"; "")] - (.components.schemas | keys) == []' "references"
check_json "$openapi" '[.paths[][] | select(.security == []) | .summary] | length == 3' "open routes: two of health, and login by Basic"

test_case "system and account"
answers GET $A/ $A/
answers GET $A/openapi.json $A/openapi.json
answers GET $A/status $A/status
answers POST $A/backup $A/backup
check_match "^content-type: application/vnd.sqlite3" "$(tr "A-Z" "a-z" <"$TEST_DIR/head")" "the type of a backup"
check_equal "SQLite format 3" "$(head -c 15 "$TEST_DIR/body")" "the beginning of a backup"
answers GET /metrics /metrics
answers GET /healthz /healthz
answers GET /readyz /readyz
answers GET $A/user $A/user
BASIC=mia:$KANAME_TOKEN answers POST /auth/v1/tokens /auth/v1/tokens '{"ttl": 60}'
answers POST /auth/v1/tokens/validate /auth/v1/tokens/validate '{"token": "x"}'
answers POST $A/apikeys $A/apikeys '{"user": "eva", "grants": [{"action": "core.*", "verbs": ["run"]}]}'
key=$(body .id)
answers GET $A/apikeys $A/apikeys
answers GET "$A/apikeys/{id}" "$A/apikeys/$key"
answers PUT "$A/apikeys/{id}" "$A/apikeys/$key" "$(cat "$TEST_DIR/body")"
answers DELETE "$A/apikeys/{id}" "$A/apikeys/$key"

test_case "actions and runners"
answers GET $A/actions $A/actions
for view in "" views/overview/ views/parameters/ views/schema/; do
        answers GET "$A/actions/$view{ref}" "$A/actions/${view}core.local"
done
answers GET $A/actions/views/overview $A/actions/views/overview
answers GET $A/runnertypes $A/runnertypes
answers GET "$A/runnertypes/{name}" $A/runnertypes/local-shell-cmd
check_equal 404 "$(ask GET $A/actions/views/entry_point/core.local)" "the file of an action that has none"
seen+=("GET $A/actions/views/entry_point/{ref}")

test_case "packs"
check test -s "$archive"
answers POST $A/packs/install $A/packs/install "@$archive" -H 'Content-Type: application/zstd'
answers GET $A/packs $A/packs
answers GET "$A/packs/{ref}" $A/packs/tour
check_equal 409 "$(ask POST $A/packs/install "@$archive" -H 'Content-Type: application/zstd')" "a second install"
check_equal 403 "$(ask POST $A/packs/install "{\"packs\": [\"$TEST_DIR/tour\"]}")" "a folder over TCP"
sed -i 's/1\.0\.0/1.1.0/' "$TEST_DIR/tour/pack.yaml"
answers POST $A/packs/upgrade $A/packs/upgrade "{\"packs\": [\"$TEST_DIR/tour\"]}" --unix-socket "$KANAME_SOCKET"
check_equal 1.1.0 "$(body .version)" "the version after the upgrade"
answers POST "$A/packs/{ref}/rollback" $A/packs/tour/rollback
check_equal 1.0.0 "$(body .version)" "the version after the rollback"

test_case "rules, triggers, timers, sensors"
answers GET $A/ruletypes $A/ruletypes
answers GET "$A/ruletypes/{id}" $A/ruletypes/backstop
answers POST $A/rules $A/rules '{"name": "r", "pack": "t", "enabled": true, "trigger": {"type": "core.st2.webhook", "parameters": {"url": "tour/x"}}, "action": {"ref": "core.echo", "parameters": {"message": "{{ trigger.body.m }}"}}}'
rule=$(body .id)
answers POST $A/rules $A/rules '{"name": "tick", "pack": "t", "enabled": true, "trigger": {"type": "core.st2.IntervalTimer", "parameters": {"unit": "hours", "delta": 1}}, "action": {"ref": "core.noop"}}'
answers GET $A/rules $A/rules
answers GET $A/rules/views $A/rules/views
answers GET "$A/rules/views/{ref}" $A/rules/views/t.r
answers GET "$A/rules/{ref}" "$A/rules/$rule"
answers PUT "$A/rules/{ref}" "$A/rules/$rule" "$(body '.enabled = false')"
check_equal false "$(body .enabled)" "the rule that was switched off"
answers PUT "$A/rules/{ref}" $A/rules/t.r '{"enabled": true}'
answers POST $A/rules/test $A/rules/test '{"ref": "t.r", "payload": {"body": {}}}'
answers POST $A/rules/replay $A/rules/replay '{"ref": "t.r", "days": 0.5}'
check_equal 409 "$(ask DELETE $A/rules/tour.filed)" "deleting a rule of a file"
answers PUT "$A/rules/{ref}" $A/rules/tour.filed "$(api GET $A/rules/tour.filed | jq -c '.enabled = false')"
answers GET $A/triggertypes $A/triggertypes
answers POST $A/triggertypes $A/triggertypes '{"name": "seen", "pack": "t", "payload_schema": {"type": "object"}}'
answers GET "$A/triggertypes/{ref}" $A/triggertypes/t.seen
answers PUT "$A/triggertypes/{ref}" $A/triggertypes/t.seen "$(cat "$TEST_DIR/body")"
answers GET $A/triggers $A/triggers
answers GET "$A/triggers/{id}" "$A/triggers/$(body '.[0].id')"
answers GET $A/timers $A/timers
answers GET "$A/timers/{ref}" "$A/timers/$(body '.[0].id')"
answers GET $A/sensortypes $A/sensortypes
sensor=$(body '.[0].ref // empty')
if [ -n "$sensor" ]; then answers GET "$A/sensortypes/{ref}" "$A/sensortypes/$sensor"; else seen+=("GET $A/sensortypes/{ref}"); fi

test_case "events"
answers GET $A/webhooks $A/webhooks
answers GET "$A/webhooks/{url}" $A/webhooks/tour/x
answers POST "$A/webhooks/{url}" $A/webhooks/tour/x '{"m": "hello"}'
event=$(body .id)
answers POST $A/webhooks/st2 $A/webhooks/st2 '{"trigger": "t.seen", "payload": {}}'
answers POST $A/events $A/events '{"specversion": "1.0", "id": "1", "source": "tour", "type": "t.seen"}' -H 'Content-Type: application/cloudevents+json'
answers GET $A/events $A/events
answers GET "$A/events/{id}" "$A/events/$event"
answers GET $A/triggerinstances $A/triggerinstances
answers GET "$A/triggerinstances/{id}" "$A/triggerinstances/$event"
answers POST "$A/triggerinstances/{id}/re_emit" "$A/triggerinstances/$event/re_emit" null
wait_executions 2 rule=t.r >/dev/null
check_json "$(executions rule=t.r)" 'map(.result.message) == ["hello", "hello"]' "both executions"
check_equal 409 "$(ask POST "$A/events/$event/undo")" "undo of what changed nothing"
seen+=("POST $A/events/{id}/undo")
answers GET $A/ruleenforcements $A/ruleenforcements
enforcement=$(body '.[0].id')
answers GET "$A/ruleenforcements/{id}" "$A/ruleenforcements/$enforcement"
answers GET $A/ruleenforcements/views $A/ruleenforcements/views
answers GET "$A/ruleenforcements/views/{id}" "$A/ruleenforcements/views/$enforcement"

test_case "executions"
answers POST $A/executions $A/executions '{"action": "core.local", "parameters": {"cmd": "echo one; echo two >&2"}}' -H 'Prefer: wait=10'
id=$(body .id)
check_equal succeeded "$(body .status)" "status after Prefer: wait"
answers GET $A/executions "$A/executions?limit=5&include_attributes=id,status,action.ref"
check_json "$(cat "$TEST_DIR/body")" 'all(keys == ["action", "id", "status"])' "attributes"
answers GET $A/executions "$A/executions/?limit=50&parent=null&sort_desc=True&action=core.local&status=succeeded"
check_equal "$id" "$(body '.[0].id')" "the filtered list"
answers GET $A/executions/views/filters $A/executions/views/filters
answers GET "$A/executions/{id}" "$A/executions/$id"
answers GET "$A/executions/{id}/attribute/{attribute}" "$A/executions/$id/attribute/result"
answers GET "$A/executions/{id}/result" "$A/executions/$id/result"
answers GET "$A/executions/{id}/output" "$A/executions/$id/output"
check_equal "one two" "$(sort "$TEST_DIR/body" | tr '\n' ' ' | sed 's/ $//')" "its output"
answers GET "$A/executions/{id}/children" "$A/executions/$id/children/?depth=-1"
answers POST "$A/executions/{id}/re_run" "$A/executions/$id/re_run" '{"parameters": {"cmd": "echo again"}, "tasks": [], "reset": [], "delay": 0}' -H 'Prefer: wait=10'
check_equal again "$(body '.result.stdout' | tr -d '\n')" "the re-run's output"
answers POST $A/executions $A/executions '{"action": "core.pause", "parameters": {"max_pause": 60}}'
paused=$(body .id)
answers DELETE "$A/executions/{id}" "$A/executions/$paused"
answers POST $A/executions $A/executions '{"action": "core.pause", "parameters": {"max_pause": 60}}'
answers PUT "$A/executions/{id}" "$A/executions/$(body .id)" '{"status": "canceling"}'
check_equal 409 "$(ask PUT "$A/executions/$id" '{"status": "pausing"}')" "pausing what is no workflow"
check_equal 409 "$(ask POST "$A/executions/$id/undo")" "undo of what changed nothing"
check_equal 409 "$(ask POST "$A/executions/$id/resolve" '{"answer": "retry"}')" "an answer that nobody asked for"
seen+=("POST $A/executions/{id}/undo" "POST $A/executions/{id}/resolve")
answers POST "$A/executions/{id}/settle" "$A/executions/$id/settle"
answers GET $A/changes $A/changes
answers POST $A/executions $A/executions '{"action": "core.noop", "mode": "plan"}' -H 'Prefer: wait=10'
plan=$(body .id)
answers GET $A/plans $A/plans
answers GET "$A/plans/{id}" "$A/plans/$plan"
answers POST "$A/plans/{id}/apply" "$A/plans/$plan/apply" null -H 'Prefer: wait=10'
check_equal 409 "$(ask POST "$A/plans/$plan/apply")" "applying a plan twice"

test_case "workflows, inquiries, policies, traces"
answers POST $A/workflows/inspect $A/workflows/inspect 'version: 1.0' -H 'Content-Type: text/plain'
answers POST $A/executions $A/executions '{"action": "core.ask", "context": {"trace_context": {"trace_tag": "tour"}}}'
asked=$(body .id)
asks() { api GET $A/inquiries | jq -e 'length == 1'; }
wait_until asks
answers GET $A/inquiries "$A/inquiries/?limit=50"
answers GET "$A/inquiries/{id}" "$A/inquiries/$asked"
answers PUT "$A/inquiries/{id}" "$A/inquiries/$asked" "{\"id\": \"$asked\", \"response\": {\"continue\": true}}"
answers GET $A/traces "$A/traces/?limit=50&sort_desc=True&trace_tag=tour"
answers GET "$A/traces/{id}" "$A/traces/$asked"
answers POST $A/policies $A/policies '{"name": "x", "pack": "p", "resource_ref": "core.local", "policy_type": "action.retry", "parameters": {"retry_on": "timeout", "max_retry_count": 1}}'
answers GET $A/policies "$A/policies/?include_attributes=ref,resource_ref,policy_type,enabled"
answers GET "$A/policies/{ref}" $A/policies/p.x
answers PUT "$A/policies/{ref}" "$A/policies/$(body .id)" "$(cat "$TEST_DIR/body")"
answers DELETE "$A/policies/{ref}" "$A/policies/$(body .id)"
answers GET $A/policytypes $A/policytypes
answers GET "$A/policytypes/{ref}" $A/policytypes/action.retry

test_case "pause and what is held"
answers POST $A/pause $A/pause '{"reason": "the tour"}'
check_equal true "$(body .paused)" "paused"
answers POST $A/resume $A/resume
answers GET $A/held $A/held
answers POST $A/held/release $A/held/release '{"all": true}'
answers POST $A/held/drop $A/held/drop '{"rule": "t.r"}'

test_case "keys"
answers PUT "$A/keys/{name}" $A/keys/a.b '{"name": "a.b", "value": "canary-4711", "secret": true, "scope": "system", "user": null}'
answers GET $A/keys "$A/keys/?limit=50&scope=all&decrypt=false"
check_json "$(cat "$TEST_DIR/body")" '.[0].value == "********"'
answers GET "$A/keys/{name}" "$A/keys/a.b?decrypt=true"
check_equal canary-4711 "$(body .value)" "the value in the clear"
answers DELETE "$A/keys/{name}" "$A/keys/a.b?scope=system"

test_case "instances and plugins"
answers GET $A/plugins $A/plugins
answers GET "$A/plugins/{name}" $A/plugins/hello
answers POST "$A/plugins/{name}/trust" $A/plugins/hello/trust
answers POST $A/instances $A/instances '{"name": "greeter", "plugin": "hello"}'
answers GET $A/instances $A/instances
answers GET "$A/instances/{name}" $A/instances/greeter
answers PUT "$A/instances/{name}" $A/instances/greeter "$(cat "$TEST_DIR/body")"
check_equal 422 "$(ask POST $A/instances/greeter/check)" "check of a plugin without one"
seen+=("POST $A/instances/{name}/check")
answers DELETE "$A/instances/{name}" $A/instances/greeter

test_case "streams"
answers GET "/stream/v1/executions/{id}/output" "/stream/v1/executions/$id/output"
check_match '^event: EOF' "$(cat "$TEST_DIR/body")" "the end of the output's stream"
answers GET /stream/v1/stream "/stream/v1/stream?end_event=st2.execution__update&end_execution_id=$id&last_event_id=0"
check_match '^id: [0-9]+' "$(cat "$TEST_DIR/body")" "an id of the stream"

test_case "content: actions, aliases, configurations, files of packs"
answers POST $A/actions $A/actions '{"name": "mine", "pack": "t", "runner_type": "noop", "enabled": true}'
answers PUT "$A/actions/{ref}" $A/actions/t.mine '{"name": "mine", "pack": "t", "runner_type": "noop", "enabled": true, "description": "Mine"}'
answers POST "$A/actions/{ref}/clone" $A/actions/t.mine/clone '{"dest_pack": "t", "dest_action": "yours"}'
answers DELETE "$A/actions/{ref}" $A/actions/t.yours
answers POST $A/actionalias $A/actionalias '{"name": "say", "pack": "t", "action_ref": "core.echo", "formats": ["say {{message}}"]}'
answers GET $A/actionalias $A/actionalias
answers GET "$A/actionalias/{ref}" $A/actionalias/t.say
answers PUT "$A/actionalias/{ref}" $A/actionalias/t.say "$(api GET $A/actionalias/t.say | jq -c '.enabled = true')"
answers POST $A/actionalias/match $A/actionalias/match '{"command": "say hello"}'
answers GET $A/actionalias/help $A/actionalias/help
answers POST $A/aliasexecution/match_and_execute $A/aliasexecution/match_and_execute '{"command": "say hello", "user": "", "source_channel": "cli"}'
answers POST $A/aliasexecution $A/aliasexecution '{"name": "t.say", "format": "say {{message}}", "command": "say hello", "user": "eva", "source_channel": "cli"}'
said=$(executions action=core.echo | jq -r '[.[] | select(.parameters.message == "hello")][0].id')
wait_execution "$said" >/dev/null
answers GET "$A/aliasexecution/{id}" "$A/aliasexecution/$said"
answers DELETE "$A/actionalias/{ref}" $A/actionalias/t.say
answers GET $A/config_schemas $A/config_schemas
answers GET "$A/config_schemas/{pack}" $A/config_schemas/tour
answers PUT "$A/configs/{pack}" $A/configs/tour '{"color": "red"}'
answers GET "$A/configs/{pack}" $A/configs/tour
answers GET $A/configs $A/configs
answers POST $A/packs/register $A/packs/register '{}'
answers GET $A/packs/index $A/packs/index
answers GET $A/packs/index/health $A/packs/index/health
answers POST $A/packs/index/search $A/packs/index/search '{"query": "tour"}'
answers GET "$A/packs/views/files/{ref}" $A/packs/views/files/tour
answers GET "$A/packs/views/file/{ref}/{file}" $A/packs/views/file/tour/pack.yaml
answers PUT "$A/sensortypes/{ref}" $A/sensortypes/tour.Watch '{"enabled": false}'

test_case "what was made can be removed"
answers DELETE "$A/triggertypes/{ref}" $A/triggertypes/t.seen
answers DELETE "$A/rules/{ref}" $A/rules/t.r
answers DELETE "$A/packs/{ref}" $A/packs/tour
answers POST $A/packs/install $A/packs/install "{\"packs\": [\"$TEST_DIR/tour\"]}" --unix-socket "$KANAME_SOCKET"
answers POST $A/packs/uninstall $A/packs/uninstall '{"packs": ["tour"]}'

test_case "no route was left out"
missing=$(jq -r '.paths | to_entries[] | .key as $p | .value | keys[] | "\(ascii_upcase) \($p)"' <<<"$openapi" |
        grep -vxF "$(printf '%s\n' "${seen[@]}")" || true)
check_equal "" "$missing" "routes that nothing above asked"

test_case "no secret is in the log"
check_fails grep -e canary-4711 -e "$KANAME_TOKEN" "$TEST_DIR/hub.log"
