/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs are built here with libarchive directly where they must be wrong in a way that pack_build()
 * refuses.
 */
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/pack.h"
#include "catalog/tree.h"
#include "suite.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[64], state[128], folder[128];

static const char meta_text[] = "name: demo\nversion: 1.0.0\n";

static void write_file(const char *root, const char *path, const char *text)
{
        char whole[512];
        FILE *file;

        snprintf(whole, sizeof whole, "%s/%s", root, path);
        unlink(whole);
        if (strchr(path, '/')) {
                *strrchr(whole, '/') = '\0';
                mkdir(whole, 0755);
                snprintf(whole, sizeof whole, "%s/%s", root, path);
        }
        file = fopen(whole, "w");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        fclose(file);
}

static char *read_text(const char *root, const char *path)
{
        char whole[512], text[4096];
        size_t n;
        FILE *file;

        snprintf(whole, sizeof whole, "%s/%s", root, path);
        file = fopen(whole, "r");
        if (!file)
                return NULL;
        n = fread(text, 1, sizeof text - 1, file);
        text[n] = '\0';
        fclose(file);
        return strdup(text);
}

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/catalog-pack-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(state, sizeof state, "%s/state", dir);
        snprintf(folder, sizeof folder, "%s/demo", dir);
        ck_assert_int_eq(mkdir(state, 0755), 0);
        ck_assert_int_eq(mkdir(folder, 0755), 0);
        write_file(folder, "pack.yaml", meta_text);
        write_file(folder, "rules/a.yaml", "name: a\n");
}

static void teardown(void)
{
        tree_remove(dir);
}

/* ---- archives, right and wrong ---- */

struct member {
        const char *path, *text, *link;
        mode_t type;            /* 0: AE_IFREG */
        bool is_hard;
};

static void put_member(struct archive *archive, const struct member *member)
{
        struct archive_entry *entry = archive_entry_new();
        size_t len = member->text ? strlen(member->text) : 0;

        archive_entry_set_pathname(entry, member->path);
        archive_entry_set_filetype(entry, member->type ? member->type : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)len);
        if (member->link && member->is_hard)
                archive_entry_set_hardlink(entry, member->link);
        else if (member->link)
                archive_entry_set_symlink(entry, member->link);
        ck_assert_int_eq(archive_write_header(archive, entry), ARCHIVE_OK);
        if (len)
                ck_assert_int_eq(archive_write_data(archive, member->text, len), (la_ssize_t)len);
        archive_entry_free(entry);
}

