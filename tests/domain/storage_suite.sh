# SPDX-License-Identifier: Apache-2.0
# What every plugin of the domain storage has to keep. Sourced; a system has buckets, or volumes, or both, and
# the caller defines for buckets
#   buckets, keys BUCKET, content BUCKET KEY, status_of BUCKET KEY, foreign_put BUCKET KEY TEXT,
#   foreign_put_command BUCKET KEY TEXT, quota_of BUCKET, stranger BUCKET KEY
# and for volumes those that stand before their part of this file: clients that are not ours.

# ---- buckets and objects ----

in_bucket() { jq -nc --arg b "$1" --argjson more "{${2:-}}" '{bucket: $b} + $more'; }
at() { jq -nc --arg b "$1" --arg k "$2" --argjson more "{${3:-}}" '{bucket: $b, key: $k} + $more'; }
have() { call run bucket.create "$(in_bucket "$1")"; }
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
        have objects
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
        have floors
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
        have names
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
        have lists
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
        have signed
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
        have quotas
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
        have policies
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
        have plans
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
        have etags
        run object.put "$(at etags a '"body": "one"')"
        etag=$(jq -r .result.etag <<<"$last")
        refuse -4 object.put "$(at etags a '"body": "two", "force": true, "if_match": "somethingelse"')"
        equals "as it was" "$(content etags a)" one
        run object.put "$(at etags a "\"body\": \"two\", \"force\": true, \"if_match\": \"$etag\"")"
        refuse -4 object.delete "$(at etags a "\"force\": true, \"if_match\": \"$etag\"")"
        equals "as it is" "$(content etags a)" two
}

suite_race() {
        have races
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
        have conflicts
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

storage_bucket_parts="check bucket object floor names list presign quota policy plan etag"
