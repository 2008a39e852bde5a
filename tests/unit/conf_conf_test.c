/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mistakes lie in tests/unit/conf: each file says in "# expect: " lines what must be told about
 * it, no more and no less, paths being relative to that folder.
 */

#include "conf/conf.h"

#include "base/cleanup.h"
#include "base/fault.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/kaname-conf-XXXXXX";
static struct conf *conf;
static struct text problems = TEXT_INIT;

static void setup(void)
{
        ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
        char command[64];

        conf = conf_free(conf);
        text_deinit(&problems);
        snprintf(command, sizeof command, "rm -rf %s", dir);
        ck_assert_int_eq(system(command), 0);
}

static const char *put(const char *name, const char *content)
{
        static char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", dir, name);
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(content, file), 0);
        ck_assert_int_eq(fclose(file), 0);
        return path;
}

static int load(const char *content)
{
        return conf_load(put("kanamed.conf", content), NULL, &conf, &problems);
}

/* ---- mistakes ---- */

static void add_expected(const char *path, struct text *out)
{
        char line[512];
        FILE *file = fopen(path, "r");

        ck_assert_ptr_nonnull(file);
        while (fgets(line, sizeof line, file))
                if (text_starts_with(line, "# expect: "))
                        text_add(out, line + strlen("# expect: "));
        fclose(file);
}

/* What is told about each names the whole path; the expectation starts below the folder. */
static char *without(const char *folder, const char *text)
{
        _text_ struct text out = TEXT_INIT;

        while (*text) {
                if (text_starts_with(text, folder))
                        text += strlen(folder);
                text_add_bytes(&out, text++, 1);
        }
        return text_take(&out);
}

static void check_mistake(const char *folder, const char *path)
{
        _text_ struct text expected = TEXT_INIT, told = TEXT_INIT;
        _free_ char *relative = NULL;

        add_expected(path, &expected);
        ck_assert_msg(expected.s, "%s expects nothing", path);
        ck_assert_msg(conf_load(path, NULL, &conf, &told) == FAULT, "%s is taken", path);
        ck_assert_ptr_null(conf);
        relative = without(folder, told.s);
        ck_assert_msg(strcmp(relative, expected.s) == 0, "%s:\ntold\n%sexpected\n%s", path,
                      relative, expected.s);
}

START_TEST(each_mistake_is_told_in_one_line)
{
        static const char *const patterns[] = { "*.conf", "*/kanamed.conf" };
        char folder[512], pattern[600];
        size_t n = 0;

        snprintf(folder, sizeof folder, "%s/tests/unit/conf/", getenv("TOP_SRCDIR"));
        for (size_t i = 0; i < 2; i++) {
                glob_t found;

                snprintf(pattern, sizeof pattern, "%s%s", folder, patterns[i]);
                ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
                for (size_t j = 0; j < found.gl_pathc; j++, n++)
                        check_mistake(folder, found.gl_pathv[j]);
                globfree(&found);
        }
        ck_assert_uint_ge(n, 50);
}
END_TEST

START_TEST(a_missing_or_odd_file_is_told)
{
        char path[128];

        snprintf(path, sizeof path, "%s/none.conf", dir);
        ck_assert_int_eq(conf_load(path, NULL, &conf, &problems), FAULT);
        ck_assert_ptr_nonnull(strstr(problems.s, "none.conf: error: cannot be read: No such file"));
        ck_assert_int_eq(conf_load(dir, NULL, &conf, &problems), FAULT);
        ck_assert_ptr_nonnull(strstr(problems.s, "Is a directory"));
        ck_assert_int_eq(conf_load("/dev/zero", NULL, &conf, &problems), FAULT);
        ck_assert_ptr_nonnull(strstr(problems.s, "/dev/zero: error: cannot be read"));
}
END_TEST

START_TEST(a_huge_file_is_refused)
{
        const char *path = put("huge.conf", "x");

        ck_assert_int_eq(truncate(path, 2 << 20), 0);
        ck_assert_int_eq(conf_load(path, NULL, &conf, &problems), FAULT);
        ck_assert_ptr_nonnull(strstr(problems.s, "huge.conf: error: larger than 1048576 bytes"));
}
END_TEST

/* ---- values ---- */

START_TEST(nothing_at_all_gives_the_defaults)
{
        ck_assert_int_eq(load(""), 0);
        ck_assert_str_eq(conf->listen[0], "127.0.0.1:8470");
        ck_assert(text_starts_with(conf->listen[1], "unix:/"));
        ck_assert_ptr_null(conf->listen[2]);
        ck_assert_str_eq(conf->state_dir, KN_STATEDIR);
        ck_assert_int_eq(conf->running_max, 64);
        ck_assert_int_eq(conf->limit_body, 1 << 20);
        ck_assert_int_eq(conf->limit_output, 256 << 20);
        ck_assert_str_eq(conf->log_level, "info");
        ck_assert_str_eq(conf->default_home, "auto");
        ck_assert_ptr_null(conf->tls_cert);
        ck_assert_ptr_null(conf->hub_name);
        ck_assert(!conf->insecure);
        ck_assert_uint_eq(json_array_size(conf->instances), 0);
        ck_assert_ptr_null(problems.s);
}
END_TEST