/* An archive of pack.yaml, the given members, and CHECKSUMS unless one of them is it. */
static int make_archive(const struct member *members, size_t n, const char *checksums)
{
        struct archive *archive = archive_write_new();
        char path[128];
        int fd;

        snprintf(path, sizeof path, "%s/made.kpack", dir);
        ck_assert_int_eq(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
        ck_assert_int_eq(archive_write_add_filter_zstd(archive), ARCHIVE_OK);
        ck_assert_int_eq(archive_write_open_filename(archive, path), ARCHIVE_OK);
        for (size_t i = 0; i < n; i++)
                put_member(archive, &members[i]);
        if (checksums)
                put_member(archive, &(struct member){ .path = "CHECKSUMS", .text = checksums });
        ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
        archive_write_free(archive);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        return fd;
}

static char *checksum_lines(const struct member *members, size_t n)
{
        _text_ struct text text = TEXT_INIT;
        char hash[HASH_TEXT_SIZE];
        uint8_t bytes[HASH_SIZE];

        for (size_t i = 0; i < n; i++) {
                if (!members[i].text || members[i].type)
                        continue;
                hash_bytes(members[i].text, strlen(members[i].text), bytes);
                text_addf(&text, "%s  %s\n", hash_text(bytes, hash), members[i].path);
        }
        return text_take(&text);
}

static bool is_empty_state(void)
{
        char path[160];
        struct stat st;

        snprintf(path, sizeof path, "%s/packs/demo", state);
        return stat(path, &st) < 0;
}

/* Unpacking must be refused with this code, and must leave nothing behind. */
static void refuse_fd(int archive_fd, const char *code, const char *says)
{
        _fault_ struct fault fault = FAULT_INIT;
        _close_ int fd = archive_fd;
        json_t *meta = NULL;
        char *where = NULL;

        ck_assert_int_eq(pack_unpack(state, fd, NULL, &meta, &where, &fault), FAULT);
        ck_assert_str_eq(fault.code, code);
        ck_assert_msg(strstr(fault.what, says), "'%s' does not say '%s'", fault.what, says);
        ck_assert_msg(!strstr(fault.what, ".unpack-"), "'%s' names our hidden folder", fault.what);
        ck_assert_ptr_null(meta);
        ck_assert_ptr_null(where);
        ck_assert(is_empty_state());
}

static void refuse(const struct member *extra, const char *code, const char *says)
{
        struct member members[2] = { { .path = "pack.yaml", .text = meta_text }, *extra };
        _free_ char *sums = checksum_lines(members, 2);

        refuse_fd(make_archive(members, 2, sums), code, says);
}

START_TEST(a_folder_becomes_an_archive_and_a_folder_again)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *path = NULL, *where = NULL, *rule = NULL, *wanted = NULL;
        _json_ json_t *meta = NULL;

        write_file(folder, "plugins/x.so", "not really\n");
        write_file(folder, ".git", "hidden\n");
        chmod(folder, 0755);
        ck_assert_int_eq(pack_build(folder, dir, &path, &fault), 0);
        ck_assert(text_ends_with(path, "/demo-1.0.0.kpack"));
        _close_ int fd = open(path, O_RDONLY);

        ck_assert_int_eq(pack_unpack(state, fd, NULL, &meta, &where, &fault), 0);
        ck_assert_int_ge(asprintf(&wanted, "%s/packs/demo/1.0.0", state), 0);
        ck_assert_str_eq(where, wanted);
        ck_assert_str_eq(json_text_of(meta, "ref", ""), "demo");
        rule = read_text(where, "rules/a.yaml");
        ck_assert_str_eq(rule, "name: a\n");
        ck_assert_ptr_null(read_text(where, ".git"));
}
END_TEST

START_TEST(building_is_reproducible)
{
        _free_ char *one = NULL, *other = NULL;
        char out[2][128], copy[128];
        uint8_t a[HASH_SIZE], b[HASH_SIZE];
        struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };

        for (int i = 0; i < 2; i++) {
                snprintf(out[i], sizeof out[i], "%s/out%d", dir, i);
                mkdir(out[i], 0755);
        }
        /* the same files made in another order, at another time, by another umask */
        snprintf(copy, sizeof copy, "%s/copy", dir);
        umask(077);
        mkdir(copy, 0700);
        write_file(copy, "rules/a.yaml", "name: a\n");
        write_file(copy, "pack.yaml", meta_text);
        ck_assert_int_eq(utimensat(AT_FDCWD, copy, past, 0), 0);
        ck_assert_int_eq(pack_build(folder, out[0], &one, NULL), 0);
        ck_assert_int_eq(pack_build(copy, out[1], &other, NULL), 0);
        _close_ int x = open(one, O_RDONLY), y = open(other, O_RDONLY);

        ck_assert_int_eq(hash_fd(x, a), 0);
        ck_assert_int_eq(hash_fd(y, b), 0);
        ck_assert_mem_eq(a, b, HASH_SIZE);
}
END_TEST

