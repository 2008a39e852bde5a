# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain storage has to keep. Sourced; a system has buckets, or volumes, or both, and
# the caller defines for buckets
#   buckets, keys BUCKET, content BUCKET KEY, status_of BUCKET KEY, foreign_put BUCKET KEY TEXT,
#   foreign_put_command BUCKET KEY TEXT, quota_of BUCKET, stranger BUCKET KEY
# and for volumes
#   seen_size VOLUME [OPTION…], seen_as VOLUME USER PASSWORD, write_to VOLUME, hold VOLUME, release VOLUME,
#   volumes, clients VOLUME, mark VOLUME TEXT, marked VOLUME, mark_end VOLUME SIZE,
#   foreign_resize_command VOLUME SIZE
# all of them clients that are not ours.

# ---- buckets and objects ----

in_bucket() { jq -nc --arg b "$1" --argjson more "{${2:-}}" '{bucket: $b} + $more'; }
at() { jq -nc --arg b "$1" --arg k "$2" --argjson more "{${3:-}}" '{bucket: $b, key: $k} + $more'; }
# An empty one, whatever stood there.
fresh() {
        call run bucket.delete "$(in_bucket "$1" '"force": true')"
        run bucket.create "$(in_bucket "$1")"
}
sha() { sha256sum | cut -d' ' -f1; }

suite_check() {
        call check
        shows "check works" '.code == 0 and (.result.unsupported | type == "array")'
}

suite_bucket() {
        run bucket.create "$(in_bucket first-one)"
        shows "one change, read back" '.result.changed and .changes[0].state == "applied" and .changes[0].before == null and
                .changes[0].observed == {} and .changes[0].resource == "storage/bucket/first-one"'
        check_match "first-one" "$(buckets)" "the system has it"
        run bucket.create "$(in_bucket first-one)"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        run bucket.list '{}'
        shows "listed" '[.result.buckets[].bucket] | contains(["first-one"])'
        run bucket.delete "$(in_bucket first-one)"
        shows "gone" '.result.changed and .result.objects == 0 and .changes[0].observed == null'
        equals "the system says so" "$(buckets | grep -c first-one)" 0
        undo
        check_match "first-one" "$(buckets)" "undone"
        run bucket.delete "$(in_bucket first-one)"
        run bucket.delete "$(in_bucket first-one)"
        shows "deleting nothing changes nothing" '.result.changed == false'
        run bucket.create "$(in_bucket first-one)"
        undo
        equals "a creation is undone" "$(buckets | grep -c first-one)" 0
        refuse -1 bucket.create "$(in_bucket 'No Good')"
        refuse -1 bucket.create "$(in_bucket '../up')"
}

suite_object() {
        fresh objects
        run object.put "$(at objects a.txt '"body": "hello", "content_type": "text/plain"')"
        shows "stored, read back" '.result.changed and .changes[0].before == null and .changes[0].observed.size == 5 and
                .changes[0].observed == .changes[0].after and .changes[0].undo_action == "object.delete"'
        equals "the system has it" "$(content objects a.txt)" hello
        run object.put "$(at objects a.txt '"body": "hello", "content_type": "text/plain"')"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        run object.get "$(at objects a.txt)"
        shows "fetched" '.result.body == "hello" and .result.encoding == "text" and .result.size == 5 and
                .result.content_type == "text/plain" and (.result.etag | length > 0)'
        run object.put "$(at objects a.txt '"body": "hullo", "content_type": "text/plain", "keep": true')"
        equals "replaced" "$(content objects a.txt)" hullo
        undo
        equals "and back" "$(content objects a.txt)" hello
        run object.delete "$(at objects a.txt '"keep": true')"
        equals "gone" "$(status_of objects a.txt)" 404
        undo
        equals "kept" "$(content objects a.txt)" hello
        run object.put "$(at objects b.txt '"body": "new"')"
        undo
        equals "a creation is undone" "$(status_of objects b.txt)" 404
        run object.delete "$(at objects b.txt)"
        shows "deleting nothing changes nothing" '.result.changed == false'
        refuse -3 object.get "$(at objects nope)"
        refuse -3 object.put "$(at no-such-bucket a '"body": "x"')"
}

