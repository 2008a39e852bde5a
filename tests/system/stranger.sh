#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Plugins by people we do not know, in a running hub: from `plugin new` to a call in a minute, with an
# installed SDK too; what crashes, hangs, floods or breaks in harms nobody else; packs change while
# their code runs; what is refused is refused by name; who may enter the core, and who must leave it.
. "$(dirname "$0")/../lib.sh"

export KANAME_SDK=$TOP/sdk KANAME=$BUILD/kaname XDG_CONFIG_HOME=$TEST_DIR/home
HUB_CONFIG='timeouts = { backoff_ms = 20; };'
start_hub "$TEST_DIR/hub"
hub=$(pid_of hub)
STATE=$TEST_DIR/hub/state
cd "$TEST_DIR"

# plugin NAME [FOLDER]: with the scaffold's Makefile, from standard input
plugin() {
        kaname plugin new -q -d "${2:-$1}" "$1" >/dev/null
        cat >"${2:-$1}/$1.c"
        rm "${2:-$1}/$1.test.yaml"
        make -s -C "${2:-$1}" >"$TEST_DIR/made" 2>&1 || fail "it does not build" "$(cat "$TEST_DIR/made")"
}
# as_version FOLDER VERSION
as_version() { sed -i "s/^version: .*/version: $2/" "$1/pack.yaml"; }
# ask ACTION [PARAMETERS]: called over REST and waited for; the finished execution
ask() {
        local parameters=${2:-\{\}}
        api POST /api/v1/executions "$(jq -cn --arg a "$1" --argjson p "$parameters" '{action: $a, parameters: $p}')" \
                -H 'Prefer: wait=20'
}
begin() { api POST /api/v1/executions "$(jq -cn --arg a "$1" --argjson p "$2" '{action: $a, parameters: $p}')" | jq -r .id; }
runs() { [ "$(api GET "/api/v1/executions/$1" | jq -r .status)" = running ]; }
# refused COMMAND…: what the operator reads
refused() { if kaname "$@" 2>&1; then echo "it was not refused"; fi; }
home_of() { kaname plugin list -o json | jq -c --arg n "$1" '.[] | select(.name == $n) | .home'; }
# content: all that an install may change
content() {
        local what
        for what in pack plugin rule action trigger; do kaname "$what" list -o json | jq -cS '.[] | del(.home)'; done
        find "$STATE/packs" -mindepth 1 -maxdepth 2 -printf '%P %l\n' | sort
}
# unchanged WHAT: since before=$(content)
unchanged() {
        local now
        now=$(content)
        [ "$before" = "$now" ] || fail "changed after: $1" "$(diff <(echo "$before") <(echo "$now"))"
}

test_case "a stranger's plugin is in the running hub within a minute"
began=$SECONDS
check kaname plugin new -q greeter
sed -i 's/kn_return_str(ctx, "greeting", \(.*\));$/kn_return_str(ctx, "welcome", \1);/' greeter/greeter.c
sed -i 's/greeting/welcome/' greeter/greeter.test.yaml
check make -s -C greeter
check kaname plugin test greeter/greeter.so
check_equal ./greeter-0.1.0.kpack "$(kaname pack build greeter)"
check kaname pack install greeter-0.1.0.kpack
check_equal '{"welcome":"Ada"}' "$(ask greeter.greet '{"name": "Ada"}' | jq -c .result)"
[ $((SECONDS - began)) -lt 60 ] || fail "it took $((SECONDS - began)) s"
check_equal "$hub" "$(pid_of hub)" "the hub's process"