START_TEST(values_are_read)
{
        ck_assert_int_eq(load("running_max = 0x10\n"
                              "limits: { body = \"2 MiB\", output = 5000000000; result = 4096L; }\n"
                              "insecure = true; listen = \"0.0.0.0:80\"; hub_name = \"a-1\";\n"
                              "plugin_path = ( \"/a\", \"b\" ); /* x\n*/\n"
                              "log = { level = \"debug\" }\n"
                              "// 99999999999999999999 \"\n"
                              "cors_origins = [ \"https://a // b # c\" ];"), 0);
        ck_assert_int_eq(conf->running_max, 16);
        ck_assert_int_eq(conf->limit_body, 2 << 20);
        ck_assert_int_eq(conf->limit_output, 5000000000);
        ck_assert_int_eq(conf->limit_result, 4096);
        ck_assert(conf->insecure);
        ck_assert_str_eq(conf->listen[0], "0.0.0.0:80");
        ck_assert_ptr_null(conf->listen[1]);
        ck_assert_str_eq(conf->hub_name, "a-1");
        ck_assert_str_eq(conf->plugin_path[0], "/a");
        ck_assert(text_starts_with(conf->plugin_path[1], dir));
        ck_assert(text_ends_with(conf->plugin_path[1], "/b"));
        ck_assert_str_eq(conf->cors_origins[0], "https://a // b # c");
        ck_assert_str_eq(conf->log_level, "debug");
}
END_TEST

START_TEST(instances_become_definitions)
{
        char *expected = NULL;
        _free_ char *got = NULL;

        ck_assert_int_eq(load("instances = (\n"
                              " { name = \"corp-dns\"; plugin = \"rfc2136\"; home = \"host\";\n"
                              "   scope = \"example.com\"; egress = [ \"127.0.0.1:53\" ];\n"
                              "   config = { key = { secret = \"tsig\"; };\n"
                              "              n = 8589934592; t = true;\n"
                              "              list = ( 1, \"a\", 1.5 ); }; },\n"
                              " { name = \"b\"; plugin = \"p\"; }\n);\n"), 0);
        got = json_dumps(conf->instances, JSON_COMPACT | JSON_SORT_KEYS);
        ck_assert_int_ge(asprintf(&expected,
                "[{\"config\":{\"key\":{\"secret\":\"tsig\"},\"list\":[1,\"a\",1.5],"
                "\"n\":8589934592,\"t\":true},\"egress\":[\"127.0.0.1:53\"],\"home\":\"host\","
                "\"name\":\"corp-dns\",\"origin\":\"%s/kanamed.conf:2\",\"plugin\":\"rfc2136\","
                "\"scope\":\"example.com\"},"
                "{\"name\":\"b\",\"origin\":\"%s/kanamed.conf:7\",\"plugin\":\"p\"}]",
                dir, dir), 0);
        ck_assert_str_eq(got, expected);
        free(expected);
}
END_TEST

START_TEST(conf_d_is_read_in_order_and_lists_append)
{
        char path[64];

        snprintf(path, sizeof path, "%s/conf.d", dir);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        put("conf.d/20.conf", "pack_path = \"/20\"; running_max = 7;");
        put("conf.d/10.conf", "pack_path = [ \"/10a\", \"/10b\" ];");
        put("conf.d/30.conf~", "this is not read");
        ck_assert_int_eq(load("pack_path = \"/first\";"), 0);
        ck_assert_str_eq(conf->pack_path[0], "/first");
        ck_assert_str_eq(conf->pack_path[1], "/10a");
        ck_assert_str_eq(conf->pack_path[2], "/10b");
        ck_assert_str_eq(conf->pack_path[3], "/20");
        ck_assert_ptr_null(conf->pack_path[4]);
        ck_assert_int_eq(conf->running_max, 7);
}
END_TEST

START_TEST(the_command_line_replaces)
{
        _json_ json_t *overrides = json_pack("{s:s, s:[s]}", "state_dir", "/elsewhere",
                                             "listen", "127.0.0.1:0");
        const char *path = put("kanamed.conf", "state_dir = \"/a\"; listen = \"127.0.0.1:1\";");
        _text_ struct text out = TEXT_INIT;

        ck_assert_int_eq(conf_load(path, overrides, &conf, &problems), 0);
        ck_assert_str_eq(conf->state_dir, "/elsewhere");
        ck_assert_str_eq(conf->listen[0], "127.0.0.1:0");
        ck_assert_ptr_null(conf->listen[1]);
        conf_print(conf, &out);
        ck_assert_ptr_nonnull(strstr(out.s, "# command line\n"));
}
END_TEST

/* What is printed is a configuration: it must read back as the same one. */
START_TEST(what_is_printed_reads_back)
{
        _text_ struct text first = TEXT_INIT, second = TEXT_INIT;
        json_t *values;

        ck_assert_int_eq(load("log = { level = \"notice\"; };\n"
                              "listen = ( \"127.0.0.1:0\", \"[::1]:0\" );\n"
                              "instances = ( { name = \"a\"; plugin = \"b\";\n"
                              "  scope = \"x\\\"y\\\\z\\n\";\n"
                              "  config = { r = 2.0; e = 1e40; neg = -3; none = (); g = {}; };\n"
                              "} );"), 0);
        conf_print(conf, &first);
        values = json_incref(conf->values);
        json_object_del(json_array_get(json_object_get(values, "instances"), 0), "origin");
        conf = conf_free(conf);
        ck_assert_int_eq(load(first.s), 0);
        json_object_del(json_array_get(conf->instances, 0), "origin");
        ck_assert(json_equal(values, conf->values));
        conf_print(conf, &second);
        ck_assert_ptr_nonnull(strstr(second.s, "level = \"notice\";"));
        json_decref(values);
}
END_TEST

int main(void)
{
        return SUITE_WITH("conf", setup, teardown, ONCE(each_mistake_is_told_in_one_line),
                          ONCE(a_missing_or_odd_file_is_told), ONCE(a_huge_file_is_refused),
                          ONCE(nothing_at_all_gives_the_defaults), ONCE(values_are_read),
                          ONCE(instances_become_definitions),
                          ONCE(conf_d_is_read_in_order_and_lists_append),
                          ONCE(the_command_line_replaces), ONCE(what_is_printed_reads_back));
}