# What would be lost needs a word.
suite_floor() {
        fresh floors
        run object.put "$(at floors full '"body": "something"')"
        refuse -13 object.put "$(at floors full '"body": "else"')"
        shows "says how to go on" '.sentence | contains("force") and contains("keep")'
        refuse -13 object.delete "$(at floors full)"
        refuse -13 bucket.delete "$(in_bucket floors)"
        equals "it is as it was" "$(content floors full)" something
        run object.put "$(at floors full '"body": "else", "force": true')"
        shows "with force, and no way back" '.changes[0].undo_action == null'
        run object.put "$(at floors empty '"body": ""')"
        run object.put "$(at floors empty '"body": "x"')"
        shows "nothing can be replaced" '.changes[0].undo_action == "object.put"'
        undo
        run object.delete "$(at floors empty)"
        shows "and deleted" '.result.changed'
        run object.put "$(at floors 'two/b' '"body": "2"')"
        run bucket.delete "$(in_bucket floors '"force": true')"
        shows "each object is a change of its own" '.result.objects == 2 and (.changes | length == 3) and
                (.changes | all(.state == "applied" and .observed == null))'
        equals "all of it is gone" "$(buckets | grep -c floors)" 0
}

# Keys are any text, contents any bytes.
suite_names() {
        local key long
        fresh names
        for key in 'with space' 'a+b&c=d?e#f%20' "quote'\"double" 'dir/sub/file' 'a//b' '日本語/要.txt' 'bücher.例え' '~tilde.-_' '\back' '*'; do
                run object.put "$(at names "$key" '"body": "x"')"
                equals "$key is there" "$(content names "$key")" x
                run object.get "$(at names "$key")"
                shows "and fetched" '.result.body == "x"'
        done
        long=$(printf 'k%.0s' {1..255})
        run object.put "$(at names "$long" '"body": "long"')"
        equals "255 bytes" "$(content names "$long")" long
        run object.list "$(in_bucket names)"
        shows "all are listed as they are" "[.result.objects[].key] | sort == ($(keys names) | sort)"
        for key in '../objects/x' 'a/../b' '.' 'a/.' $'tab\tkey' $'new\nline'; do
                refuse -1 object.put "$(at names "$key" '"body": "x"')"
        done
        run object.put "$(at names bytes "\"encoding\": \"base64\", \"body\": \"$(printf '\000\377\001 \r\n' | base64)\"")"
        equals "bytes are kept" "$(content names bytes | sha)" "$(printf '\000\377\001 \r\n' | sha)"
        run object.get "$(at names bytes)"
        shows "and told as base64" ".result.encoding == \"base64\" and .result.body == \"$(printf '\000\377\001 \r\n' | base64)\""
        refuse -1 object.put "$(at names bytes '"encoding": "base64", "body": "not base64!", "force": true')"
        run bucket.delete "$(in_bucket names '"force": true')"
}

suite_list() {
        local n
        fresh lists
        for n in 1 2 3 4 5; do foreign_put lists "d/$n" "$n"; done
        foreign_put lists top t
        run object.list "$(in_bucket lists)"
        shows "in order, whole" '[.result.objects[].key] == ["d/1","d/2","d/3","d/4","d/5","top"] and .result.truncated == false and
                .result.objects[0].size == 1'
        run object.list "$(in_bucket lists '"limit": 2')"
        shows "a part, and that there is more" '[.result.objects[].key] == ["d/1","d/2"] and .result.truncated'
        run object.list "$(in_bucket lists '"after": "d/4"')"
        shows "from there on" '[.result.objects[].key] == ["d/5","top"]'
        run object.list "$(in_bucket lists '"prefix": "d/"')"
        shows "by prefix" '.result.objects | length == 5'
        run object.list "$(in_bucket lists '"delimiter": "/"')"
        shows "as folders" '.result.prefixes == ["d/"] and [.result.objects[].key] == ["top"]'
        refuse -3 object.list "$(in_bucket no-such-bucket)"
}

