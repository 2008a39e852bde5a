/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_hub.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/params.h"

#include <stdlib.h>
#include <string.h>

static struct told tell(const char *const *words)
{
        return cardboard_run(NULL, "", words);
}
#define SAY(...) tell((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(usage_mistakes_exit_2_and_name_the_cure)
{
        static const struct {
                const char *words[4], *what, *remedy;
        } rows[] = {
                { { "executoin", NULL }, "no command \"executoin\"", "kaname execution" },
                { { "rule", "lits", NULL }, "no command \"rule lits\"", "kaname rule list" },
                { { "rule", "list", "--pakc", NULL }, "no option --pakc", "--pack" },
                { { "rule", "list", "-Z", NULL }, "no option -Z", "kaname help rule list" },
                { { "rule", "list", "--pack", NULL }, "--pack needs an argument",
                  "kaname help rule list" },
                { { "rule", "list", "--help=x", NULL }, "takes no argument",
                  "kaname help rule list" },
                { { "rule", "get", NULL }, "get needs RULE...", "kaname help rule get" },
                { { "status", "now", NULL }, "does not take \"now\"", "kaname help status" },
                { { "rule", "list", "-ojsno", NULL }, "no output format \"jsno\"", "-o json" },
                { { "rule", "list", "--watch=soon", NULL }, "\"soon\" is no duration",
                  "--watch 30s" },
                { { "run", "a", "b", NULL }, "\"b\" is no KEY=VALUE", "b=" },
                { { "rule", "list", "--color=mauve", NULL }, "want always, never or auto", "" },
                { { "rule", "list", "--url=ftp:x", NULL }, "no address of a hub", "--url http" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct told told = tell(rows[i].words);

                ck_assert_msg(told.code == EXIT_USAGE, "%s %s: exit %d", rows[i].words[0], told.err,
                              told.code);
                has(told.err, rows[i].what);
                has(told.err, rows[i].remedy);
                ck_assert_str_eq(told.out, "");
                told_free(&told);
        }
}
END_TEST

START_TEST(overview_is_less_than_40_lines_of_80_columns)
{
        struct told told = SAY("help");
        int lines = 0;

        for (const char *s = told.out; *s; s = strchr(s, '\n') + 1, lines++)
                ck_assert_int_le((int)strcspn(s, "\n"), 80);
        ck_assert_int_eq(told.code, 0);
        ck_assert_int_lt(lines, 40);
        told_free(&told);
}
END_TEST

START_TEST(every_row_of_the_table_is_whole)
{
        for (const struct noun *const *noun = nouns; *noun; noun++) {
                if ((*noun)->name)
                        ck_assert_msg((*noun)->about && (*noun)->examples, "%s has no page",
                                      (*noun)->name);
                for (const struct verb *verb = (*noun)->verbs; verb->name; verb++) {
                        ck_assert_msg(verb->run && verb->summary, "%s", verb->name);
                        ck_assert_msg(!verb->operands == !verb->operands_max, "%s: operands",
                                      verb->name);
                        for (const struct verb_option *o = verb->options; o && o->name; o++)
                                for (const struct verb_option *g = global_options; g->name; g++) {
                                        ck_assert_msg(!text_equal(o->name, g->name), "%s --%s",
                                                      verb->name, o->name);
                                        ck_assert_msg(!o->letter || o->letter != g->letter,
                                                      "%s -%c", verb->name, o->letter);
                                }
                }
        }
}
END_TEST

START_TEST(help_is_there_for_every_verb)
{
        for (const struct noun *const *noun = nouns; *noun; noun++)
                for (const struct verb *verb = (*noun)->verbs; verb->name; verb++) {
                        struct told told = (*noun)->name ? SAY("help", (*noun)->name, verb->name)
                                : SAY(verb->name, "-h");

                        ck_assert_int_eq(told.code, 0);
                        has(told.out, verb->summary);
                        told_free(&told);
                }
}
END_TEST

START_TEST(options_stand_anywhere)
{
        struct told a = SAY("--curl", "--url", "http://h:1", "-o", "json", "rule", "list", "-p",
                            "dns");
        struct told b = SAY("rule", "--curl", "list", "-pdns", "--url=http://h:1");
        struct told c = SAY("rule", "list", "--curl", "--pack", "dns", "--url=http://h:1/");

        ck_assert_int_eq(a.code, 0);
        ck_assert_str_eq(a.out,
                         "curl -sS -H \"Authorization: Bearer $KANAME_TOKEN\" "
                         "'http://h:1/api/v1/rules?pack=dns'\n");
        ck_assert_str_eq(c.out, a.out);
        ck_assert_str_eq(b.out, a.out);
        told_free(&a);
        told_free(&b);
        told_free(&c);
}
END_TEST

START_TEST(pairs_become_json)
{
        static const struct {
                const char *pair, *json;
        } rows[] = {
                { "a=b", "{\"a\":\"b\"}" }, { "a=", "{\"a\":\"\"}" },
                { "a=b=c", "{\"a\":\"b=c\"}" },
                { "a:=1", "{\"a\":1}" }, { "a:=[1,\"x\"]", "{\"a\":[1,\"x\"]}" },
                { "a.b=c", "{\"a\":{\"b\":\"c\"}}" },
                { "name=@", "{\"name\":\"@\"}" }, { "a\\.b=c", "{\"a.b\":\"c\"}" },
                { "a=要", "{\"a\":\"要\"}" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _json_ json_t *object = NULL;
                _free_ char *text = NULL;

                ck_assert_int_eq(params_add(&object, rows[i].pair, NULL), 0);
                text = json_dumps(object, JSON_COMPACT);
                ck_assert_str_eq(text, rows[i].json);
        }
}
END_TEST

START_TEST(pairs_that_are_none_are_refused)
{
        static const char *const rows[] = { "a", "=b", "a:={", "a=\xff", ":=1" };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _json_ json_t *object = NULL;
                _fault_ struct fault fault = FAULT_INIT;
                int r = params_add(&object, rows[i], &fault);

                if (!strcmp(rows[i], ":=1")) {
                        ck_assert_int_eq(r, 0);         /* a key named ":" */
                        continue;
                }
                ck_assert_int_eq(r, FAULT);
                ck_assert_int_eq(fault.status, 400);
        }
}
END_TEST

START_TEST(a_key_again_makes_a_list)
{
        _json_ json_t *object = NULL;
        _free_ char *text = NULL;

        ck_assert_int_eq(params_add(&object, "v=a", NULL), 0);
        ck_assert_int_eq(params_add(&object, "v=b", NULL), 0);
        ck_assert_int_eq(params_add(&object, "v=c", NULL), 0);
        text = json_dumps(object, JSON_COMPACT);
        ck_assert_str_eq(text, "{\"v\":[\"a\",\"b\",\"c\"]}");
}
END_TEST

START_TEST(text_takes_the_declared_type)
{
        _json_ json_t *declared = json_loads(
                "{\"n\":{\"type\":\"integer\",\"required\":true},\"b\":{\"type\":\"boolean\"},"
                "\"l\":{\"type\":\"array\"},\"o\":{\"type\":\"object\"},\"s\":{\"type\":\"string\"}"
                "}",
                0, NULL);
        _json_ json_t *params = json_loads("{\"n\":\"5\",\"b\":\"true\",\"l\":\"x,y\","
                                           "\"o\":\"{\\\"a\\\":1}\",\"s\":\"5\",\"u\":\"7\"}",
                                           0, NULL);
        _json_ json_t *want = json_loads(
                "{\"n\":5,\"b\":true,\"l\":[\"x\",\"y\"],\"o\":{\"a\":1},\"s\":\"5\",\"u\":\"7\"}",
                0, NULL);

        ck_assert_int_eq(params_coerce(params, declared, NULL), 0);
        ck_assert(json_equal(params, want));
}
END_TEST

START_TEST(durations)
{
        static const struct {
                const char *text;
                int64_t ms;
        } rows[] = { { "5", 5000 }, { "1.5s", 1500 }, { "250ms", 250 }, { "2m", 120000 },
                     { "1h", 3600000 },
                     { "7d", 604800000 }, { "-1", -7 }, { "x", -7 }, { "1y", -7 }, { "", -7 } };
        static const struct verb_option option = { .name = "wait", .argument = "T" };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct cli_value value = { &option, rows[i].text };
                struct cli cli = { .values = &value, .n_values = 1 };
                int64_t ms = -7;

                ck_assert_int_eq(cli_duration(&cli, "wait", &ms, NULL), rows[i].ms < 0 ? FAULT : 0);
                ck_assert_int_eq(ms, rows[i].ms);
        }
}
END_TEST

