/* SPDX-License-Identifier: Apache-2.0 */

/* The versions of a pack that are installed: one in force, one to go back to, the rest swept. */

#include "catalog_pack_fixture.h"

static void install(const char *version, const char *content)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *where = NULL;
        _json_ json_t *meta = NULL;
        char text[128];

        snprintf(text, sizeof text, "name: demo\nversion: %s\n", version);
        write_file(folder, "pack.yaml", text);
        write_file(folder, "content", content);
        ck_assert_msg(pack_unpack(state, -1, folder, &meta, &where, &fault) == 0, "%s", fault.what);
}

static int keep_dir(void *arg, const char *name, const char *where)
{
        char **ret = arg;

        ck_assert_str_eq(name, "demo");
        free(*ret);
        *ret = strdup(where);
        return 0;
}

static void expect_active(const char *version)
{
        _free_ char *where = NULL;

        ck_assert_int_eq(pack_each_active(state, keep_dir, &where), 0);
        if (!version) {
                ck_assert_ptr_null(where);
                return;
        }
        ck_assert_ptr_nonnull(where);
        ck_assert_str_eq(strrchr(where, '/') + 1, version);
}

START_TEST(versions_follow_each_other_and_back)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *previous = NULL;

        expect_active(NULL);
        install("1.0.0", "a");
        expect_active(NULL);
        ck_assert_int_eq(pack_activate(state, "demo", "1.0.0", &fault), 0);
        expect_active("1.0.0");
        ck_assert_int_eq(pack_previous(state, "demo", &previous, &fault), FAULT);
        ck_assert_int_eq(fault.status, 409);
        install("2.0.0", "b");
        expect_active("1.0.0");
        ck_assert_int_eq(pack_activate(state, "demo", "2.0.0", &fault), 0);
        ck_assert_int_eq(pack_activate(state, "demo", "2.0.0", &fault), 0);
        expect_active("2.0.0");
        ck_assert_int_eq(pack_previous(state, "demo", &previous, &fault), 0);
        ck_assert_str_eq(previous, "1.0.0");
        ck_assert_int_eq(pack_activate(state, "demo", previous, &fault), 0);
        expect_active("1.0.0");
        /* 1.0.0 does not follow the version that it was put back from. */
        free(previous);
        previous = NULL;
        ck_assert_int_eq(pack_previous(state, "demo", &previous, &fault), FAULT);
        ck_assert_int_eq(pack_deactivate(state, "demo", &fault), 0);
        expect_active(NULL);
        ck_assert_int_eq(pack_deactivate(state, "demo", &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
}
END_TEST

START_TEST(what_is_not_installed_cannot_be_active)
{
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(pack_activate(state, "demo", "1.0.0", &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
        install("1.0.0", "a");
        ck_assert_int_eq(pack_activate(state, "demo", "9.0.0", &fault), FAULT);
        ck_assert_int_eq(pack_activate(state, "demo", "../demo/1.0.0", &fault), FAULT);
        ck_assert_int_eq(pack_activate(state, "../packs/demo", "1.0.0", &fault), FAULT);
        expect_active(NULL);
}
END_TEST

START_TEST(an_active_version_keeps_its_content)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *where = NULL, *content = NULL;
        _json_ json_t *meta = NULL;

        install("1.0.0", "a");
        install("1.0.0", "b");          /* not active yet: replaced */
        ck_assert_int_eq(pack_activate(state, "demo", "1.0.0", NULL), 0);
        install("1.0.0", "b");          /* the same again */
        write_file(folder, "content", "c");
        ck_assert_int_eq(pack_unpack(state, -1, folder, &meta, &where, &fault), FAULT);
        ck_assert_int_eq(fault.status, 409);
        ck_assert_str_eq(fault.code, "pack.version-taken");
        content = read_text(state, "packs/demo/1.0.0/content");
        ck_assert_str_eq(content, "b");
}
END_TEST

START_TEST(pruning_leaves_what_is_active_and_what_is_kept)
{
        char *gone, *there;

        install("1.0.0", "a");
        install("2.0.0", "b");
        install("3.0.0", "c");
        ck_assert_int_eq(pack_activate(state, "demo", "3.0.0", NULL), 0);
        ck_assert_int_eq(pack_prune(state, "demo", "2.0.0", NULL), 0);
        gone = read_text(state, "packs/demo/1.0.0/content");
        ck_assert_ptr_null(gone);
        there = read_text(state, "packs/demo/2.0.0/content");
        ck_assert_str_eq(there, "b");
        free(there);
        expect_active("3.0.0");
        ck_assert_int_eq(pack_deactivate(state, "demo", NULL), 0);
        ck_assert_int_eq(pack_prune(state, "demo", NULL, NULL), 0);
        ck_assert(is_empty_state());
}
END_TEST

static bool is_1_1(void *arg, const char *name, const char *version)
{
        (void)arg;
        return strcmp(name, "demo") == 0 && strcmp(version, "1.1.0") == 0;
}

static bool is_none(void *arg, const char *name, const char *version)
{
        (void)arg, (void)name, (void)version;
        return false;
}

static bool is_there(const char *version)
{
        char path[160];

        snprintf(path, sizeof path, "%s/packs/demo/%s", state, version);
        return access(path, F_OK) == 0;
}

START_TEST(a_sweep_leaves_what_somebody_needs)
{
        static const char *const versions[] = { "1.0.0", "1.1.0", "2.0.0", "3.0.0" };
        _free_ char *previous = NULL;

        ck_assert_int_eq(pack_sweep(state, is_none, NULL, NULL), 0);
        for (size_t i = 0; i < 4; i++) {
                install(versions[i], versions[i]);
                ck_assert_int_eq(pack_activate(state, "demo", versions[i], NULL), 0);
        }
        ck_assert_int_eq(pack_sweep(state, is_1_1, NULL, NULL), 0);
        ck_assert(!is_there("1.0.0") && is_there("1.1.0") && is_there("2.0.0"));
        expect_active("3.0.0");
        ck_assert_int_eq(pack_sweep(state, is_none, NULL, NULL), 0);
        ck_assert(!is_there("1.1.0") && is_there("2.0.0") && is_there("3.0.0"));
        ck_assert_int_eq(pack_previous(state, "demo", &previous, NULL), 0);
        ck_assert_str_eq(previous, "2.0.0");
        ck_assert_int_eq(pack_deactivate(state, "demo", NULL), 0);
        ck_assert_int_eq(pack_sweep(state, is_none, NULL, NULL), 0);
        ck_assert(!is_there("3.0.0"));
}
END_TEST

START_TEST(what_a_crash_left_is_swept)
{
        char path[160];
        struct stat st;

        install("1.0.0", "a");
        snprintf(path, sizeof path, "%s/packs/.unpack-crash", state);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        write_file(path, "half", "x");
        install("2.0.0", "b");
        ck_assert_int_lt(stat(path, &st), 0);
}
END_TEST

int main(void)
{
        return SUITE_WITH("catalog/versions", setup, teardown,
                          ONCE(versions_follow_each_other_and_back),
                          ONCE(what_is_not_installed_cannot_be_active),
                          ONCE(an_active_version_keeps_its_content),
                          ONCE(pruning_leaves_what_is_active_and_what_is_kept),
                          ONCE(a_sweep_leaves_what_somebody_needs),
                          ONCE(what_a_crash_left_is_swept));
}