# What a plain curl does with a signed URL, and what it cannot do.
suite_presign() {
        fresh signed
        foreign_put signed 'a b' content
        run object.presign "$(at signed 'a b')"
        url=$(jq -r .result.url <<<"$last")
        equals "a stranger fetches it" "$(curl -sS -m 10 "$url")" content
        equals "but no other" "$(curl -sS -m 10 -o /dev/null -w '%{http_code}' "${url/a%20b/other}")" 403
        equals "nor writes it" "$(curl -sS -m 10 -X PUT -d x -o /dev/null -w '%{http_code}' "$url")" 403
        run object.presign "$(at signed up '"method": "PUT", "expires_s": 60')"
        url=$(jq -r .result.url <<<"$last")
        head -c 3000000 /dev/urandom >"$TEST_DIR/large"
        equals "a stranger stores a large one" "$(curl -sS -m 20 -T "$TEST_DIR/large" -o /dev/null -w '%{http_code}' "$url")" 200
        equals "it is there" "$(content signed up | sha)" "$(sha <"$TEST_DIR/large")"
        run object.get "$(at signed up)"
        shows "and can be fetched here" ".result.sha256 == \"$(sha <"$TEST_DIR/large")\" and .result.encoding == \"base64\""
        run object.delete "$(at signed up '"force": true')"
        shows "a large one is known by its ETag" '.changes[0].before | has("etag") and (has("sha256") | not)'
        run object.presign "$(at signed 'a b' '"method": "DELETE"')"
        curl -sS -m 10 -X DELETE "$(jq -r .result.url <<<"$last")"
        equals "a stranger deletes it" "$(status_of signed 'a b')" 404
        refuse -1 object.presign "$(at signed 'a b' '"expires_s": 604801')"
}

suite_quota() {
        fresh quotas
        run bucket.quota "$(in_bucket quotas '"size": 1000')"
        shows "set, read back" '.changes[0].before == null and .changes[0].observed == {size: 1000}'
        equals "the system says so" "$(quota_of quotas)" 1000
        call run object.put "$(at quotas big "\"body\": \"$(head -c 2000 /dev/zero | tr '\0' x)\"")"
        shows "it holds" '.code < 0 and .changes[0].state == "failed" and .changes[0].observed == null and (.sentence | contains("quota"))'
        run bucket.quota "$(in_bucket quotas '"size": 5000')"
        undo
        equals "undone" "$(quota_of quotas)" 1000
        run bucket.quota "$(in_bucket quotas '"size": null')"
        equals "none" "$(quota_of quotas)" ""
        undo
        equals "and back" "$(quota_of quotas)" 1000
        refuse -3 bucket.quota "$(in_bucket no-such-bucket '"size": 1')"
}

suite_policy() {
        fresh policies
        foreign_put policies page hello
        equals "at first strangers do not read" "$(stranger policies page)" 401
        run bucket.policy "$(in_bucket policies '"read": "everybody"')"
        shows "set, read back" '.changes[0].before == {read: "owner"} and .changes[0].observed == {read: "everybody"}'
        equals "strangers read" "$(stranger policies page)" 200
        run bucket.policy "$(in_bucket policies '"read": "everybody"')"
        shows "the same again changes nothing" '.result.changed == false'
        undo_first() { run bucket.policy "$(in_bucket policies '"read": "owner"')"; }
        undo_first
        equals "strangers do not" "$(stranger policies page)" 401
        undo
        equals "undone" "$(stranger policies page)" 200
        undo_first
}

