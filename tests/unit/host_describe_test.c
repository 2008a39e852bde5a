/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is refused and with which words; what is understood though it was built with another header.
 */

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "host/host.h"
#include "host/module.h"
#include "suite.h"

#include <elf.h>
#include <kaname/mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static const char *build_dir(void)
{
        const char *build = getenv("TOP_BUILDDIR");

        return build ? build : ".";
}

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/kaname-describe-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
        char command[128];

        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        ck_assert_int_eq(system(command), 0);
}

static int describe(const char *path, struct manifest **ret, struct fault *fault)
{
        char program[4096];

        snprintf(program, sizeof program, "%s/kaname-host", build_dir());
        return host_describe(program, dir, path, ret, fault);
}

struct refusal {
        const char *object, *code, *says;
};

static const struct refusal refusals[] = {
        { "magic.so", "plugin.magic", "magic: wanted 0x4b4e414d, found 0x12345678" },
        { "major.so", "plugin.abi", "abi: wanted 1.x, found 7.1" },
        { "needs.so", "plugin.needs", "needs: wanted at most 1.0, found 1.99" },
        { "schema.so", "plugin.schema", "do.params: wanted a JSON object" },
        { "size.so", "plugin.size", "size: wanted " },
        { "stride.so", "plugin.size", "action_size: wanted " },
        { "rows.so", "plugin.size", "n_actions: wanted at most" },
        { "name.so", "plugin.name", "name: wanted a word" },
        { "domains.so", "plugin.name", "domain: wanted words" },
        { "twice.so", "plugin.name", "twice the same" },
        { "no_run.so", "plugin.size", "do: wanted a function in run" },
        { "no_symbol.dso", "plugin.symbol", "has no symbol kaname_plugin" },
        { "crash.so", "plugin.crashed", "signal 6" },
        { "slow.so", "plugin.slow", "more than 5 s" },
};

START_TEST(bad_objects_are_refused)
{
        const struct refusal *wanted = &refusals[_i];
        _fault_ struct fault fault = FAULT_INIT;
        struct manifest *manifest = NULL;
        char path[4096];

        snprintf(path, sizeof path, "%s/tests/abi/%s", build_dir(), wanted->object);
        ck_assert_int_eq(describe(path, &manifest, &fault), FAULT);
        ck_assert_str_eq(fault.code, wanted->code);
        ck_assert_int_eq(fault.status, 422);
        ck_assert_msg(strstr(fault.what, wanted->says), "%s", fault.what);
        ck_assert_msg(strstr(fault.what, path), "%s", fault.what);
        ck_assert_ptr_null(manifest);
}
END_TEST

static void write_object(const char *path, const Elf64_Ehdr *head, size_t len)
{
        FILE *file = fopen(path, "w");

        ck_assert_uint_eq(fwrite(head, 1, len, file), len);
        ck_assert_int_eq(fclose(file), 0);
}

START_TEST(what_is_no_object)
{
        Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                            .e_type = ET_DYN, .e_machine = EM_68K };
        _fault_ struct fault fault = FAULT_INIT;
        struct manifest *manifest = NULL;
        char path[128];

        snprintf(path, sizeof path, "%s/x.so", dir);
        ck_assert_int_eq(describe(path, &manifest, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        write_object(path, &head, sizeof head);
        ck_assert_int_eq(describe(path, &manifest, &fault), FAULT);
        ck_assert_str_eq(fault.code, "plugin.machine");
        head.e_type = ET_EXEC;
        write_object(path, &head, sizeof head);
        ck_assert_int_eq(describe(path, &manifest, &fault), FAULT);
        ck_assert_str_eq(fault.code, "plugin.not-elf");
        ck_assert_ptr_nonnull(strstr(fault.what, "found an ELF file of another type"));
        write_object(path, &head, 3);
        ck_assert_int_eq(describe(path, &manifest, &fault), FAULT);
        ck_assert_str_eq(fault.code, "plugin.not-elf");
}
END_TEST

/*
 * The second answer comes from what was kept; another file under the same name is another plugin.
 */
START_TEST(answers_are_kept)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct manifest *first = NULL, *second = NULL;
        char path[4096], kept[256];
        struct stat before, after;

        snprintf(path, sizeof path, "%s/examples/hello/hello.so", build_dir());
        ck_assert_int_eq(describe(path, &first, &fault), 0);
        ck_assert_str_eq(first->name, "hello");
        ck_assert_uint_eq(strlen(first->hash), 64);
        snprintf(kept, sizeof kept, "%s/plugins/%s.so", dir, first->hash);
        ck_assert_str_eq(first->path, kept);
        ck_assert_int_eq(stat(kept, &before), 0);
        ck_assert_int_eq(describe(path, &second, &fault), 0);
        ck_assert_str_eq(first->hash, second->hash);
        ck_assert_int_eq(stat(kept, &after), 0);
        ck_assert_uint_eq(before.st_ino, after.st_ino);
        manifest_unref(first);
        manifest_unref(second);
}
END_TEST