static const char *const shells[][2] = {
/* fish writes where its user lives. */
#define FISH(arguments)                                                                         \
        "d=$(mktemp -d); HOME=$d XDG_CONFIG_HOME=$d XDG_DATA_HOME=$d XDG_CACHE_HOME=$d fish "   \
        arguments "; s=$?; rm -r $d; exit $s"
        { "bash", "bash -n" }, { "zsh", "zsh -n" }, { "fish", FISH("-n") },
        /* It can be asked what it would offer. */
        { "fish", FISH("-c 'source; complete -C\"kaname execution list --sta\"' "
                       "| grep -q -- --status") },
};

START_TEST(completion_is_a_script_that_its_shell_reads)
{
        _free_ char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size), *shell;

        ck_assert(completion_print(to, shells[_i][0]));
        fclose(to);
        ck_assert_ptr_nonnull(strstr(text, "execution list"));
        ck_assert_ptr_nonnull(strstr(text, "status"));
        shell = popen(shells[_i][1], "w");
        ck_assert_ptr_nonnull(shell);
        fputs(text, shell);
        ck_assert_int_eq(pclose(shell), 0);
}
END_TEST

int main(void)
{
        unsetenv("KANAME_URL");
        unsetenv("KANAME_TOKEN");
        setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
        return SUITE("cli/parse", ONCE(usage_mistakes_exit_2_and_name_the_cure),
                     ONCE(overview_is_less_than_40_lines_of_80_columns),
                     ONCE(every_row_of_the_table_is_whole), ONCE(help_is_there_for_every_verb),
                     ONCE(options_stand_anywhere), ONCE(pairs_become_json),
                     ONCE(pairs_that_are_none_are_refused), ONCE(a_key_again_makes_a_list),
                     ONCE(text_takes_the_declared_type), ONCE(durations),
                     EACH(completion_is_a_script_that_its_shell_reads, shells));
}
