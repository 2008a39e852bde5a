/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/smtp/mail.h"
#include "suite.h"

/* ---- templates ---- */

static const struct {
        const char *text, *values, *wanted, *missing;
} fills[] = {
        { "plain", "{}", "plain", "" },
        { "", "{}", "", "" },
        { "{{a}} and {{ b }}", "{\"a\": \"x\", \"b\": 2}", "x and 2", "" },
        { "{{a}}{{a}}", "{\"a\": \"{{b}}\"}", "{{b}}{{b}}", "" },
        { "{{on}}", "{\"on\": true}", "true", "" },
        { "{{a", "{\"a\": \"x\"}", "{{a", "" },
        { "{ {a}} {{a b}} {{}} {{a-b.c}}", "{\"a-b.c\": 1}", "{ {a}} {{a b}} {{}} 1", "" },
        { "サーバー{{名}}", "{}", "サーバー{{名}}", "" },
        { "x {{gone}} y", "{}", NULL, "gone" },
};

START_TEST(templates_are_filled)
{
        _json_ json_t *values = json_loads(fills[_i].values, 0, NULL);
        char missing[65];
        _free_ char *text = message_fill(fills[_i].text, values, missing);

        ck_assert_str_eq(missing, fills[_i].missing);
        if (fills[_i].wanted)
                ck_assert_str_eq(text, fills[_i].wanted);
        else
                ck_assert_ptr_null(text);
}
END_TEST

/* ---- mail ---- */

static const struct {
        const char *address;
        bool fine;
} addresses[] = {
        { "a@b", true }, { "alice.b+c@example.test", true }, { "a@xn--mnchen-3ya.example", true },
        { "", false }, { "@b", false }, { "a@", false }, { "a@b.", false }, { "a@.b", false },
        { "a b@c", false }, { "<a@b>", false }, { "a@b,c@d", false }, { "a@b\r\nBcc: e@f", false },
        { "a\"b\"@c", false }, { "太郎@example.test", false }, { "a@例え.test", false },
        { "a;b@c", false }, { "a@b>x", false },
};

START_TEST(addresses_need_no_quotes)
{
        ck_assert_int_eq(mail_is_address(addresses[_i].address), addresses[_i].fine);
}
END_TEST

START_TEST(plain_words_stay_plain)
{
        _free_ char *word = mail_word("Disk full on web1");

        ck_assert_str_eq(word, "Disk full on web1");
}
END_TEST

/* Lines of 76 characters at the most, each an encoded word of whole characters. */
START_TEST(words_are_encoded_and_folded)
{
        _free_ char *word = mail_word("要要要要要要要要要要要要要要要要要要要要要要要要要要要要要要");
        const char *line = word;

        ck_assert(strstr(word, "\r\n ") != NULL);
        while (line) {
                size_t len = strcspn(line, "\r");

                ck_assert_uint_le(len, 76);
                ck_assert_int_eq(strncmp(line + (line != word), "=?UTF-8?B?", 10), 0);
                ck_assert_int_eq(strncmp(line + len - 2, "?=", 2), 0);
                /* 42 bytes are 14 characters of three bytes: no padding but in the last. */
                ck_assert(line[len] == 0 || line[len - 3] != '=');
                line = strstr(line, "\r\n");
                line = line ? line + 2 : NULL;
        }
}
END_TEST

START_TEST(what_looks_encoded_is_encoded)
{
        _free_ char *word = mail_word("=?UTF-8?B?eA==?=");

        ck_assert_int_eq(strncmp(word, "=?UTF-8?B?PT9", 13), 0);
}
END_TEST

START_TEST(a_mail_has_the_headers_it_needs)
{
        static char subject[] = "s", text[] = "one\ntwo\r\n.\n";
        const struct message message = { .address = "to@example.test", .subject = subject,
                                         .text = text, .severity = "critical", .id = "abc" };
        const struct mail mail = { "from@example.test", "A \"B\"", 0, &message };
        _free_ char *whole = mail_text(&mail);
        static const char *const wanted[] = {
                "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n", "To: to@example.test\r\n",
                "From: \"A \\\"B\\\"\" <from@example.test>\r\n", "Subject: s\r\n",
                "Message-ID: <kaname-abc@example.test>\r\n", "Importance: high\r\n",
                "Content-Transfer-Encoding: base64\r\n\r\nb25lDQp0d28NCi4NCg0K\r\n",
        };

        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
                ck_assert_msg(strstr(whole, wanted[i]), "'%s' is not in '%s'", wanted[i], whole);
        for (const char *c = whole; *c; c++)
                ck_assert_int_lt((unsigned char)*c, 0x80);
}
END_TEST

int main(void)
{
        return SUITE("notify/message", EACH(templates_are_filled, fills),
                     EACH(addresses_need_no_quotes, addresses), ONCE(plain_words_stay_plain),
                     ONCE(words_are_encoded_and_folded), ONCE(what_looks_encoded_is_encoded),
                     ONCE(a_mail_has_the_headers_it_needs));
}