suite_plan() {
        fresh plans
        foreign_put plans old content
        call plan object.put "$(at plans new '"body": "x"')"
        shows "a plan tells what it would do" '.code == 0 and .result.changed and .changes[0].state == "planned" and .changes[0].after.size == 1'
        call plan bucket.delete "$(in_bucket plans '"force": true')"
        shows "and all that would go" '.code == 0 and (.changes | length == 2) and (.changes | all(.after == null))'
        call plan object.delete "$(at plans old)"
        shows "and what the floor forbids" '.code == -13'
        equals "and does nothing" "$(keys plans)" '["old"]'
}

suite_etag() {
        local etag
        fresh etags
        run object.put "$(at etags a '"body": "one"')"
        etag=$(jq -r .result.etag <<<"$last")
        refuse -4 object.put "$(at etags a '"body": "two", "force": true, "if_match": "somethingelse"')"
        equals "as it was" "$(content etags a)" one
        run object.put "$(at etags a "\"body\": \"two\", \"force\": true, \"if_match\": \"$etag\"")"
        refuse -4 object.delete "$(at etags a "\"force\": true, \"if_match\": \"$etag\"")"
        equals "as it is" "$(content etags a)" two
}

suite_race() {
        fresh races
        run object.put "$(at races a '"body": "one"')"
        between=$(foreign_put_command races a foreign)
        call run object.put "$(at races a '"body": "two", "force": true')"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and .changes[0].observed.size == 7'
        equals "the foreign content survives" "$(content races a)" foreign
        between=$(foreign_put_command races b foreign)
        call run object.put "$(at races b '"body": "ours"')"
        between=
        shows "a conflict there too" '.code == -4'
        equals "it survives too" "$(content races b)" foreign
}

# Somebody changes the object between its plan and the plan's application.
suite_conflict() {
        local plan
        fresh conflicts
        run object.put "$(at conflicts a '"body": "one", "force": true')"
        call plan object.put "$(at conflicts a '"body": "two", "force": true')"
        plan=$(jq -r .id <<<"$last")
        foreign_put conflicts a foreign
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "before, found, wanted" '.code == -4 and .conflict.before.size == 3 and .conflict.found.size == 7 and .conflict.wanted.size == 3'
        equals "the foreign content survives" "$(content conflicts a)" foreign
        run object.put "$(at conflicts b '"body": "one"')"
        foreign_put conflicts b foreign
        undo_hub
        shows "nor is undone what somebody changed since" '.code == -4'
        equals "it survives" "$(content conflicts b)" foreign
}

suite_sensor() {
        store=$TEST_DIR/store.json
        rm -f "$store"
        call poll bucket.watch
        shows "a bucket that is not there is no failure" '.code == 0 and .events == []'
        fresh watched
        foreign_put watched old x
        call poll bucket.watch
        shows "the first look is no event" '.code == 0 and .events == []'
        foreign_put watched new xy
        call poll bucket.watch
        shows "a new one" '.events == [.events[0]] and (.events[0] | .trigger == "object.created" and .payload.bucket == "watched" and
                .payload.key == "new" and .payload.size == 2 and .payload.previous == null)'
        foreign_put watched new xyz
        call poll bucket.watch
        shows "another content" '.events == [.events[0]] and .events[0].payload.size == 3 and (.events[0].payload.previous | length > 0)'
        run object.delete "$(at watched old '"force": true')"
        call poll bucket.watch
        shows "one is gone" '.events == [.events[0]] and .events[0].trigger == "object.removed" and .events[0].payload.key == "old"'
        call poll bucket.watch
        shows "once" '.events == []'
        store=
}