/* ---- of another age ---- */

START_TEST(older_and_newer_objects_run)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct manifest *manifest = NULL;
        struct kn_mock *mock;
        char path[4096];

        snprintf(path, sizeof path, "%s/tests/abi/%s.so", build_dir(), _i ? "newer" : "older");
        ck_assert_msg(describe(path, &manifest, &fault) == 0, "%s", fault.what);
        ck_assert_uint_eq(manifest->n_actions, 2);
        ck_assert_str_eq(manifest->actions[1].name, "again");
        ck_assert_uint_eq(manifest->n_sensors, 0);
        mock = kn_mock_open(path);
        ck_assert_int_eq(kn_mock_run(mock, "again", NULL), KN_OK);
        ck_assert_str_eq(kn_mock_result(mock), "{\"said\":\"it works\"}");
        kn_mock_free(mock);
        manifest_unref(manifest);
}
END_TEST

/*
 * A table that is longer than the plugin's header is what every later hub has; a shorter one, an
 * older hub.
 */
START_TEST(tables_may_be_shorter)
{
        struct kn_mock *mock;
        char path[4096];

        snprintf(path, sizeof path, "%s/tests/unit/plugins/probe.so", build_dir());
        mock = kn_mock_open(path);
        kn_mock_doors(mock, offsetof(struct kn_host, wait));
        ck_assert_int_eq(kn_mock_run(mock, "sleep", "{\"ms\": 60000}"), KN_EUNSUPPORTED);
        kn_mock_doors(mock, offsetof(struct kn_host, change));
        ck_assert_int_eq(kn_mock_run(mock, "change", NULL), KN_EUNSUPPORTED);
        kn_mock_doors(mock, offsetof(struct kn_host, emit));
        ck_assert_int_eq(kn_mock_run(mock, "emit", NULL), KN_EUNSUPPORTED);
        kn_mock_doors(mock, 0);
        ck_assert_int_eq(kn_mock_run(mock, "emit", NULL), KN_OK);
        kn_mock_free(mock);
}
END_TEST

/* The layout that objects are built with: a change here is a change of the ABI. */
START_TEST(layout_is_what_it_was)
{
        ck_assert_uint_eq(offsetof(struct kn_plugin, magic), 0);
        ck_assert_uint_eq(offsetof(struct kn_plugin, abi), 4);
        ck_assert_uint_eq(offsetof(struct kn_plugin, size), 8);
        ck_assert_uint_eq(sizeof(struct kn_value), 40);
        if (sizeof(void *) != 8)
                return;
        ck_assert_uint_eq(sizeof(struct kn_plugin), 144);
        ck_assert_uint_eq(sizeof(struct kn_action), 48);
        ck_assert_uint_eq(sizeof(struct kn_trigger), 24);
        ck_assert_uint_eq(sizeof(struct kn_sensor), 40);
        ck_assert_uint_eq(sizeof(struct kn_host), 104);
        ck_assert_uint_eq(sizeof(struct kn_http), 88);
        ck_assert_uint_eq(sizeof(struct kn_event), 48);
        ck_assert_uint_eq(sizeof(struct kn_change), 48);
}
END_TEST

int main(void)
{
        return SUITE_WITH("host/describe", setup, teardown, EACH(bad_objects_are_refused, refusals),
                          ONCE(what_is_no_object), ONCE(answers_are_kept),
                          TIMES(older_and_newer_objects_run, 2), ONCE(tables_may_be_shorter),
                          ONCE(layout_is_what_it_was));
}
