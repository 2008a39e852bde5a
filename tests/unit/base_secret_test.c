/* SPDX-License-Identifier: Apache-2.0 */

#include "suite.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/secret.h"

#include <string.h>

static const struct {
        const char *name;
        bool is_secret;
} names[] = {
        { "token", true }, { "access_token", true }, { "accessToken", true }, { "X-Auth-Token", true },
        { "st2-api-key", true }, { "apikey", true }, { "key", true }, { "api.key", true },
        { "client_secret", true }, { "PASSWORD", true }, { "sig", true }, { "X-Amz-Signature", true },
        { "X-Amz-Credential", true }, { "%74oken", true }, { "status_code", false }, { "user[password]", true },
        { "page", false }, { "monkey", false }, { "passage", false }, { "tokens_per_page", false },
        { "barcode", false }, { "author", false }, { "q", false }, { "", false }, { "%", false },
};

START_TEST(a_name_tells)
{
        ck_assert_msg(secret_is_name(names[_i].name, strlen(names[_i].name)) == names[_i].is_secret,
                      "%s", names[_i].name);
}
END_TEST

static const struct {
        const char *url, *masked;
} urls[] = {
        { "http://h/p?a=1&token=t0p&b=2", "http://h/p?a=1&token=********&b=2" },
        { "http://h/p?token=a=b&token=c", "http://h/p?token=********&token=********" },
        { "http://h/?x=1#access_token=t0p", "http://h/?x=1#access_token=********" },
        { "http://h/?token=", "http://h/?token=" },
        { "http://h/?token", "http://h/?token" },
        { "http://h/token=1/p", "http://h/token=1/p" },
        { "http://h/p", "http://h/p" },
        { "", "" },
        { "?&&token=1&", "?&&token=********&" },
};

START_TEST(only_the_values_of_secrets_are_masked)
{
        _json_ json_t *url = json_string(urls[_i].url), *masked = secret_mask(url);

        ck_assert_str_eq(json_string_value(masked), urls[_i].masked);
}
END_TEST

START_TEST(members_are_masked_by_name)
{
        _json_ json_t *params = json_pack("{s:s, s:i, s:n, s:{s:s}}", "q", "web", "token", 7, "key",
                                          "deep", "token", "x");
        _json_ json_t *masked = secret_mask(params);
        _free_ char *text = json_canonical(masked);

        ck_assert_str_eq(text, "{\"deep\":{\"token\":\"x\"},\"key\":null,\"q\":\"web\",\"token\":"
                               "\"********\"}");
        ck_assert_int_eq(json_integer_value(json_object_get(params, "token")), 7);
}
END_TEST

int main(void)
{
        return SUITE("base/secret", EACH(a_name_tells, names),
                     EACH(only_the_values_of_secrets_are_masked, urls),
                     ONCE(members_are_masked_by_name));
}