test_case "an installed SDK builds the same plugin, and a package's own unit test"
check make -s -C "$BUILD" install DESTDIR="$TEST_DIR/root"
prefix=$(sed -n 's/^prefix = //p' "$BUILD/Makefile")
installed() {
        env -u KANAME_SDK PKG_CONFIG_SYSROOT_DIR="$TEST_DIR/root" PATH="$TEST_DIR/root$prefix/bin:$PATH" \
                PKG_CONFIG_PATH="$(dirname "$(find "$TEST_DIR/root" -name kaname-plugin.pc)")" "$@"
}
check installed kaname plugin new -q far
check installed make -s -C far check pack KANAME=kaname
check_equal kaname_plugin "$(nm -D --defined-only far/far.so | awk '{ print $3 }')" "what it exports"
check kaname pack install far/far-0.1.0.kpack
check_equal '{"greeting":"Eva"}' "$(ask far.greet '{"name": "Eva"}' | jq -c .result)"
cat >far/far_test.c <<'CODE'
#include <kaname/mock.h>
#include <kaname/plugin.h>
#include <stdio.h>
#include <stdlib.h>
const struct kn_plugin *kaname_plugin(void);
int main(void)
{
        struct kn_mock *mock = kn_mock_new(kaname_plugin());
        int r = mock ? kn_mock_run(mock, "greet", "{\"name\": \"Ida\"}") : -1;

        puts(r < 0 ? "failed" : kn_mock_result(mock));
        kn_mock_free(mock);
        return r < 0;
}
CODE
sanitize=$(sed -n 's/^SANITIZE_CFLAGS = //p' "$BUILD/Makefile")      # the mock has them too
check installed sh -c 'cc '"$sanitize"' -o far/far_test far/far_test.c far/far.c $(pkg-config --cflags --libs kaname-plugin kaname-mock)'
check_equal '{"greeting":"Ida"}' "$(far/far_test)"

test_case "the examples run: hello, and a tree of its own"
check_equal '{"greeting":"you"}' "$(ask hello.greet '{"name": "you"}' | jq -c .result)"
cp -r "$TOP/examples/out-of-tree" coin
chmod -R u+w coin
printf 'name: coin\nversion: 1.0.0\n' >coin/pack.yaml
check make -s -C coin pack
check kaname pack install coin/coin-1.0.0.kpack
check_match '^(heads|tails)$' "$(ask coin.toss | jq -r .result.side)"

# ---- it misbehaves ----

plugin vandal <"$TOP/tests/plugins/vandal.c"
check kaname pack install vandal

# ends_in MS CODE ACTION: the call ends by its deadline and a second, says so and names the plugin, and meanwhile
# others are served
ends_in() {
        local said took served=0
        ask "vandal.$3" >"said.$3" &
        while kill -0 $! 2>/dev/null; do
                [ "$(ask greeter.greet | jq -r .status)" = succeeded ] || fail "$3: another call failed"
                served=$((served + 1))
        done
        said=$(cat "said.$3")
        took=$(jq '.elapsed_seconds * 1000 | round' <<<"$said")
        check_match "^($2)\$" "$(jq -r .result.code <<<"$said")" "$3: the code"
        check_match vandal "$(jq -r .result.error <<<"$said")" "$3: the sentence"
        [ "$took" -le $(($1 + 1000)) ] || fail "$3 took $took ms"
        [ $served -gt 0 ] || fail "$3: no other call was served"
}

test_case "one that aborts, ends itself, spins or floods is ended in time, and others are served"
ends_in 2000 crashed crash
ends_in 2000 crashed leave
ends_in 1000 'hung|timeout' spin
ends_in 1000 'hung|timeout' flood
ends_in 1000 'hung|timeout' shout
ends_in 1000 'hung|timeout' chatter
ends_in 2000 'hung|timeout|crashed' devour
check_equal '"hello"' "$(ask vandal.greet | jq -c .result.greeting)" "and then it serves again"
check_equal "$hub" "$(pid_of hub)" "the hub's process"
check hub_ready
check_json "$(home_of vandal)" '.home == "host" and .crashes >= 5 and (.last_crash | length > 0)'