# The hub polls; what it makes of a turn is an event.
suite_event() {
        local key=new-$RANDOM
        call run bucket.create "$(in_bucket watched)"
        wait_until is_looked_at || fail "the sensor does not look"
        foreign_put watched "$key" x
        check wait_until has_event object.created "$key"
        run object.delete "$(at watched "$key" '"force": true')"
        check wait_until has_event object.removed "$key"
}
# Only after a look is a new object an event: put them until one is told.
is_looked_at() {
        foreign_put watched "probe-$RANDOM$RANDOM" x
        api GET "/api/v1/triggerinstances?trigger=storage.object.created&limit=100" |
                jq -e 'map(select(.payload.key | startswith("probe-"))) | length > 0'
}
has_event() {
        api GET "/api/v1/triggerinstances?trigger=storage.$1&limit=100" | jq -e --arg k "$2" 'map(select(.payload.key == $k)) | length > 0'
}

storage_bucket_parts="check bucket object floor names list presign quota policy plan etag"

# ---- volumes ----

M=1048576
on() { jq -nc --arg v "$1" --argjson more "{${2:-}}" '{volume: $v} + $more'; }
volume() { call run volume.create "$(on "$1" "\"size\": $((${2:-16} * M))")"; }
grant() { run volume.grant "$(on "$1" "\"client\": \"$2\"")"; }
revoke() { run volume.revoke "$(on "$1" "\"client\": \"$2\"")"; }
purge() {
        local one
        for one; do call run volume.delete "$(on "$one" '"force": true')"; done
}

suite_volume() {
        run volume.create "$(on vol-a "\"size\": $((16 * M))")"
        shows "one change, read back" '.result.changed and .changes[0].before == null and .changes[0].state == "applied" and
                .changes[0].observed == {size: 16777216} and .changes[0].resource == "storage/volume/vol-a"'
        check_match "vol-a" "$(volumes)" "the system offers it"
        equals "to nobody" "$(seen_size vol-a)" ""
        run volume.create "$(on vol-a "\"size\": $((16 * M))")"
        shows "the same again changes nothing" '.result.changed == false and .changes == []'
        refuse -4 volume.create "$(on vol-a "\"size\": $((32 * M))")"
        run volume.list "$(on vol-a)"
        shows "listed" '.result.volumes == [.result.volumes[0]] and (.result.volumes[0] | .size == 16777216 and .written == false and
                .clients == [] and .sessions == 0 and .snapshots == [] and .target.protocol == "iscsi")'
        run volume.delete "$(on vol-a)"
        equals "gone" "$(volumes | grep -c vol-a)" 0
        undo
        check_match "vol-a" "$(volumes)" "an empty one comes back"
        run volume.delete "$(on vol-a)"
        run volume.delete "$(on vol-a)"
        shows "deleting nothing changes nothing" '.result.changed == false'
        refuse -3 volume.list "$(on vol-a)"
        refuse -1 volume.create "$(on 'No Good' "\"size\": $M")"
        refuse -1 volume.create "$(on '../up' "\"size\": $M")"
        refuse -1 volume.create "$(on odd '"size": 1500000')"
}

suite_grant() {
        volume grants
        grant grants 127.0.0.1
        shows "read back" '.changes[0].before == null and .changes[0].observed == {client: "127.0.0.1"}'
        equals "an initiator sees it" "$(seen_size grants)" $((16 * M))
        run volume.grant "$(on grants '"client": "127.0.0.1/32"')"
        shows "the same in other words changes nothing" '.result.changed == false and .result.client == "127.0.0.1"'
        revoke grants 127.0.0.1
        equals "and sees it no more" "$(seen_size grants)" ""
        undo
        equals "undone" "$(seen_size grants)" $((16 * M))
        revoke grants 127.0.0.1
        revoke grants 127.0.0.1
        shows "revoking nothing changes nothing" '.result.changed == false'
        grant grants 127.0.0.0/8
        equals "a network" "$(seen_size grants)" $((16 * M))
        revoke grants 127.0.0.0/8
        grant grants 192.0.2.0/24
        equals "another network" "$(seen_size grants)" ""
        grant grants iqn.2026-01.test.example:client
        equals "a name" "$(seen_size grants -i iqn.2026-01.test.example:client)" $((16 * M))
        equals "another name" "$(seen_size grants -i iqn.2026-01.test.example:other)" ""
        undo
        equals "no name" "$(seen_size grants -i iqn.2026-01.test.example:client)" ""
        run volume.list "$(on grants)"
        shows "who may" '.result.volumes[0].clients == ["192.0.2.0/24"]'
        refuse -1 volume.grant "$(on grants '"client": "127.0.0.1/8"')"
        refuse -1 volume.grant "$(on grants '"client": "999.0.0.1"')"
        refuse -1 volume.grant "$(on grants '"client": "example.test"')"
        refuse -3 volume.grant "$(on nope '"client": "127.0.0.1"')"
        purge grants
}

