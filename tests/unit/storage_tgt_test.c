/* SPDX-License-Identifier: Apache-2.0 */

/* What kaname-tgt-volumes tells, and what is granted in which spelling: no tgtd is needed for that. */

#include "suite.h"

#include "storage/tgt/helper.h"
#include "storage/tgt/tgt.h"

#include <string.h>

START_TEST(a_list_is_read)
{
        char text[] = "volume db1 16777216 1 0 2 iqn.2026-01.test:db1 1\nclient 127.0.0.1\n"
                      "client account:backup\nsnapshot s1 16777216 946684800\n"
                      "volume db2 1048576 0 1 0 iqn.2026-01.test:db2 1\n";
        json_t *volumes = helper_parse(text), *first = json_array_get(volumes, 0);
        char *spelt = json_dumps(json_array_get(volumes, 1), JSON_COMPACT);

        ck_assert_uint_eq(json_array_size(volumes), 2);
        ck_assert_int_eq(json_integer_value(json_object_get(first, "sessions")), 2);
        ck_assert_uint_eq(json_array_size(json_object_get(first, "clients")), 2);
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
                json_object_get(first, "snapshots"), 0), "made")), "2000-01-01T00:00:00Z");
        ck_assert_str_eq(spelt, "{\"volume\":\"db2\",\"size\":1048576,\"written\":false,\"empty\":true,"
                         "\"sessions\":0,\"clients\":[],\"snapshots\":[],\"target\":{\"protocol\":"
                         "\"iscsi\",\"name\":\"iqn.2026-01.test:db2\",\"lun\":1}}");
        free(spelt);
        json_decref(volumes);
}
END_TEST

static const char *const odd[] = {
        "client 127.0.0.1", "volume db1", "volume db1 x 1 0 2 iqn 1", "ok", "<html>",
        "volume db1 16777216 1 0 2 iqn.x:db1 1\nsnapshot s1", "volume db1 16777216 1 0 2 iqn.x:db1 1\nwhat",
        "volume db1 16777216 1 0 2 iqn.x:db1 1\nsnapshot s1 1 99999999999999999",
};

START_TEST(what_is_no_list_is_refused)
{
        char text[200];

        snprintf(text, sizeof text, "%s", odd[_i]);
        ck_assert_ptr_null(helper_parse(text));
}
END_TEST

/* The doors are not there in this test, but for the one that takes sentences. */
static int take_sentence(struct kn_ctx *ctx, int code, const char *text)
{
        snprintf(ctx->self, 512, "%s", text);
        return code;
}

static const struct {
        const char *client, *spelt;     /* NULL: refused */
} clients[] = {
        { "192.0.2.7", "192.0.2.7" },
        { "192.0.2.7/32", "192.0.2.7" },
        { "192.0.2.0/24", "192.0.2.0/24" },
        { "128.0.0.0/1", "128.0.0.0/1" },
        { "2001:DB8:0:0:0:0:0:7", "2001:db8::7" },
        { "2001:db8::/64", "2001:db8::/64" },
        { "2001:db8::7/128", "2001:db8::7" },
        { "iqn.2026-01.test:a", "iqn.2026-01.test:a" },
        { "eui.02004567a425678d", "eui.02004567a425678d" },
        { "naa.52004567ba64678d", "naa.52004567ba64678d" },
        { "account:backup", "account:backup" },
        { "192.0.2.7/24", NULL },
        { "192.0.2.0/0", NULL },
        { "192.0.2.0/33", NULL },
        { "192.0.2.256", NULL },
        { "192.0.2", NULL },
        { "2001:db8::1/64", NULL },
        { "2001:db8::/129", NULL },
        { ":::", NULL },
};

START_TEST(a_client_has_one_spelling)
{
        const struct kn_host host = { .size = sizeof host, .abi = KN_ABI_VERSION,
                                      .fail = take_sentence };
        char sentence[512] = "", spelt[INET6_ADDRSTRLEN + 200] = "";
        struct kn_ctx ctx = { &host, sentence };
        int r = tgt_client(&ctx, clients[_i].client, spelt);

        if (clients[_i].spelt)
                ck_assert_str_eq(spelt, clients[_i].spelt);
        else
                ck_assert_msg(r == KN_EARG && *sentence, "%s", spelt);
}
END_TEST

int main(void)
{
        return SUITE("storage/tgt", ONCE(a_list_is_read), EACH(what_is_no_list_is_refused, odd),
                     EACH(a_client_has_one_spelling, clients));
}
