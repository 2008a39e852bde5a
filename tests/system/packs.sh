#!/bin/bash
# Packs of content in a real hub: install, configure, aliases, problems, dependencies, versions.
# SPDX-License-Identifier: Apache-2.0
# quick
. "$(dirname "$0")/../lib.sh"

A=/api/v1
web=$TEST_DIR/web
mkdir -p "$web"/actions/workflows "$web"/aliases "$web"/rules "$web"/policies "$web"/sensors

cat >"$web/pack.yaml" <<'END'
name: web
version: 1.0.0
author: a
email: a@example.test
description: A pack of content alone
dependencies: [core]
END
cat >"$web/config.schema.yaml" <<'END'
url: {type: string, required: true}
port: {type: integer, default: 80}
token: {type: string, secret: true}
level: {type: string, enum: [low, high]}
place:
  type: object
  additionalProperties: false
  properties:
    city: {type: string}
    key: {type: string, secret: true}
END
cat >"$web/actions/show.yaml" <<'END'
name: show
runner_type: local-shell-cmd
idempotent: true
parameters:
  cmd: {immutable: true, default: "printf %s '{{ text }}'"}
  text: {type: string, default: "{{ host }}:{{ port }} {{ greeting }} {{ action_context.user }}"}
  host: {type: string, default: "{{ config_context.url }}"}
  port: {type: integer, default: "{{ config_context.port + 1 }}"}
  greeting: {type: string, default: "{{ st2kv.system.greeting }}"}
END
cat >"$web/actions/restart.yaml" <<'END'
name: restart
description: Restart a host
runner_type: noop
parameters:
  host: {type: string, required: true}
  when: {type: string}
  force: {type: boolean, default: false}
END
cat >"$web/actions/python.yaml" <<'END'
name: python
runner_type: python-script
entry_point: python.py
parameters: {}
END
cat >"$web/actions/circle.yaml" <<'END'
name: circle
runner_type: noop
parameters:
  a: {type: string, default: "{{ b }}"}
  b: {type: string, default: "{{ a }}"}
END
printf 'name: lost\nrunner_type: noop\nparameters:\n  a: {default: "{{ nowhere }}"}\n' \
        >"$web/actions/lost.yaml"
cat >"$web/actions/gate.yaml" <<END
name: gate
runner_type: local-shell-cmd
idempotent: true
parameters:
  cmd: {immutable: true, default: "while [ ! -e $TEST_DIR/open ]; do sleep 0.02; done"}
END
cat >"$web/actions/flow.yaml" <<'END'
name: flow
runner_type: orquesta
entry_point: workflows/flow.yaml
parameters: {}
END
cat >"$web/actions/workflows/flow.yaml" <<'END'
version: 1.0
tasks:
  first: {action: web.gate, next: [{do: second}]}
  second: {action: web.restart, input: {host: one}}
END
cat >"$web/aliases/restart.yaml" <<'END'
name: restart
action_ref: web.restart
description: Restart a host
formats:
  - display: "restart HOST [WHEN]"
    representation: ["restart {{ host }} {{ when = now }}", "reboot {{ host }}"]
ack: {format: "on it: {{ execution.parameters.host }}"}
result: {format: "{{ execution.parameters.host }} is {{ execution.status }}"}
END
cat >"$web/rules/hook.yaml" <<'END'
name: hook
trigger: {type: core.st2.webhook, parameters: {url: web}}
action: {ref: web.restart, parameters: {host: "{{ trigger.body.host }}"}}
END
cat >"$web/policies/one.yaml" <<'END'
name: one
resource_ref: web.restart
policy_type: action.concurrency
parameters: {threshold: 5}
END
cat >"$web/sensors/eye.yaml" <<'END'
class_name: Eye
entry_point: eye.py
poll_interval: 30
trigger_types: [{name: seen}]
END

start_hub "$TEST_DIR/hub"

test_case "a pack of content alone is installed, and all of it is there"
check kaname pack install "$web"
check_json "$(api GET $A/packs/web)" '.version == "1.0.0" and .ref == "web"'
check_json "$(api GET "$A/actions?pack=web")" 'length == 7'
check_json "$(api GET $A/rules/web.hook)" '.action.ref == "web.restart"'
check_json "$(api GET $A/policies/web.one)" '.resource_ref == "web.restart"'
check_json "$(api GET $A/actionalias/web.restart)" '.formats | length == 1'
check_json "$(api GET $A/triggertypes/web.seen)" '.ref == "web.seen"'
check_json "$(api GET $A/sensortypes/web.Eye)" \
        '.class_name == "Eye" and .runner_is_here == false and .trigger_types == ["web.seen"]'
check_json "$(api PUT $A/sensortypes/web.Eye '{"enabled": false}')" '.enabled == false'
check_json "$(api GET "$A/sensortypes?enabled=true&pack=web")" '. == []'