# An account asks for its password, from anywhere or from where somebody may come.
suite_account() {
        volume accounts
        grant accounts account:backup
        equals "with its password" "$(seen_as accounts backup "$TGT_PASSWORD")" $((16 * M))
        equals "not with another" "$(seen_as accounts backup wrongwrongwrong)" ""
        equals "not without" "$(seen_size accounts)" ""
        grant accounts 192.0.2.7
        equals "and only from there" "$(seen_as accounts backup "$TGT_PASSWORD")" ""
        revoke accounts 192.0.2.7
        equals "from anywhere again" "$(seen_as accounts backup "$TGT_PASSWORD")" $((16 * M))
        revoke accounts account:backup
        equals "nobody" "$(seen_as accounts backup "$TGT_PASSWORD")" ""
        equals "nothing is left open" "$(clients accounts)" ""
        refuse -3 volume.grant "$(on accounts '"client": "account:nobody"')"
        [[ $last != *"$TGT_PASSWORD"* ]] || fail "a password shows"
        purge accounts
}

suite_resize() {
        volume sizes
        grant sizes 127.0.0.1
        run volume.resize "$(on sizes "\"size\": $((32 * M))")"
        shows "read back" '.changes[0].observed == {size: 33554432}'
        equals "an initiator sees it" "$(seen_size sizes)" $((32 * M))
        undo
        equals "undone" "$(seen_size sizes)" $((16 * M))
        run volume.resize "$(on sizes "\"size\": $((32 * M))")"
        mark_end sizes $((32 * M))
        refuse -13 volume.resize "$(on sizes "\"size\": $((16 * M))")"
        shows "and nothing was done" '.changes[0].observed == {size: 33554432}'
        equals "data is not cut off" "$(seen_size sizes)" $((32 * M))
        refuse -3 volume.resize "$(on nope "\"size\": $((16 * M))")"
        purge sizes
}

suite_snapshot() {
        volume states
        mark states one!
        run volume.snapshot "$(on states '"snapshot": "s1"')"
        shows "read back" '.changes[0].before == null and .changes[0].observed == {size: 16777216}'
        mark states two!
        run volume.snapshot "$(on states '"snapshot": "s1"')"
        shows "one that is there stays as it is" '.result.changed == false'
        run volume.clone "$(jq -nc '{volume: "back", from: "states", snapshot: "s1"}')"
        equals "the clone holds what was" "$(marked back)" one!
        undo
        equals "gone" "$(volumes | grep -c back)" 0
        run volume.clone "$(jq -nc '{volume: "twin", from: "states"}')"
        equals "the twin holds what is" "$(marked twin)" two!
        refuse -4 volume.clone "$(jq -nc '{volume: "twin", from: "states"}')"
        refuse -3 volume.clone "$(jq -nc '{volume: "none", from: "states", snapshot: "s9"}')"
        grant twin 127.0.0.1
        check write_to twin
        refuse -13 volume.delete "$(on twin '"unwritten": true')"
        shows "a clone that was written to is nobody's copy" '.sentence | contains("written")'
        run volume.list "$(on states)"
        shows "listed" '.result.volumes[0].snapshots == [{snapshot: "s1", size: 16777216, made: .result.volumes[0].snapshots[0].made}]'
        refuse -13 snapshot.delete "$(on states '"snapshot": "s1"')"
        run snapshot.delete "$(on states '"snapshot": "s1", "force": true')"
        shows "and no way back" '.changes[0].undo_action == null and .changes[0].observed == null'
        run volume.snapshot "$(on states '"snapshot": "s2"')"
        undo
        run volume.list "$(on states)"
        shows "a snapshot is undone" '.result.volumes[0].snapshots == []'
        refuse -3 volume.snapshot "$(on nope '"snapshot": "s1"')"
        purge states twin
}