START_TEST(paths_that_lead_elsewhere_are_refused)
{
        refuse(&(struct member){ "/etc/passwd", "x", NULL, 0, false }, "pack.path", "absolute");
        refuse(&(struct member){ "../up", "x", NULL, 0, false }, "pack.path", "../up");
        refuse(&(struct member){ "rules/../../up", "x", NULL, 0, false }, "pack.path", "dot");
        refuse(&(struct member){ "rules//twice", "x", NULL, 0, false }, "pack.path", "empty");
        refuse(&(struct member){ "back\\slash", "x", NULL, 0, false }, "pack.path", "ASCII");
        refuse(&(struct member){ "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "x", NULL, 0, false },
               "pack.path", "deep");
        refuse(&(struct member){ ".hidden", "x", NULL, 0, false }, "pack.path", "dot");
        refuse(&(struct member){ "../folder", NULL, NULL, AE_IFDIR, false }, "pack.path",
               "../folder");
}
END_TEST

START_TEST(links_and_devices_are_refused)
{
        refuse(&(struct member){ "link", NULL, "/etc/passwd", AE_IFLNK, false }, "pack.link",
               "'link' is a link");
        refuse(&(struct member){ "hard", NULL, "pack.yaml", 0, true }, "pack.link",
               "'hard' is a link");
        refuse(&(struct member){ "pipe", NULL, NULL, AE_IFIFO, false }, "pack.special", "neither");
        refuse(&(struct member){ "tty", NULL, NULL, AE_IFCHR, false }, "pack.special", "neither");
        refuse(&(struct member){ "disk", NULL, NULL, AE_IFBLK, false }, "pack.special", "neither");
}
END_TEST

START_TEST(a_file_named_twice_is_refused)
{
        refuse(&(struct member){ "pack.yaml", "name: other\n", NULL, 0, false },
               "pack.duplicate-file", "twice");
        refuse(&(struct member){ "pack.yaml/below", "x", NULL, 0, false }, "pack.duplicate-file",
               "twice");
}
END_TEST

START_TEST(too_many_files_are_refused)
{
        size_t n = TREE_FILES_MAX + 1;
        struct member *members = calloc(n, sizeof *members);

        for (size_t i = 0; i < n; i++)          /* folders count too, and cost nothing here */
                members[i] = (struct member){ .path = "folder", .type = AE_IFDIR };
        refuse_fd(make_archive(members, n, NULL), "pack.too-many", "10000");
        free(members);
}
END_TEST

START_TEST(a_bomb_is_stopped_while_it_unpacks)
{
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(tree_check_size(1, TREE_BYTES_MAX, &fault), 0);
        ck_assert_int_eq(tree_check_size(1, TREE_BYTES_MAX + 1, &fault), FAULT);
        ck_assert_int_eq(fault.status, 413);
        ck_assert_str_eq(fault.code, "pack.too-big");
}
END_TEST

START_TEST(checksums_must_say_exactly_what_is_there)
{
        static const struct member members[] = {
                { .path = "pack.yaml", .text = meta_text },
                { .path = "rules/a.yaml", .text = "name: a\n" },
        };
        _free_ char *sums = checksum_lines(members, 2), *first = checksum_lines(members, 1);
        _free_ char *more = NULL, *upper = strdup(sums), *doubled = NULL;

        refuse_fd(make_archive(members, 2, NULL), "pack.checksum", "no CHECKSUMS");
        refuse_fd(make_archive(members, 2, first), "pack.checksum", "does not name 'rules/a.yaml'");
        ck_assert_int_ge(asprintf(&more, "%s%.64s  gone\n", sums, sums), 0);
        refuse_fd(make_archive(members, 2, more), "pack.checksum", "'gone', which is not there");
        ck_assert_int_ge(asprintf(&doubled, "%s%s", sums, first), 0);
        refuse_fd(make_archive(members, 2, doubled), "pack.checksum",
                  "CHECKSUMS:3: it names 'pack.yaml' twice");
        sums[0] = sums[0] == '0' ? '1' : '0';
        refuse_fd(make_archive(members, 2, sums), "pack.checksum", "'pack.yaml' is not what");
        upper[0] = 'Z';
        refuse_fd(make_archive(members, 2, upper), "pack.checksum", "CHECKSUMS:1");
}
END_TEST

START_TEST(what_is_no_archive_is_refused)
{
        char path[128];

        write_file(dir, "nonsense", "this is no archive at all, just a few words");
        snprintf(path, sizeof path, "%s/nonsense", dir);
        refuse_fd(open(path, O_RDONLY), "pack.archive", "cannot be read");
        write_file(dir, "empty", "");
        snprintf(path, sizeof path, "%s/empty", dir);
        refuse_fd(open(path, O_RDONLY), "pack.archive", "cannot be read");
}
END_TEST

START_TEST(a_cut_archive_is_refused)
{
        _free_ char *path = NULL;
        struct stat st;

        write_file(folder, "long", "0123456789abcdefghijklmnopqrstuvwxyz0123456789");
        ck_assert_int_eq(pack_build(folder, dir, &path, NULL), 0);
        ck_assert_int_eq(stat(path, &st), 0);
        for (off_t cut = st.st_size - 8; cut > 0; cut -= 37) {
                ck_assert_int_eq(truncate(path, cut), 0);
                refuse_fd(open(path, O_RDONLY), "pack.archive", "cannot be read");
        }
}
END_TEST

/* ---- pack.yaml ---- */

static void refuse_meta(const char *text, const char *code, const char *says)
{
        struct member member = { .path = "pack.yaml", .text = text };
        _free_ char *sums = checksum_lines(&member, 1);

        refuse_fd(make_archive(&member, 1, sums), code, says);
}

START_TEST(pack_yaml_is_checked)
{
        struct member other = { .path = "readme", .text = "x" };
        _free_ char *sums = checksum_lines(&other, 1);

        refuse_fd(make_archive(&other, 1, sums), "pack.no-meta", "pack.yaml");
        refuse_meta("name: demo\n", "pack.invalid", "version");
        refuse_meta("name: demo\nversion: 1.0.0.0\n", "pack.version",
                    "pack.yaml:2: version: '1.0.0.0'");
        refuse_meta("name: demo\nversion: 01.0.0\n", "pack.version", "01.0.0");
        refuse_meta("name: demo\nversion: ../../x\n", "pack.version", "../../x");
        refuse_meta("name: demo\nversion: 1.0.0-\n", "pack.version", "1.0.0-");
        refuse_meta("version: 1.0.0\nname: ../demo\n", "pack.invalid",
                    "pack.yaml:2: name: '../demo'");
        refuse_meta("name: active directory\nversion: 1.0.0\n", "pack.invalid", "active directory");
        refuse_meta("name: demo\nname: demo\nversion: 1.0.0\n", "yaml.syntax", "name");
        refuse_meta("- 1\n", "pack.invalid", "object");
        refuse_meta("", "pack.invalid", "pack.yaml:1: the file is empty");
}
END_TEST

START_TEST(versions_are_read_as_stackstorm_reads_them)
{
        static const char *rows[][2] = {
                { "0.4", "0.4.0" }, { "1", "1.0.0" }, { "'2.10'", "2.10.0" }, { "1.2.3", "1.2.3" },
                { "1.2.3-rc.1+b7", "1.2.3-rc.1+b7" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                _fault_ struct fault fault = FAULT_INIT;
                _json_ json_t *meta = NULL;
                char text[128];

                snprintf(text, sizeof text, "name: Some Name\nref: some_name\nversion: %s\n",
                         rows[i][0]);
                write_file(folder, "pack.yaml", text);
                ck_assert_msg(pack_read_meta(folder, &meta, &fault) == 0, "%s: %s", rows[i][0],
                              fault.what);
                ck_assert_str_eq(json_text_of(meta, "version", ""), rows[i][1]);
                ck_assert_str_eq(json_text_of(meta, "ref", ""), "some_name");
        }
}
END_TEST

/* ---- folders ---- */

START_TEST(a_folder_is_held_to_the_same_rules)
{
        char path[160];
        _free_ char *where = NULL;
        _json_ json_t *meta = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        snprintf(path, sizeof path, "%s/link", folder);
        ck_assert_int_eq(symlink("/etc/passwd", path), 0);
        ck_assert_int_eq(pack_unpack(state, -1, folder, &meta, &where, &fault), FAULT);
        ck_assert_str_eq(fault.code, "pack.link");
        ck_assert_int_eq(pack_build(folder, dir, &where, &fault), FAULT);
        ck_assert_str_eq(fault.code, "pack.link");
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        ck_assert_int_eq(pack_unpack(state, -1, folder, &meta, &where, &fault), FAULT);
        ck_assert_str_eq(fault.code, "pack.special");
        ck_assert(is_empty_state());
}
END_TEST

/* ---- versions ---- */

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

/* ---- several at once ---- */

#define JSON(...) #__VA_ARGS__

static int there(void *arg, const char *name, char **ret_version, struct fault *fault)
{
        (void)arg;
        (void)fault;
        *ret_version = strcmp(name, "there") == 0 ? strdup("1.2.0") : NULL;
        return 0;
}

static const struct {
        const char *metas, *order, *says;
} sets[] = {
        { JSON([{ "ref": "a", "version": "1.0.0" }, { "ref": "b", "version": "1.0.0" }]), "ab",
          NULL },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["b", "core"] },
                { "ref": "b", "version": "1.0.0", "dependencies": ["c>=1.0", "there"] },
                { "ref": "c", "version": "1.0.0", "dependencies": null },
                { "ref": "d", "version": "1.0.0", "dependencies": ["c"] }]), "cbad", NULL },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["there>=1.3"] }]), NULL,
          "'a' needs the pack 'there' in version >=1.3, and 1.2.0 is installed" },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["b=2.0"] },
                { "ref": "b", "version": "1.0.0" }]), NULL, "in version =2.0, and 1.0.0" },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["away"] }]), NULL,
          "'a' needs the pack 'away', which is not installed" },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": [7] }]), NULL, "names no pack" },
        { JSON([{ "ref": "a", "version": "1.0.0" }, { "ref": "a", "version": "1.1.0" }]), NULL,
          "'a' is given twice" },
        { JSON([{ "ref": "a", "version": "1.0.0" },
                { "ref": "b", "version": "1.0.0", "dependencies": ["c"] },
                { "ref": "c", "version": "1.0.0", "dependencies": ["a", "d"] },
                { "ref": "d", "version": "1.0.0", "dependencies": ["c"] }]), NULL,
          "need each other: " },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["a"] }]), NULL,
          "need each other: a → a" },
};

