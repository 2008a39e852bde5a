/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A message of any text: what is made of it for mail is ASCII, in lines that end as mail wants, and
 * has as many headers as one that says nothing; nothing that is said becomes one. What is filled in
 * leaves no place open that has a value.
 */

#include "notify/smtp/mail.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_headers(const char *mail)
{
        unsigned n = 0;

        for (const char *line = mail; *line && *line != '\r'; n++) {
                for (; *line && !(line[0] == '\r' && line[1] == '\n' && line[2] != ' '); line++)
                        if ((unsigned char)*line >= 0x80)
                                abort();
                line += 2;
        }
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char empty[] = "";
        _free_ char *text = strndup((const char *)data, size);
        _json_ json_t *values = json_pack("{s:s, s:i}", "a", "b", "c", 1);
        char missing[65];
        _free_ char *filled = text ? message_fill(text, values, missing) : NULL;
        struct message message = { .address = "a@b", .subject = empty, .text = text,
                                   .severity = "info", .id = "x" };
        const struct mail mail = { "a@b", "", 0, &message };
        _free_ char *plain = text ? mail_text(&mail) : NULL, *said = NULL;

        if (filled && (strstr(filled, "{{a}}") || missing[0]))
                abort();
        if (!plain)
                return 0;
        mail_is_address(text);
        message.subject = text;
        said = message_bends_lines(text) ? NULL : mail_text(&mail);
        if (said && count_headers(said) != count_headers(plain))
                abort();
        return 0;
}