test_case "an action whose runner is not here is shown, and says so when it is run"
check_json "$(api GET $A/actions/web.python)" '.runner_type == "python-script"'
check_match 'needs the runner .python-script' \
        "$(api POST $A/executions '{"action": "web.python"}' 2>/dev/null || true)"

test_case "a configuration is checked, its secrets are sealed and masked"
check_json "$(api GET $A/config_schemas/web)" '.attributes.token.secret'
check_equal 422 "$(api_status PUT $A/configs/web '{"url": "a", "level": "middling"}')" "enum"
check_equal 422 "$(api_status PUT $A/configs/web '{"port": 1}')" "required"
check_equal 422 "$(api_status PUT $A/configs/web '{"url": "a", "other": 1}')" "unknown attribute"
check_equal 404 "$(api_status PUT $A/configs/none '{}')" "unknown pack"
check kaname key set base_url http://example.test
check kaname pack config web url='{{ st2kv.system.base_url }}' port=8080 token=hush-hush \
        place.city=Tokyo place.key=deep-secret
check_json "$(api GET $A/configs/web)" '.values | .port == 8080 and .token == "********" and
        .place.key == "********" and .place.city == "Tokyo"'
check_json "$(api GET "$A/configs/web?show_secrets=true")" \
        '.values | .token == "hush-hush" and .place.key == "deep-secret"'
check_fails grep -rqa 'hush-hush\|deep-secret' "$TEST_DIR/hub/state"
check kaname pack config web level=high
check_json "$(api GET "$A/configs/web?show_secrets=true")" \
        '.values | .level == "high" and .token == "hush-hush"'
check_match 'level' "$(kaname pack config web -o json)"

test_case "defaults that are expressions are rendered, in the order that they need"
check kaname key set greeting hello
shown=$(run_action web.show)
check_json "$shown" '.status == "succeeded"'
check_match '^http://example.test:8081 hello [a-z]+$' "$(jq -r .result.stdout <<<"$shown")"
check_json "$shown" '.parameters.port == 8081'

test_case "what a caller gives is data, whatever it looks like"
check_json "$(run_action web.show '{"text": "{{ st2kv.system.greeting }}"}')" \
        '.parameters.text == "{{ st2kv.system.greeting }}"'
check_equal 422 "$(api_status POST $A/executions \
        '{"action": "web.show", "parameters": {"cmd": "id"}}')" "an immutable parameter"

test_case "defaults that need each other, or what is not there, are refused by name"
check_match "parameters '[ab]', '[ab]' need each other" \
        "$(api POST $A/executions '{"action": "web.circle"}' 2>/dev/null || true)"
check_match "default of the parameter 'a'.*nowhere" \
        "$(api POST $A/executions '{"action": "web.lost"}' 2>/dev/null || true)"

test_case "an alias is matched, run, and told in its own words"
check_match '^web.restart: web.restart .*"host":"db1"' "$(kaname alias match restart db1)"
said=$(kaname alias "restart db1 tomorrow force=true" 2>"$TEST_DIR/ack")
check_equal "db1 is succeeded" "$said" "the result's words"
check_match '^on it: db1' "$(cat "$TEST_DIR/ack")"
check_json "$(executions "action=web.restart")" \
        '.[0].parameters == {"host": "db1", "when": "tomorrow", "force": true}'
made=$(api POST $A/aliasexecution/match_and_execute '{"command": "reboot db2", "source_channel": "cli"}')
check_json "$made" '.results[0] | .actionalias.ref == "web.restart" and .message == "on it: db2" and
        .execution.action.ref == "web.restart"'
check_equal 201 "$(api_status POST $A/aliasexecution \
        '{"name": "restart", "format": "reboot {{ host }}", "command": "reboot db3"}')" "by its format"
check_equal 400 "$(api_status POST $A/actionalias/match '{"command": "dance"}')" "no match"
check_json "$(api GET $A/actionalias/help)" '.helpstrings[0].display == "restart HOST [WHEN]"'
check_match 'restart HOST' "$(kaname alias help)"

test_case "aliases are made at run time; those of files are only switched"
cat >"$TEST_DIR/again.yaml" <<'END'
{name: again, action_ref: web.restart, formats: ["restart {{ host }}"]}
END
check kaname alias create "$TEST_DIR/again.yaml"
check_match 'more than 1 pattern' "$(api POST $A/actionalias/match '{"command": "restart x"}' 2>/dev/null || true)"
check kaname alias disable default.again
check_json "$(api POST $A/actionalias/match '{"command": "restart x"}')" \
        '.actionalias.ref == "web.restart"'
