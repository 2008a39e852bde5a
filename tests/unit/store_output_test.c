/* SPDX-License-Identifier: Apache-2.0 */
#include "store/output.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

CLEANUP_DEFINE(struct output *, output_close);

static char dir[64];
static struct id id;

static void setup(void)
{
        char path[96];

        snprintf(dir, sizeof dir, "/tmp/kn-output-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/output", dir);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        id = id_new();
}

static void teardown(void)
{
        char command[128];

        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        ck_assert_int_eq(system(command), 0);
}

static struct output *opened(uint64_t max)
{
        struct output *output = NULL;

        ck_assert_int_eq(output_open(dir, &id, max, &output), 0);
        return output;
}

static void put(struct output *output, const char *stream, const char *s)
{
        ck_assert_int_eq(output_write(output, stream, s, strlen(s)), 0);
}

/* "n stream text|" for each line. */
static int show(void *arg, const struct output_line *line)
{
        ck_assert_uint_eq(strlen(line->text), line->len);
        text_addf(arg, "%llu %c %s|", (unsigned long long)line->n, line->stream[3], line->text);
        return 0;
}

static void reads(int64_t first, size_t limit, const char *want, uint64_t want_lines)
{
        _text_ struct text text = TEXT_INIT;
        uint64_t lines = 99;

        ck_assert_int_eq(output_read(dir, &id, first, limit, show, &text, &lines, NULL), 0);
        ck_assert_str_eq(text.s ? text.s : "", want);
        ck_assert_uint_eq(lines, want_lines);
}

START_TEST(lines_are_recorded_at_their_newline)
{
        _cleanup_(output_closep) struct output *output = opened(1 << 20);

        put(output, "stdout", "one\ntw");
        reads(0, 10, "0 o one|", 1);
        put(output, "stderr", "warn\n");
        put(output, "stdout", "o\n\n");
        reads(0, 10, "0 o one|1 e warn|2 o two|3 o |", 4);
        put(output, "stdout", "rest");
        output = output_close(output);
        reads(0, 10, "0 o one|1 e warn|2 o two|3 o |4 o rest|", 5);
}
END_TEST

/* "stdout"[3] is 'o', "stderr"[3] is 'e': the test above leans on it. */
START_TEST(ranges_from_both_ends)
{
        _cleanup_(output_closep) struct output *output = opened(1 << 20);

        put(output, "stdout", "a\nb\nc\nd\n");
        reads(1, 2, "1 o b|2 o c|", 4);
        reads(-1, 5, "3 o d|", 4);
        reads(-3, 2, "1 o b|2 o c|", 4);
        reads(-9, 1, "0 o a|", 4);
        reads(4, 1, "", 4);
        reads(0, 0, "", 4);
}
END_TEST

