/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MASK "********"

/* Those of which a name may end in are long enough to be no part of another word. */
static const struct {
        const char *word;
        bool may_end;
} words[] = {
        { "token", true }, { "secret", true }, { "password", true }, { "passwd", true },
        { "passphrase", true }, { "signature", true }, { "credential", true },
        { "credentials", true }, { "apikey", true }, { "accesskey", true }, { "jwt", true },
        { "auth", false }, { "authorization", true }, { "key", false }, { "pass", false },
        { "pwd", false }, { "sig", false }, { "session", false }, { "sid", false },
};

static int digit_of(char c)
{
        return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Lower case, percent-decoded; the end of a name that is too long, since the end decides. */
static size_t plain_of(const char *name, size_t len, char ret[128])
{
        size_t n = 0;

        if (len > 127) {
                name += len - 127;
                len = 127;
        }
        for (size_t i = 0; i < len; i++) {
                char c = name[i];

                if (c == '%' && i + 2 < len && isxdigit((unsigned char)name[i + 1]) &&
                    isxdigit((unsigned char)name[i + 2])) {
                        c = (char)(digit_of(name[i + 1]) << 4 | digit_of(name[i + 2]));
                        i += 2;
                }
                ret[n++] = (char)tolower((unsigned char)c);
        }
        ret[n] = '\0';
        return n;
}

static bool is_word(const char *part, size_t len)
{
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (strlen(words[i].word) == len && memcmp(words[i].word, part, len) == 0)
                        return true;
        return false;
}

bool secret_is_name(const char *name, size_t len)
{
        char plain[128];
        size_t n = plain_of(name, len, plain);

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (words[i].may_end && text_ends_with(plain, words[i].word))
                        return true;
        for (const char *at = plain; at < plain + n; at++) {
                size_t part = strcspn(at, "-_.[]: ");

                if (part && is_word(at, part))
                        return true;
                at += part;
        }
        return false;
}

/* One NAME=VALUE, up to the next separator. */
static void add_pair(struct text *out, const char *pair, size_t len, secret_replace *replace,
                     void *arg)
{
        const char *equals = memchr(pair, '=', len);
        size_t name_len = equals ? (size_t)(equals - pair) : len;
        _free_ char *name = NULL, *value = NULL, *other = NULL;

        if (!equals || name_len + 1 == len || !secret_is_name(pair, name_len)) {
                text_add_bytes(out, pair, len);
                return;
        }
        name = strndup(pair, name_len);
        value = strndup(equals + 1, len - name_len - 1);
        other = name && value ? replace(arg, name, value) : NULL;
        out->failed |= !other;
        text_addf(out, "%s=%s", name ? name : "", other ? other : "");
}

char *secret_in_url(const char *url, secret_replace *replace, void *arg)
{
        _text_ struct text out = TEXT_INIT;
        size_t head = strcspn(url, "?#");

        text_add_bytes(&out, url, head);
        for (const char *at = url + head; *at;) {
                size_t len = strcspn(at + 1, "?#&");

                text_add_bytes(&out, at, 1);
                add_pair(&out, at + 1, len, replace, arg);
                at += 1 + len;
        }
        return out.failed ? NULL : out.s ? text_take(&out) : strdup("");
}

static char *hide(void *arg, const char *name, const char *value)
{
        (void)arg;
        (void)name;
        (void)value;
        return strdup(MASK);
}

static json_t *masked_members(const json_t *object)
{
        json_t *copy = json_copy((json_t *)object), *value;
        const char *name;
        void *next;

        json_object_foreach_safe(copy, next, name, value)
                if (!json_is_null(value) && secret_is_name(name, strlen(name)))
                        json_object_set_new(copy, name, json_string(MASK));
        return copy;
}

json_t *secret_mask(const json_t *value)
{
        _free_ char *url = NULL;

        if (json_is_object(value))
                return masked_members(value);
        if (!json_is_string(value))
                return json_incref((json_t *)value);
        url = secret_in_url(json_string_value(value), hide, NULL);
        return json_string(url ? url : MASK);
}