check kaname alias delete default.again --yes
check_equal 409 "$(api_status DELETE $A/actionalias/web.restart)" "an alias of a file"
for on in false true; do        # all of it but for "enabled" is as it was: StackStorm's client asks so
        check_json "$(api PUT $A/actionalias/web.restart "$(api GET $A/actionalias/web.restart |
                jq -c ".enabled = $on")")" ".enabled == $on"
done
check_equal 422 "$(api_status POST $A/actionalias \
        '{"name": "x", "action_ref": "web.restart", "formats": ["("]}')" "a format that is wrong"

test_case "actions are made at run time"
made=$(api POST $A/actions '{"name": "hey", "runner_type": "local-shell-cmd", "parameters":
        {"cmd": {"default": "printf hey", "immutable": true}}}')
check_json "$made" '.ref == "default.hey"'
check_json "$(run_action default.hey)" '.result.stdout == "hey"'
check_equal 409 "$(api_status POST $A/actions '{"name": "hey", "runner_type": "noop"}')" "again"
check_json "$(api PUT $A/actions/default.hey '{"name": "hey", "pack": "default",
        "runner_type": "noop", "description": "now idle"}')" '.description == "now idle"'
check_json "$(api POST $A/actions/web.restart/clone \
        '{"dest_pack": "default", "dest_action": "mine"}')" '.ref == "default.mine"'
check_json "$(run_action default.mine '{"host": "h"}')" '.status == "succeeded"'
check_equal 204 "$(api_status DELETE $A/actions/default.hey)" "delete"
check_equal 409 "$(api_status DELETE $A/actions/web.restart)" "an action of a file"

test_case "files of a pack are shown, and nothing beside them"
check_json "$(api GET $A/packs/views/files/web)" 'any(.[]; .file_path == "pack.yaml")'
check_match '^name: web' "$(api GET $A/packs/views/file/web/pack.yaml)"
check_match 'runner_type: orquesta' "$(api GET $A/packs/views/file/web/actions/flow.yaml)"
check_equal 404 "$(api_status GET $A/packs/views/file/web/none.yaml)" "no such file"
for path in ../web/pack.yaml %2e%2e/%2e%2e/master.key %2fetc%2fpasswd; do
        check_match '^4' "$(api_status GET "$A/packs/views/file/web/$path" '' --path-as-is)" "$path"
done
check_json "$(api GET $A/packs/index)" 'type == "object"'
check_equal 200 "$(api_status POST $A/packs/register '{}')" "register"

# broken NAME <pack.yaml: an empty folder of that name
broken() {
        mkdir -p "$TEST_DIR/$1"/{actions/workflows,aliases,rules,sensors,policies}
        cat >"$TEST_DIR/$1/pack.yaml"
}

test_case "every problem of a broken pack is told, with file, line and remedy"
broken bad <<<$'name: bad\nversion: 1.0.0'
printf 'name: a\nrunner_type: nooop\n' >"$TEST_DIR/bad/actions/a.yaml"
printf 'name: b\nrunner_type: noop\nenabled: perhaps\ntags: 7\n' >"$TEST_DIR/bad/actions/b.yaml"
printf 'name: c\nrunner_type: orquesta\nentry_point: workflows/c.yaml\n' >"$TEST_DIR/bad/actions/c.yaml"
printf 'version: 1.0\ntasks:\n  t:\n    action: core.noop\n    next:\n      - do: nowhere\n' \
        >"$TEST_DIR/bad/actions/workflows/c.yaml"
printf 'name: al\naction_ref: core.noop\nformats: ["("]\n' >"$TEST_DIR/bad/aliases/al.yaml"
printf 'name: r\ntrigger: {type: x.y}\naction: {}\n' >"$TEST_DIR/bad/rules/r.yaml"
printf 'class_name: S\n' >"$TEST_DIR/bad/sensors/s.yaml"
printf 'name: p\npolicy_type: none\nresource_ref: core.noop\n' >"$TEST_DIR/bad/policies/p.yaml"
printf 'url: 7\n' >"$TEST_DIR/bad/config.schema.yaml"
printf 'name: [\n' >"$TEST_DIR/bad/rules/syntax.yaml"
told=$(api POST $A/packs/install "{\"packs\": [\"$TEST_DIR/bad\"]}" --unix-socket "$KANAME_SOCKET" 2>/dev/null || true)
for place in actions/a.yaml:2 actions/b.yaml:3 actions/b.yaml:4 actions/workflows/c.yaml:6 \
        aliases/al.yaml:3 rules/r.yaml:3 sensors/s.yaml:1 policies/p.yaml:2 config.schema.yaml:1 \
        rules/syntax.yaml:2; do
        check_json "$told" "any(.problems[]; .what | startswith(\"$place\"))" "$place"
