#!/bin/bash
# quick
# SPDX-License-Identifier: Apache-2.0
# An author without a hub: begin a plugin, build it, call it, test it, pack it; and what the test says
# of plugins that crash, hang, lie or forget.
. "$(dirname "$0")/../lib.sh"

unset KANAME_URL KANAME_SOCKET KANAME_TOKEN
export KANAME_SDK=$TOP/sdk KANAME=$BUILD/kaname XDG_CONFIG_HOME=$TEST_DIR TMPDIR=$TEST_DIR
cd "$TEST_DIR"

# build NAME: a plugin from standard input, with the scaffold's own Makefile
build() {
        kaname plugin new -q "$1" >/dev/null
        cat >"$1/$1.c"
        rm -f "$1/$1.test.yaml"
        make -s -C "$1" >"$1/log" 2>&1 || fail "it does not build" "$(cat "$1/log")"
}
# verdict NAME CHECK: what plugin test says of it
verdict() {
        kaname plugin test "$1/$1.so" -o json 2>/dev/null | jq -r --arg c "$2" '.[] | select(.check == $c) | "\(.verdict): \(.says)"' || true
}

test_case "a new plugin builds, runs, passes its test and makes a pack"
check kaname plugin new -q greeter
check_equal 12 "$(wc -l <greeter/greeter.c)" "lines of C"
check make -s -C greeter
check_equal '{"greeting":"Ada"}' "$(kaname plugin run greeter/greeter.so greet name=Ada -o jsonl)"
check kaname plugin test greeter/greeter.so
check make -s -C greeter check KANAME="$KANAME"
check_equal ./greeter-0.1.0.kpack "$(kaname pack build greeter)"
check test -s greeter-0.1.0.kpack

test_case "inspect learns in a child, and names what is no plugin"
check_json "$(kaname plugin inspect greeter/greeter.so -o json)" '.name == "greeter" and .actions[0].name == "greet"'
check_match '^  greet +Greet by name  \[readonly\]' "$(kaname plugin inspect greeter/greeter.so)"
echo nonsense >text.so
out=$(kaname plugin inspect text.so 2>&1) && fail "it was taken for one"
check_match '\[plugin.not-elf\]' "$out"
check_equal "" "$(find "$TEST_DIR" -maxdepth 1 -name 'kaname.??????')" "what inspect left behind"

test_case "a sensor and both kinds begin as well"
check kaname plugin new -q watch -k sensor
check kaname plugin new -q both -k action,sensor
check make -s -C watch
check make -s -C both
check kaname plugin test watch/watch.so
check kaname plugin test both/both.so

test_case "nothing that is there is written over"
out=$(kaname plugin new greeter 2>&1) && fail "it was"
check_match 'greeter/greeter.c: File exists  \[plugin.file\]' "$out"
check_equal 5 "$(kaname plugin new greeter >/dev/null 2>&1; echo $?)" "exit code"

test_case "a library of another prefix serves as well as a source tree"
make -s -C "$BUILD" install-dist_sdkDATA install-dist_sdkincludeHEADERS install-pkgconfigDATA \
        prefix="$TEST_DIR/sdk" >/dev/null 2>&1 || true
check test -s sdk/share/kaname/kaname-plugin.mk
sed -i "s|^prefix=.*|prefix=$TEST_DIR/sdk|" sdk/lib/pkgconfig/kaname-plugin.pc
kaname plugin new -q far
check env -u KANAME_SDK PKG_CONFIG_PATH="$TEST_DIR/sdk/lib/pkgconfig" make -s -C far
check kaname plugin test far/far.so

test_case "mistakes of the caller are named"
out=$(kaname plugin run greeter/greeter.so gret 2>&1) && fail "it ran"
check_match 'has no action "gret"' "$out"
check_match 'try: greet$' "$out"
out=$(kaname plugin run greeter/greeter.so greet name:=3 2>&1) && fail "it ran"
check_match 'name: must be text, not a number' "$out"
check_equal 4 "$(kaname plugin run ./none.so greet >/dev/null 2>&1; echo $?)" "exit code"
echo nonsense >text.so
out=$(kaname plugin test text.so 2>&1) && fail "it passed"
check_match 'fail  loads: ' "$out"

test_case "a plugin that crashes fails that check and no other"
build crashes <<'END'
#include <kaname/plugin.h>
#include <stdlib.h>
static int bad(struct kn_ctx *ctx) { (void)ctx; abort(); }
static int good(struct kn_ctx *ctx) { (void)ctx; return 0; }
static const struct kn_action actions[] = {
        { .name = "bad", .summary = "Crash", .run = bad }, { .name = "good", .summary = "Do not", .run = good } };
