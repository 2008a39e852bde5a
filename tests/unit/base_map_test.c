/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "suite.h"

#include <stdint.h>

static char *key_of(unsigned n, char key[32])
{
        snprintf(key, 32, "key-%u", n);
        return key;
}

START_TEST(keeps_and_replaces)
{
        struct map map = MAP_INIT;
        int a, b;
        void *old = &a;

        ck_assert_ptr_null(map_get(&map, "x"));
        ck_assert_ptr_null(map_remove(&map, "x"));
        ck_assert_int_eq(map_put(&map, "x", &a, &old), 0);
        ck_assert_ptr_null(old);
        ck_assert_int_eq(map_put(&map, "x", &b, &old), 0);
        ck_assert_ptr_eq(old, &a);
        ck_assert_uint_eq(map.used, 1);
        ck_assert_ptr_eq(map_remove(&map, "x"), &b);
        ck_assert_ptr_null(map_get(&map, "x"));
        map_deinit(&map, NULL);
}
END_TEST

/* Against an array that cannot be wrong: a long random life of puts and removes. */
START_TEST(agrees_with_an_array)
{
        static uintptr_t truth[500];
        struct map map = MAP_INIT;
        uint32_t random = 12345;
        char key[32];

        for (int i = 0; i < 200000; i++) {
                unsigned n;

                random = random * 1664525 + 1013904223;
                n = (random >> 8) % 500;
                if (random >> 31) {
                        truth[n] = (uintptr_t)i + 1;
                        ck_assert_int_eq(map_put(&map, key_of(n, key), (void *)truth[n], NULL), 0);
                } else {
                        ck_assert_ptr_eq(map_remove(&map, key_of(n, key)), (void *)truth[n]);
                        truth[n] = 0;
                }
        }
        for (unsigned n = 0; n < 500; n++)
                ck_assert_ptr_eq(map_get(&map, key_of(n, key)), (void *)truth[n]);
        map_deinit(&map, NULL);
}
END_TEST

START_TEST(walks_each_once)
{
        struct map map = MAP_INIT;
        unsigned seen[1000] = { 0 }, n;
        const char *name;
        char key[32];
        void *value;

        for (n = 0; n < 1000; n++)
                map_put(&map, key_of(n, key), (void *)(uintptr_t)(n + 1), NULL);
        for (size_t i = 0; map_next(&map, &i, &name, &value);) {
                ck_assert_str_eq(name, key_of((unsigned)(uintptr_t)value - 1, key));
                seen[(uintptr_t)value - 1]++;
        }
        for (n = 0; n < 1000; n++)
                ck_assert_uint_eq(seen[n], 1);
        map_deinit(&map, NULL);
}
END_TEST

START_TEST(frees_values)
{
        struct map map = MAP_INIT;

        map_put(&map, "a", strdup("1"), NULL);
        map_put(&map, "", strdup("2"), NULL);
        ck_assert_str_eq(map_get(&map, ""), "2");
        map_deinit(&map, free);
        ck_assert_ptr_null(map_get(&map, "a"));
        map_deinit(&map, free);
}
END_TEST

int main(void)
{
        return SUITE("base/map", ONCE(keeps_and_replaces), ONCE(agrees_with_an_array),
                     ONCE(walks_each_once), ONCE(frees_values));
}