test_case "the sandbox denies the network, writing, other processes and new ones"
echo secret >secret
# burgle PLUGIN: what it could do of all that it tried
burgle() {
        ask "$1.burgle" "$(jq -cn --argjson hub "$hub" --arg new "$TEST_DIR/made-by-it" --arg secret "$TEST_DIR/secret" \
                '{hub: $hub, new: $new, secret: $secret}')" | jq -c '.result | if length == 12 then . else error end |
                with_entries(select(.value | IN("Operation not permitted", "Permission denied") | not))'
}
sandbox() { home_of "$1" | jq -c .sandbox; }
found=$(burgle vandal)
sandbox=$(sandbox vandal)
check_json "$sandbox" '.no_new_privs and .profile == "closed" and .limits.files and .seccomp == "on"'
if jq -e '.landlock | startswith("abi ")' <<<"$sandbox" >/dev/null; then
        check_equal '{}' "$found"
else
        check_json "$sandbox" '.landlock | startswith("off: ")'
        check_json "$found" 'del(.memory, .secret) == {}' "without Landlock"
fi
check_equal secret "$(cat secret)"
check_fails test -e made-by-it
check_equal "$sandbox" "$(kaname status -o json | jq -c '.plugins[] | select(.plugin == "vandal") | .sandbox')" "kaname status"

test_case "a plugin that declares sockets of its own gets them and no more, and that is shown"
sed 's/"vandal"/"opener"/; s/KN_PARALLEL,/KN_PARALLEL | KN_OWN_SOCKETS,/' "$TOP/tests/plugins/vandal.c" | plugin opener
check_match 'opens sockets itself +yes: a wider sandbox' "$(kaname plugin inspect opener/opener.so)"
check kaname pack install opener
found=$(burgle opener)
check_json "$(sandbox opener)" '.profile == "own_sockets"'
check_json "$found" '.socket == "done" and (del(.socket, .memory, .secret) == {})'

test_case "learning what a file is happens in the sandbox too"
plugin sly <<CODE
#include <kaname/plugin.h>
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void open_up(void) { close(open("$TEST_DIR/made-by-sly", O_CREAT | O_WRONLY, 0600)); }
static int go(struct kn_ctx *ctx) { (void)ctx; return 0; }
static const struct kn_action actions[] = { { .name = "go", .summary = "Go", .run = go } };
KN_PLUGIN(.name = "sly", .version = "1.0", .summary = "Sly", KN_ACTIONS(actions))
CODE
check kaname plugin inspect sly/sly.so
check kaname pack install sly
check_equal succeeded "$(ask sly.go | jq -r .status)"
check_fails test -e made-by-sly

# ---- packs change while their code runs ----

# slow VERSION: a pack whose plugin says its version, at once or after a while
slow() {
        rm -rf "slow$1"
        plugin slow "slow$1" <<CODE
#include <kaname/plugin.h>
static int nap(struct kn_ctx *ctx)
{
        int r = kn_wait(ctx, -1, 0, kn_arg_int(ctx, "ms", 0));

        return r < 0 ? r : kn_return_str(ctx, "version", "$1");
}
static const struct kn_action actions[] = { { .name = "nap", .summary = "Sleep, then say who it was", .run = nap,
        .params = KN_JSON({ "properties": { "ms": { "type": "integer", "description": "For how long" } } }) } };
KN_PLUGIN(.name = "slow", .version = "$1", .summary = "Slow", .flags = KN_PARALLEL, KN_ACTIONS(actions))
CODE
        as_version "slow$1" "$1"
        mkdir "slow$1/rules"
        cat >"slow$1/rules/nap.yaml" <<RULE
name: nap
enabled: true
description: rule of $1
trigger: { type: core.st2.webhook, parameters: { url: nap } }
action: { ref: slow.nap }
RULE
}
version_now() { ask slow.nap | jq -r .result.version; }
rule_now() { kaname rule get slow.nap -o json | jq -r .description; }

