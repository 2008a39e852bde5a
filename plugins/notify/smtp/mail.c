/* SPDX-License-Identifier: Apache-2.0 */

#include "notify/smtp/mail.h"

#include <sodium.h>

#define WORD_BYTES 42           /* of an encoded word, which may be 75 characters long */
#define LINE_BYTES 57           /* of the body: 76 characters */

struct out {
        char *text;
        size_t len, size;
};

static bool put(struct out *out, const char *text, size_t len)
{
        if (out->len + len + 1 > out->size) {
                size_t size = (out->len + len + 1) * 2;
                char *grown = realloc(out->text, size);

                if (!grown)
                        return false;
                out->text = grown;
                out->size = size;
        }
        memcpy(out->text + out->len, text, len);
        out->len += len;
        out->text[out->len] = 0;
        return true;
}

static bool put_text(struct out *out, const char *text)
{
        return put(out, text, strlen(text));
}

static bool put_base64(struct out *out, const char *text, size_t len)
{
        char coded[2 * LINE_BYTES];

        sodium_bin2base64(coded, sizeof coded, (const unsigned char *)text, len,
                          sodium_base64_VARIANT_ORIGINAL);
        return put_text(out, coded);
}

static bool is_plain(const char *text)
{
        if (strlen(text) > 60 || strstr(text, "=?"))
                return false;
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
                        return false;
        return true;
}

/* So many bytes at the most, and no character cut in two. */
static size_t whole_characters(const char *text, size_t most)
{
        size_t len = strlen(text);

        if (len <= most)
                return len;
        for (len = most; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--) {
        }
        return len ? len : most;
}

char *mail_word(const char *text)
{
        struct out out = { NULL, 0, 0 };
        bool fine = true;

        if (is_plain(text))
                return strdup(text);
        while (fine && *text) {
                size_t n = whole_characters(text, WORD_BYTES);

                fine = put_text(&out, out.len ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?") &&
                       put_base64(&out, text, n) && put_text(&out, "?=");
                text += n;
        }
        if (fine)
                return out.text;
        free(out.text);
        return NULL;
}

bool mail_is_address(const char *address)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        const char *at = strrchr(address, '@');
        size_t n = 0;

        if (!at || at == address || at - address > 64 || strlen(address) > 254)
                return false;
        for (const char *c = address; c < at; c++)
                if (!strchr(letters, *c) && !strchr(".!#$%&'*+/=?^_`{|}~-", *c))
                        return false;
        for (const char *c = at + 1; *c; c++, n++)
                if (!strchr(letters, *c) && *c != '-' && (*c != '.' || n == 0 || c[1] == 0))
                        return false;
        return n > 0;
}

/* ---- the whole ---- */

static bool put_header(struct out *out, const char *name, const char *value)
{
        return put_text(out, name) && put_text(out, ": ") && put_text(out, value) &&
               put_text(out, "\r\n");
}

static bool put_from(struct out *out, const struct mail *mail)
{
        _free_ char *word = mail_word(mail->from_name);
        _free_ char *quoted = NULL;
        size_t n = 0;

        if (!word)
                return false;
        if (!*mail->from_name)
                return put_header(out, "From", mail->from);
        quoted = malloc(2 * strlen(word) + 3);
        if (!quoted)
                return false;
        for (const char *c = word; *c; c++) {
                if (*c == '"' || *c == '\\')
                        quoted[n++] = '\\';
                quoted[n++] = *c;
        }
        quoted[n] = 0;
        return put_text(out, "From: ") && (strcmp(word, mail->from_name) != 0
                        ? put_text(out, word)
                        : put_text(out, "\"") && put_text(out, quoted) && put_text(out, "\"")) &&
               put_text(out, " <") && put_text(out, mail->from) && put_text(out, ">\r\n");
}

static bool put_date(struct out *out, time_t when)
{
        static const char days[] = "SunMonTueWedThuFriSat";
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        struct tm tm;
        char text[80];

        if (!gmtime_r(&when, &tm))
                return false;
        snprintf(text, sizeof text, "%.3s, %02d %.3s %d %02d:%02d:%02d +0000",
                 days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
        return put_header(out, "Date", text);
}

static bool put_id(struct out *out, const struct mail *mail)
{
        const char *domain = strrchr(mail->from, '@');
        char text[400];

        if (!*mail->message->id || !domain)
                return true;
        snprintf(text, sizeof text, "<kaname-%s%s>", mail->message->id, domain);
        return put_header(out, "Message-ID", text);
}

static bool put_severity(struct out *out, const char *severity)
{
        if (strcmp(severity, "critical") == 0)
                return put_header(out, "Importance", "high") && put_header(out, "X-Priority", "1");
        return true;
}

/* Lines of the text end as mail wants it; base64 hides what SMTP would trip over. */
static char *with_line_ends(const char *text)
{
        char *copy = malloc(2 * strlen(text) + 3), *to = copy;

        if (!copy)
                return NULL;
        for (; *text; text++) {
                if (*text == '\n' && (to == copy || to[-1] != '\r'))
                        *to++ = '\r';
                *to++ = *text;
        }
        memcpy(to, "\r\n", 3);
        return copy;
}

static bool put_body(struct out *out, const char *text)
{
        _free_ char *body = with_line_ends(text);
        size_t len = body ? strlen(body) : 0;
        bool fine = body != NULL;

        for (size_t at = 0; fine && at < len; at += LINE_BYTES)
                fine = put_base64(out, body + at, len - at < LINE_BYTES ? len - at : LINE_BYTES) &&
                       put_text(out, "\r\n");
        return fine;
}

char *mail_text(const struct mail *mail)
{
        struct out out = { NULL, 0, 0 };
        _free_ char *subject = mail_word(mail->message->subject);

        if (subject && put_date(&out, mail->when) && put_from(&out, mail) &&
            put_header(&out, "To", mail->message->address) &&
            put_header(&out, "Subject", subject) && put_id(&out, mail) &&
            put_severity(&out, mail->message->severity) &&
            put_header(&out, "Auto-Submitted", "auto-generated") &&
            put_header(&out, "MIME-Version", "1.0") &&
            put_header(&out, "Content-Type", "text/plain; charset=utf-8") &&
            put_header(&out, "Content-Transfer-Encoding", "base64") && put_text(&out, "\r\n") &&
            put_body(&out, mail->message->text))
                return out.text;
        free(out.text);
        return NULL;
}
