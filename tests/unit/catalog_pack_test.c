/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs as archives and as folders. They are built here with libarchive directly where they must be
 * wrong in a way that pack_build() refuses.
 */
#include "catalog_pack_fixture.h"

#include "base/hash.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>

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
                          ONCE(a_folder_is_held_to_the_same_rules));
}