KN_PLUGIN(.name = "crashes", .version = "1.0", .summary = "Crash", KN_ACTIONS(actions))
END
check_match '^fail: it crashed: Aborted' "$(verdict crashes plan:bad)"
check_match '^ok' "$(verdict crashes plan:good)"
check_equal 1 "$(kaname plugin test crashes/crashes.so >/dev/null 2>&1; echo $?)" "exit code"

test_case "a plan that changes the world is found out"
build liar <<'END'
#include <kaname/plugin.h>
static int set(struct kn_ctx *ctx)
{
        struct kn_http http = { .method = "PUT", .url = "http://127.0.0.1:1/x", .body = "1", .body_len = 1 };
        kn_http(ctx, &http);
        return 0;
}
static const struct kn_action actions[] = { { .name = "set", .summary = "Set it", .run = set } };
KN_PLUGIN(.name = "liar", .version = "1.0", .summary = "Lie", KN_ACTIONS(actions))
END
check_match '^fail: a plan sent PUT http://127.0.0.1:1/x' "$(verdict liar plan:set)"

test_case "a call that cannot be cancelled is found out"
build deaf <<'END'
#include <kaname/plugin.h>
#include <unistd.h>
static int nap(struct kn_ctx *ctx) { (void)ctx; usleep(1300000); return 0; }
static const struct kn_action actions[] = { { .name = "nap", .summary = "Sleep", .run = nap } };
KN_PLUGIN(.name = "deaf", .version = "1.0", .summary = "Sleep", KN_ACTIONS(actions))
END
echo "- action: nap" >deaf/deaf.test.yaml
check_match '^fail: it went on for [0-9]+ ms after it was cancelled' "$(verdict deaf cancel:nap)"

test_case "what is missing is named"
build mute <<'END'
#include <kaname/plugin.h>
static int go(struct kn_ctx *ctx) { (void)ctx; return 0; }
static const struct kn_action actions[] = { { .name = "go", .run = go } };
KN_PLUGIN(.name = "mute", .version = "1.0", .summary = "Go", KN_ACTIONS(actions))
END
check_match '^fail: actions go has no summary' "$(verdict mute sentences)"
build wrong <<'END'
#include <kaname/plugin.h>
static int go(struct kn_ctx *ctx) { (void)ctx; return 0; }
static const struct kn_action actions[] = { { .name = "go", .summary = "Go", .run = go,
        .params = KN_JSON({ "properties": { "n": { "type": "nmuber", "description": "N" } } }) } };
KN_PLUGIN(.name = "wrong", .version = "1.0", .summary = "Go", KN_ACTIONS(actions))
END
check_match '^fail: .*go.params' "$(verdict wrong schemas)$(verdict wrong loads)"

test_case "an object that exports more than its one symbol is told so"
printf '#include <kaname/plugin.h>\nint extra(void);\nint extra(void) { return 1; }\nKN_PLUGIN(.name = "wide", .version = "1", .summary = "W")\n' >wide.c
cc -shared -fPIC -I"$TOP/sdk/include" -o wide.so wide.c
check_match 'fail  exports: it exports extra' "$(kaname plugin test wide.so 2>&1 || true)"

test_case "a case that does not come out is shown with both sides"
cat >greeter/greeter.test.yaml <<'END'
- { action: greet, args: { name: Ada }, result: { greeting: Bob } }
- { action: greet, args: { name: 3 }, code: arguments }
- { action: none }
END
check_match '^fail: wanted {"greeting":"Bob"}, found {"greeting":"Ada"}' "$(verdict greeter case:1)"
check_match '^ok' "$(verdict greeter case:2)"
check_match '^fail: the plugin has no action "none"' "$(verdict greeter case:3)"

test_case "a pack that is built in its own folder leaves its archives out"
make -s -C both pack KANAME="$KANAME" >/dev/null
make -s -C both pack KANAME="$KANAME" >/dev/null
check_fails grep -q kpack <(bsdtar -tf both/both-0.1.0.kpack 2>/dev/null || tar --zstd -tf both/both-0.1.0.kpack)

test_case "the man pages are mdoc without a warning, and say what help says"
check_equal "" "$(mandoc -T lint -W warning "$BUILD"/core/cli/*.1 2>&1)"
check_match 'kaname rule test \[options\] RULE\|FILE \[KEY=VALUE' \
        "$(mandoc -T ascii "$BUILD/core/cli/kaname-rule.1" | sed 's/.\x08//g')"

test_case "bash completes verbs, options and files without asking a hub"
complete_words() { bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _kaname; echo "${COMPREPLY[@]}"' "$BUILD/core/cli/kaname" "$@"; }
check_equal "plan plugin" "$(complete_words kaname pl | tr ' ' '\n' | sort | paste -sd' ')"
check_equal "list get create delete enable disable test replay" "$(complete_words kaname rule '')"
check_equal "--status" "$(complete_words kaname execution list --st)"
check_equal "json jsonl" "$(complete_words kaname rule list -o js)"