# ends_on VERSION ID
ends_on() { check_equal "$1" "$(wait_execution "$2" | jq -r .result.version)" "the version that it ended on"; }

# copy_of VERSION: where the hub has the object
copy_of() { echo "$STATE/plugins/$(sha256sum <"slow$1/plugins/slow.so" | cut -c1-64).so"; }
gone_file() { [ ! -e "$1" ]; }

for home in host core; do
        slow 1.0.0
        slow 2.0.0
        test_case "a pack is upgraded, rolled back and removed under a running call ($home)"
        check kaname pack install slow1.0.0
        if [ $home = core ]; then check kaname plugin trust slow; fi
        check_equal 1.0.0 "$(version_now)"
        check_equal $home "$(home_of slow | jq -r .home)"
        id=$(begin slow.nap '{"ms": 1500}')
        check wait_until runs "$id"
        check kaname pack upgrade slow2.0.0
        check_equal 2.0.0 "$(version_now)" "a new call"
        check_equal "rule of 2.0.0" "$(rule_now)"
        if [ $home = core ]; then check kaname plugin trust slow; fi
        check runs "$id"
        ends_on 1.0.0 "$id"
        id=$(begin slow.nap '{"ms": 1500}')
        check wait_until runs "$id"
        check kaname pack rollback slow
        check_equal 1.0.0 "$(version_now)" "after the rollback"
        check_equal "rule of 1.0.0" "$(rule_now)"
        ends_on 2.0.0 "$id"
        id=$(begin slow.nap '{"ms": 1500}')
        check wait_until runs "$id"
        check kaname pack remove -y slow
        check_equal 404 "$(api_status POST /api/v1/executions '{"action": "slow.nap"}')" "a removed action"
        check test -e "$(copy_of 1.0.0)"
        ends_on 1.0.0 "$id"
        check_fails test -e "$STATE/packs/slow"
        check wait_until gone_file "$(copy_of 1.0.0)"
        check wait_until gone_file "$(copy_of 2.0.0)"
done
check_equal "$hub" "$(pid_of hub)" "the hub's process"

test_case "an upgrade that breaks anywhere changes nothing"
check kaname pack install slow1.0.0
before=$(content)
# breaks PATTERN COMMAND…
breaks() {
        local pattern=$1
        shift
        check_match "$pattern" "$(refused "$@")"
        unchanged "$*"
        check_equal 1.0.0 "$(version_now)"
}
slow 3.0.0
echo 'name: [' >slow3.0.0/rules/broken.yaml
breaks 'rules/broken.yaml:[0-9]' pack upgrade slow3.0.0
printf 'name: lost\nenabled: true\ntrigger: { type: core.st2.webhook, parameters: { url: x } }\naction: { ref: slow.nap }\ncriteria: { trigger.body.a: { type: odd, pattern: 1 } }\n' \
        >slow3.0.0/rules/broken.yaml
breaks 'rules/broken.yaml:.*odd' pack upgrade slow3.0.0
rm slow3.0.0/rules/broken.yaml
echo nonsense >slow3.0.0/plugins/zz.so
breaks 'zz.so is no shared object' pack upgrade slow3.0.0
cp greeter/greeter.so slow3.0.0/plugins/zz.so
breaks "zz.so: the plugin 'greeter' is there already" pack upgrade slow3.0.0
rm slow3.0.0/plugins/zz.so
kaname pack build slow3.0.0 >/dev/null
head -c $(($(stat -c %s slow-3.0.0.kpack) / 2)) slow-3.0.0.kpack >half.kpack
breaks . pack upgrade half.kpack
mkdir tampered
tar --zstd -xf slow-3.0.0.kpack -C tampered
echo >>"$(find tampered -name nap.yaml)"
tar --zstd -cf tampered.kpack -C tampered .
breaks 'nap.yaml' pack upgrade tampered.kpack
breaks "'slow' is installed already, version 1.0.0" pack install slow3.0.0
check_match 'pack.no-previous' "$(refused pack rollback slow)" "a version that never was in force"
check kaname pack upgrade slow-3.0.0.kpack
check_equal 3.0.0 "$(version_now)" "the same version, once it is whole"