done
check_json "$told" 'all(.problems[]; .try and .line)' "a remedy for each"
check_equal 404 "$(api_status GET $A/packs/bad)" "nothing of it is there"

test_case "packs that are needed are asked for, by name and version"
broken top <<<$'name: top\nversion: 1.0.0\ndependencies:\n  - base>=2.0'
broken base <<<$'name: base\nversion: 1.0.0'
check_match "needs the pack 'base', which is not installed" "$(kaname pack install "$TEST_DIR/top" 2>&1 || true)"
check kaname pack install "$TEST_DIR/base"
check_match "1.0.0 is installed" "$(kaname pack install "$TEST_DIR/top" 2>&1 || true)"
broken base <<<$'name: base\nversion: 2.0.0'
check kaname pack upgrade "$TEST_DIR/base"
check kaname pack install "$TEST_DIR/top"
check_match "needed by 'top'" "$(kaname pack remove base --yes 2>&1 || true)"
broken base <<<$'name: base\nversion: 2.1.0\ndependencies: [top]'
check_match "need each other: base → top → base" "$(kaname pack upgrade "$TEST_DIR/base" 2>&1 || true)"
check kaname pack remove top --yes
check kaname pack remove base --yes

test_case "packs given together are installed in the order of what they need"
broken top <<<$'name: top\nversion: 1.0.0\ndependencies: [middle, core]'
broken middle <<<$'name: middle\nversion: 1.0.0\ndependencies: ["base>=2.0"]'
broken base <<<$'name: base\nversion: 2.0.0'
kaname pack build "$TEST_DIR/middle" -d "$TEST_DIR" >/dev/null
told=$(kaname pack install "$TEST_DIR/top" "$TEST_DIR/middle-1.0.0.kpack" "$TEST_DIR/base" 2>&1)
check_equal "base middle top" "$(grep -o '^[a-z]* [0-9.]*: installed' <<<"$told" | cut -d' ' -f1 | xargs)" "$told"
broken top <<<$'name: top\nversion: 1.1.0\ndependencies: ["middle>=1.1"]'
broken middle <<<$'name: middle\nversion: 1.1.0\ndependencies: [base]'
check kaname pack upgrade "$TEST_DIR/top" "$TEST_DIR/middle"
for name in top middle base; do check kaname pack remove $name --yes; done
broken one <<<$'name: one\nversion: 1.0.0'
broken base <<<$'name: base\nversion: 2.0.0\ndependencies: [top]'
check_match "need each other: middle → base → top → middle" "$(kaname pack install "$TEST_DIR"/{one,top,middle,base} 2>&1 || true)"
broken base <<<$'name: base\nversion: 2.0.0\ndependencies: [absent]'
check_match "'base' needs the pack 'absent', which is not installed" "$(kaname pack install "$TEST_DIR"/{one,top,middle,base} 2>&1 || true)"
broken base <<<$'name: base\nversion: 1.0.0'
broken top <<<$'name: top\nversion: 1.0.0\ndependencies: ["base>=2.0"]'
check_match "in version >=2.0, and 1.0.0" "$(kaname pack install "$TEST_DIR"/{one,top,base} 2>&1 || true)"
head -c 100 "$TEST_DIR/middle-1.0.0.kpack" >"$TEST_DIR/half.kpack"
check_match "half.kpack" "$(kaname pack install "$TEST_DIR/one" "$TEST_DIR/half.kpack" 2>&1 || true)"
check_equal 404 "$(api_status GET $A/packs/one)" "nothing was touched"

test_case "a workflow ends on the version that it began with"
id=$(api POST $A/executions '{"action": "web.flow"}' | jq -r .id)
gate_runs() { executions "action=web.gate" | jq -e 'any(.status == "running")'; }
wait_until gate_runs || true
sed -i 's/^version: .*/version: 1.1.0/' "$web/pack.yaml"
rm "$web/actions/restart.yaml" "$web/aliases/restart.yaml" "$web/rules/hook.yaml" \
        "$web/policies/one.yaml"
sed -i 's/web.restart, input: {host: one}/core.noop/' "$web/actions/workflows/flow.yaml"
check kaname pack upgrade "$web"
check_json "$(api GET $A/packs/web)" '.version == "1.1.0"'
check_equal 404 "$(api_status GET $A/actions/web.restart)" "the new version has it no more"
check kaname pack rollback web
check_json "$(api GET $A/packs/web)" '.version == "1.0.0"'
check_equal 200 "$(api_status GET $A/actions/web.restart)" "the old version has it"
touch "$TEST_DIR/open"
check_json "$(wait_execution "$id")" '.status == "succeeded"'
check kaname pack remove web --yes
check_equal 404 "$(api_status GET $A/packs/web)" "gone"
check_json "$(api GET "$A/actionalias?pack=web")" '. == []'