START_TEST(no_output_is_404_and_makes_no_file)
{
        _cleanup_(output_closep) struct output *output = opened(1 << 20);
        _fault_ struct fault fault = FAULT_INIT;
        uint64_t lines;

        ck_assert_int_eq(output_read(dir, &id, 0, 1, show, NULL, &lines, &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
}
END_TEST

START_TEST(a_second_attempt_goes_on)
{
        struct output *output = opened(1 << 20);

        put(output, "stdout", "a\nb\n");
        output_close(output);
        output = opened(1 << 20);
        put(output, "stdout", "c\n");
        output_close(output);
        reads(0, 9, "0 o a|1 o b|2 o c|", 3);
}
END_TEST

static void part(const char *suffix, char path[160])
{
        char text[ID_TEXT_SIZE];

        id_text(&id, text);
        snprintf(path, 160, "%s/output/%.6s/%s%s", dir, text, text, suffix);
}

START_TEST(what_a_crash_left_is_indexed_or_cut)
{
        struct output *output = opened(1 << 20);
        char path[160];
        FILE *file;

        put(output, "stdout", "a\nb\n");
        output_close(output);
        part(".log", path);
        file = fopen(path, "a");
        fputs("5 e c\n6 o torn", file);
        fclose(file);
        output = opened(1 << 20);
        put(output, "stdout", "d\n");
        output_close(output);
        reads(0, 9, "0 o a|1 o b|2 e c|3 o d|", 4);
        part(".idx", path);
        ck_assert_int_eq(truncate(path, 13), 0);
        output = opened(1 << 20);
        put(output, "stdout", "e\n");
        output_close(output);
        reads(0, 9, "0 o a|1 o b|2 e c|3 o d|4 o e|", 5);
}
END_TEST

START_TEST(damaged_files_end_the_reading)
{
        struct output *output = opened(1 << 20);
        _text_ struct text text = TEXT_INIT;
        uint64_t lines, far = 1 << 30;
        char path[160];
        FILE *file;

        put(output, "stdout", "a\nb\n");
        output_close(output);
        part(".idx", path);
        file = fopen(path, "a");
        fwrite(&far, sizeof far, 1, file);
        fclose(file);
        ck_assert_int_eq(output_read(dir, &id, 2, 5, show, &text, &lines, NULL), 0);
        ck_assert_ptr_null(text.s);
        part(".log", path);
        file = fopen(path, "w");
        fputs("nonsense\nmore\n", file);
        fclose(file);
        ck_assert_int_eq(output_read(dir, &id, 0, 5, show, &text, &lines, NULL), 0);
        ck_assert_ptr_null(text.s);
}
END_TEST

START_TEST(the_cap_is_marked_once)
{
        struct output *output = opened(100);

        for (int i = 0; i < 50; i++)
                put(output, "stdout", "0123456789\n");
        output_close(output);
        output = opened(100);
        put(output, "stdout", "more\n");
        output_close(output);
        reads(2, 9, "2 o 0123456789|3 e [output cut: the limit of 100 bytes is reached]|", 4);
}
END_TEST

START_TEST(what_is_not_utf8_is_replaced)
{
        _cleanup_(output_closep) struct output *output = opened(1 << 20);

        ck_assert_int_eq(output_write(output, "stdout", "a\xff"
                                      "b\0c\xc3\xa4\xe2\x82\n\xed\xa0\x80\n", 14), 0);
        reads(0, 9, "0 o a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd|"
              "1 o \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|", 2);
}
END_TEST

static int count(void *arg, const struct output_line *line)
{
        size_t *lens = arg;

        lens[line->n] = line->len;
        ck_assert(text_is_utf8(line->text, line->len));
        ck_assert_ptr_null(strstr(line->text, "\xef\xbf\xbd"));
        return 0;
}

START_TEST(a_long_line_is_split_between_characters)
{
        struct output *output = opened(1 << 20);
        char *big = malloc(150001);
        size_t lens[8] = { 0 };
        uint64_t lines;

        big[0] = 'x';
        for (int i = 0; i < 75000; i++)
                memcpy(big + 1 + 2 * i, "\xc3\xa4", 2);
        for (size_t at = 0; at < 150001; at += 10007)
                ck_assert_int_eq(output_write(output, "stdout", big + at, 150001 - at < 10007 ?
                                              150001 - at : 10007), 0);
        output_close(output);
        free(big);
        ck_assert_int_eq(output_read(dir, &id, 0, 8, count, lens, &lines, NULL), 0);
        ck_assert_uint_eq(lines, 3);
        ck_assert_uint_eq(lens[0], 65535);
        ck_assert_uint_eq(lens[0] + lens[1] + lens[2], 150001);
}
END_TEST

START_TEST(the_tap_sees_each_line_once)
{
        _cleanup_(output_closep) struct output *output = opened(1 << 20);
        _text_ struct text text = TEXT_INIT;

        output_tap(output, show, &text);
        put(output, "stdout", "a\nb");
        put(output, "stderr", "c\n");
        put(output, "stdout", "d\n");
        ck_assert_str_eq(text.s, "0 o a|1 e c|2 o bd|");
}
END_TEST

/* What this process has read so far. */
static unsigned long long bytes_read(void)
{
        FILE *file = fopen("/proc/self/io", "r");
        unsigned long long n = 0;

        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fscanf(file, "rchar: %llu", &n), 1);
        fclose(file);
        return n;
}

START_TEST(the_last_page_of_a_million_lines_is_near)
{
        struct output *output = opened(UINT64_MAX);
        _text_ struct text chunk = TEXT_INIT;
        unsigned long long before;

        for (int i = 0; i < 10000; i++)
                text_add(&chunk, "a line of output\n");
        for (int i = 0; i < 100; i++)
                ck_assert_int_eq(output_write(output, "stdout", chunk.s, chunk.len), 0);
        put(output, "stdout", "last\n");
        output_close(output);
        before = bytes_read();
        reads(-1, 1, "1000000 o last|", 1000001);
        ck_assert_uint_lt(bytes_read() - before, 20000);
}
END_TEST

START_TEST(removing_leaves_nothing)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct output *output = opened(1 << 20);
        uint64_t lines;
        char path[96];

        put(output, "stdout", "a\n");
        output_close(output);
        ck_assert_int_eq(output_remove(dir, &id), 0);
        ck_assert_int_eq(output_remove(dir, &id), 0);
        ck_assert_int_eq(output_read(dir, &id, 0, 1, show, NULL, &lines, &fault), FAULT);
        snprintf(path, sizeof path, "%s/output", dir);
        ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

static Suite *suite(void)
{
        Suite *s = suite_create("store_output");
        TCase *t = tcase_create("output");

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, lines_are_recorded_at_their_newline);
        tcase_add_test(t, ranges_from_both_ends);
        tcase_add_test(t, no_output_is_404_and_makes_no_file);
        tcase_add_test(t, a_second_attempt_goes_on);
        tcase_add_test(t, what_a_crash_left_is_indexed_or_cut);
        tcase_add_test(t, damaged_files_end_the_reading);
        tcase_add_test(t, the_cap_is_marked_once);
        tcase_add_test(t, what_is_not_utf8_is_replaced);
        tcase_add_test(t, a_long_line_is_split_between_characters);
        tcase_add_test(t, the_tap_sees_each_line_once);
        tcase_add_test(t, the_last_page_of_a_million_lines_is_near);
        tcase_add_test(t, removing_leaves_nothing);
        suite_add_tcase(s, t);
        return s;
}

int main(void)
{
        SRunner *runner = srunner_create(suite());
        int failed;

        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