test_case "a pack whose people's name is not its short one is known by the short one"
kaname plugin new -q wide >/dev/null
printf 'ref: wide\nname: Wide and Far\nversion: 1.0.0\n' >wide/pack.yaml
check make -s -C wide
check kaname pack install wide
check_match "'wide' is installed already" "$(refused pack install wide)"
as_version wide 1.1.0
check kaname pack upgrade wide
check_equal 1.1.0 "$(kaname pack get wide -o json | jq -r .version)"
check_equal '"world"' "$(ask wide.greet | jq -c .result.greeting)"
check kaname pack remove -y wide

# ---- refusals ----

# refuses CODE WANTED…: of the object in odd/plugins, by install and by inspect, each naming file, wanted and found
refuses() {
        local code=$1 said pattern
        shift
        for said in "$(refused pack install odd)" "$(refused plugin inspect odd/plugins/odd.so)"; do
                check_match "\[plugin\.$code\]" "$said"
                for pattern in plugins/odd.so "$@"; do check_match "$pattern" "$said"; done
        done
}
# odd KIND: an object of tests/abi/bad.c
odd() { cc -shared -fPIC -w -DBAD="$1" -I"$TOP/sdk/include" -o odd/plugins/odd.so "$TOP/tests/abi/bad.c"; }

test_case "what is no plugin is refused by file, what was wanted and what was found"
mkdir -p odd/plugins
printf 'name: odd\nversion: 1.0.0\n' >odd/pack.yaml
before=$(content)
odd MAGIC && refuses magic 'wanted 0x4b4e414d' 'found 0x12345678'
odd MAJOR && refuses abi 'wanted 1\.x' 'found 7\.1'
odd NEEDS && refuses needs 'wanted at most 1\.0' 'found 1\.99'
odd NO_SYMBOL && refuses symbol kaname_plugin
odd SCHEMA && refuses schema "do\.params|params of 'do'"
odd NAME && refuses name "found 'No Such Name!'"
odd TWICE && refuses name "found 'do'"
odd CRASH && refuses crashed 'signal 6'
echo "not at all" >odd/plugins/odd.so && refuses not-elf 'shared object' 'found'
odd NEWER && printf '\xb7\0' | dd of=odd/plugins/odd.so bs=1 seek=18 conv=notrunc status=none && refuses machine aarch64 x86_64
printf 'extern int nowhere(void);\n#include <kaname/plugin.h>\nstatic int go(struct kn_ctx *c) { (void)c; return nowhere(); }\nstatic const struct kn_action actions[] = { { .name = "go", .summary = "Go", .run = go } };\nKN_PLUGIN(.name = "odd", .version = "1", .summary = "Odd", KN_ACTIONS(actions))\n' >odd/odd.c
cc -shared -fPIC -I"$TOP/sdk/include" -o odd/plugins/odd.so odd/odd.c && refuses symbol nowhere
unchanged "a refused pack"

test_case "two plugins of one name are refused by both files"
sed 's/"far"/"greeter"/' far/far.c >odd/odd.c
cc -shared -fPIC -I"$TOP/sdk/include" -o odd/plugins/odd.so odd/odd.c
out=$(refused pack install odd)
check_match '\[plugin.duplicate\]' "$out"
check_match "plugins/odd.so: the plugin 'greeter' is there already, from .*packs/greeter/0.1.0/plugins/greeter.so" "$out"
unchanged "a refused pack"

test_case "one that is of an older or newer age is not refused"
for age in OLDER NEWER; do
        odd $age
        check_json "$(kaname plugin inspect odd/plugins/odd.so -o json)" '.name == "odd" and (.actions | length) == 2'
        check kaname pack install odd
        check_equal '"it works"' "$(ask odd.do | jq -c .result.said)" $age
        check kaname pack remove -y odd
