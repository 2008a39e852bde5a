/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/clock.h"
#include "suite.h"

#include <jansson.h>

static int ends[2];
static char said[65536];

static void catch_stderr(enum log_level least, enum log_form form)
{
        ck_assert_int_eq(pipe(ends), 0);
        ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
        clock_fake(0);
        log_setup(least, form);
}

static const char *heard(void)
{
        ssize_t n;

        close(ends[1]);
        close(STDERR_FILENO);
        n = read(ends[0], said, sizeof said - 1);
        said[n < 0 ? 0 : n] = '\0';
        return said;
}

START_TEST(one_line_an_event)
{
        catch_stderr(LOG_INFO_, LOG_TEXT);
        log_debug("not this");
        log_info("plugin loaded '%s'", "hello");
        log_write(LOG_ERROR_,
                  LOG_FIELDS("call", "7", "empty", "", "why", "a \"b\"\nc", "none", NULL),
                  "two\nlines");
        ck_assert_str_eq(heard(), "1970-01-01T00:00:00.000000Z info    plugin loaded 'hello'\n"
                         "1970-01-01T00:00:00.000000Z error   two lines call=7 empty=\"\" "
                         "why=\"a \\\"b\\\"\\nc\"\n");
}
END_TEST

START_TEST(cannot_be_forged_by_controls)
{
        catch_stderr(LOG_INFO_, LOG_TEXT);
        log_write(LOG_INFO_, LOG_FIELDS("f", "x\r\033[2J"), "a\r\033[31mb\tc");
        ck_assert_ptr_null(strpbrk(heard(), "\r\033\t"));
        ck_assert_uint_eq(strcspn(said, "\n"), strlen(said) - 1);
}
END_TEST

START_TEST(levels_for_systemd)
{
        catch_stderr(LOG_WARNING_, LOG_SYSTEMD);
        log_notice("no");
        log_warning("w");
        log_error("e");
        ck_assert_str_eq(heard(), "<4>w\n<3>e\n");
}
END_TEST

START_TEST(json_is_json)
{
        json_t *line;

        catch_stderr(LOG_INFO_, LOG_JSON);
        log_write(LOG_INFO_, LOG_FIELDS("k", "v\n\"", "bad", "\xff"), "what \xff\xfe is \"this\"");
        line = json_loads(heard(), 0, NULL);
        ck_assert_ptr_nonnull(line);
        ck_assert_str_eq(json_string_value(json_object_get(line, "message")),
                         "what ?? is \"this\"");
        ck_assert_str_eq(json_string_value(json_object_get(line, "k")), "v\n\"");
        ck_assert_str_eq(json_string_value(json_object_get(line, "bad")), "?");
        json_decref(line);
}
END_TEST

START_TEST(masks_secrets_everywhere)
{
        catch_stderr(LOG_INFO_, LOG_TEXT);
        log_mask("hunter2!");
        log_mask("abc");
        log_mask(NULL);
        log_write(LOG_INFO_, LOG_FIELDS("token", "xhunter2!x"), "hunter2!hunter2! abc");
        ck_assert_ptr_null(strstr(heard(), "hunter2"));
        ck_assert_ptr_nonnull(strstr(said, "**************** abc"));
        ck_assert_ptr_nonnull(strstr(said, "x********x"));
}
END_TEST

START_TEST(masks_the_longer_of_two)
{
        char text[] = "password-of-root and password";

        log_mask("password");
        log_mask("password-of-root");
        log_scrub(text);
        ck_assert_str_eq(text, "**************** and ********");
}
END_TEST

static const enum log_form forms[] = { LOG_TEXT, LOG_JSON, LOG_SYSTEMD };

/* What would be escaped on the way must be masked before. */
START_TEST(masks_what_is_escaped)
{
        catch_stderr(LOG_INFO_, forms[_i]);
        log_mask("se\"cr\net\\key");
        log_write(LOG_INFO_, LOG_FIELDS("key", "se\"cr\net\\key"), "it is se\"cr\net\\key");
        ck_assert_ptr_null(strstr(heard(), "cr"));
        ck_assert_ptr_null(strstr(said, "et\\"));
        ck_assert_ptr_nonnull(strstr(said, "*****"));
}
END_TEST

int main(void)
{
        return SUITE("base/log", ONCE(one_line_an_event), ONCE(cannot_be_forged_by_controls),
                     ONCE(levels_for_systemd), ONCE(json_is_json), ONCE(masks_secrets_everywhere),
                     ONCE(masks_the_longer_of_two), EACH(masks_what_is_escaped, forms));
}