suite_volume_floor() {
        volume kept
        grant kept 127.0.0.1
        refuse -13 volume.delete "$(on kept)"
        shows "somebody has it" '.sentence | contains("granted")'
        check write_to kept
        run volume.list "$(on kept)"
        shows "it was written to" '.result.volumes[0].written'
        revoke kept 127.0.0.1
        refuse -13 volume.delete "$(on kept)"
        shows "says how to go on" '.sentence | contains("written") and contains("force")'
        grant kept 127.0.0.1
        run volume.snapshot "$(on kept '"snapshot": "s"')"
        run volume.delete "$(on kept '"force": true')"
        shows "all that goes is recorded, and no way back" '(.changes | length == 3) and .changes[2].undo_action == null and
                (.changes | all(.state == "applied" and .observed == null))'
        equals "gone" "$(volumes | grep -c kept)" 0
}

# What somebody has open is not taken from under him.
suite_in_use() {
        volume busy
        grant busy 127.0.0.1
        hold busy
        refuse -13 volume.revoke "$(on busy '"client": "127.0.0.1"')"
        refuse -13 volume.delete "$(on busy '"force": true')"
        refuse -5 volume.resize "$(on busy "\"size\": $((32 * M))")"
        run volume.revoke "$(on busy '"client": "127.0.0.1", "force": true')"
        shows "with force he is cut off" '.result.sessions == 1'
        release busy
        run volume.list "$(on busy)"
        shows "nobody has it" '.result.volumes[0].sessions == 0'
        purge busy
}

suite_volume_plan() {
        volume planned
        call plan volume.resize "$(on planned "\"size\": $((32 * M))")"
        shows "a plan tells what it would do" '.code == 0 and .result.changed and .changes[0].state == "planned" and .changes[0].after.size == 33554432'
        grant planned 127.0.0.1
        call plan volume.delete "$(on planned '"force": true')"
        shows "and all that would go" '.code == 0 and (.changes | length == 2) and (.changes | all(.after == null))'
        call plan volume.delete "$(on planned)"
        shows "and what the floor forbids" '.code == -13'
        equals "and does nothing" "$(seen_size planned)" $((16 * M))
        purge planned
}

suite_volume_race() {
        volume raced
        between=$(foreign_resize_command raced $((64 * M)))
        call run volume.resize "$(on raced "\"size\": $((32 * M))")"
        between=
        shows "a conflict" '.code == -4 and .changes[0].state == "failed" and .changes[0].observed == {size: 67108864}'
        purge raced
}

suite_volume_conflict() {
        local plan
        volume planned
        call plan volume.resize "$(on planned "\"size\": $((32 * M))")"
        plan=$(jq -r .id <<<"$last")
        bash -c "$(foreign_resize_command planned $((64 * M)))"
        last=$(answer_of "$(_curl POST "/api/v1/plans/$plan/apply" '{}')")
        shows "before, found, wanted" '.code == -4 and .conflict.before.size == 16777216 and .conflict.found.size == 67108864 and
                .conflict.wanted.size == 33554432'
        purge planned
}

storage_volume_parts="check volume grant account resize snapshot volume_floor in_use volume_plan"