done

# ---- who may enter the core ----

test_case "trust moves a plugin into the core, and another file of it stays out"
check_equal host "$(home_of greeter | jq -r .home)"
check_match 'not shipped' "$(home_of greeter | jq -r .why)"
check kaname plugin trust greeter
check_equal '"Bo"' "$(ask greeter.greet '{"name": "Bo"}' | jq -c .result.welcome)"
check_equal '["core","core"]' "$(home_of greeter | jq -c '[.home, .why]')"
sed -i 's/welcome/hullo/' greeter/greeter.c greeter/greeter.test.yaml
check make -s -C greeter
as_version greeter 0.2.0
check kaname pack upgrade greeter
check_equal '"Bo"' "$(ask greeter.greet '{"name": "Bo"}' | jq -c .result.hullo)"
check_equal host "$(home_of greeter | jq -r .home)"
check_match 'plugin trust' "$(home_of greeter | jq -r .why)"
check kaname pack rollback greeter
check_equal '"Bo"' "$(ask greeter.greet '{"name": "Bo"}' | jq -c .result.welcome)"
check_equal core "$(home_of greeter | jq -r .home)" "the file that was trusted"

test_case "a plugin that ran in the core when the hub died starts in a host, and status says why"
check kaname plugin trust slow
id=$(begin slow.nap '{"ms": 60000}')
check wait_until runs "$id"
check_equal core "$(home_of slow | jq -r .home)"
kill_hub "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
check_json "$(kaname status -o json)" '.plugins[] | select(.plugin == "slow") | .home == "host" and (.why | test("when the hub died"))'
check_equal 3.0.0 "$(version_now)"
check_json "$(home_of slow)" '.home == "host" and .pid > 0 and (.why | test("when the hub died.*plugin trust"))'
check_equal core "$(ask greeter.greet >/dev/null; home_of greeter | jq -r .home)" "one that was at rest"
check kaname plugin trust slow
check_equal 3.0.0 "$(version_now)"
check_equal core "$(home_of slow | jq -r .home)" "readmitted"

# ---- a sensor ----

test_case "the watcher's event reaches a rule, and a restart neither repeats nor loses one"
mkdir page
echo one >page/index
port=$(free_port)
spawn page perl -MIO::Socket::INET -e 'my ($port, $file) = @ARGV;
        my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 9, ReuseAddr => 1) or die;
        while (my $c = $s->accept) {
                while (<$c>) { last if /^\r?$/ }
                open my $f, "<", $file; local $/; my $body = <$f>;
                print $c "HTTP/1.1 200 OK\r\nContent-Length: ", length $body, "\r\nConnection: close\r\n\r\n$body";
        }' "$port" "$TEST_DIR/page/index"
check wait_until curl -fsS "http://127.0.0.1:$port/"
cat >watch.yaml <<RULE
name: page
pack: my
enabled: true
trigger: { type: watcher.changed }
action: { ref: core.echo, parameters: { message: "{{ trigger.length }} bytes" } }
RULE
check kaname rule create watch.yaml
check kaname instance add page --plugin watcher "url=http://127.0.0.1:$port/"
has_looked() { kaname status -o json | jq -e '.sensors[] | select(.instance == "page") | .last_ok // .last_ok_at'; }
check wait_until has_looked
check_equal 0 "$(kaname event list --trigger watcher.changed -o json | jq length)" "the first look is no change"
echo "another one" >page/index
stop_hub "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
out=$(wait_executions 1 'rule=my.page')
check_equal '["12 bytes"]' "$(jq -c 'map(.parameters.message)' <<<"$out")"
stop_hub "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
check wait_until has_looked
check_equal 1 "$(executions 'rule=my.page' | jq length)" "after another restart"