START_TEST(packs_given_together_find_an_order_or_none)
{
        const struct packs_there packs = { there, NULL };
        _json_ json_t *metas = json_loads(sets[_i].metas, 0, NULL);
        _fault_ struct fault fault = FAULT_INIT;
        size_t order[8];
        char names[8] = "";
        int r;

        ck_assert_ptr_nonnull(metas);
        r = packs_order(metas, &packs, order, &fault);
        ck_assert_int_eq(r, sets[_i].order ? 0 : FAULT);
        for (size_t i = 0; !r && i < json_array_size(metas); i++)
                strcat(names, json_text_of(json_array_get(metas, order[i]), "ref", ""));
        if (sets[_i].order)
                ck_assert_str_eq(names, sets[_i].order);
        else
                ck_assert_msg(strstr(fault.what, sets[_i].says), "%s", fault.what);
}
END_TEST

int main(void)
{
        return SUITE_WITH("catalog/pack", setup, teardown,
                          ONCE(a_folder_becomes_an_archive_and_a_folder_again),
                          ONCE(building_is_reproducible),
                          ONCE(paths_that_lead_elsewhere_are_refused),
                          ONCE(links_and_devices_are_refused), ONCE(a_file_named_twice_is_refused),
                          ONCE(too_many_files_are_refused),
                          ONCE(a_bomb_is_stopped_while_it_unpacks),
                          ONCE(checksums_must_say_exactly_what_is_there),
                          ONCE(what_is_no_archive_is_refused), ONCE(a_cut_archive_is_refused),
                          ONCE(pack_yaml_is_checked),
                          ONCE(versions_are_read_as_stackstorm_reads_them),
                          ONCE(a_folder_is_held_to_the_same_rules),
                          ONCE(versions_follow_each_other_and_back),
                          ONCE(what_is_not_installed_cannot_be_active),
                          ONCE(an_active_version_keeps_its_content),
                          ONCE(pruning_leaves_what_is_active_and_what_is_kept),
                          ONCE(a_sweep_leaves_what_somebody_needs),
                          ONCE(what_a_crash_left_is_swept),
                          EACH(packs_given_together_find_an_order_or_none, sets));
}
