/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a pack needs of other packs: pack.yaml's dependencies, each NAME, NAME=VERSION (also with
 * ==, >=, <=, >, <) or a repository's address, whose last part names the pack. Packs need not be
 * put in place one by one in the right order: those that need each other in a circle are named as
 * such, since no order serves them.
 */
#include "catalog/build.h"

#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

/* ---- versions ---- */

/* By the three numbers; what is before its release comes before it. */
static int compare(const char *a, const char *b)
{
        for (int i = 0; i < 3; i++) {
                char *end_a, *end_b;
                unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);

                if (x != y)
                        return x < y ? -1 : 1;
                a = *end_a == '.' ? end_a + 1 : end_a;
                b = *end_b == '.' ? end_b + 1 : end_b;
        }
        return (*a != '-') - (*b != '-');
}

static bool fits(const char *version, const char *relation, size_t len, const char *wanted)
{
        int order = compare(version, wanted + (*wanted == 'v'));
        bool equal = memchr(relation, '=', len);

        if (relation[0] == '>')
                return order > 0 || (equal && order == 0);
        if (relation[0] == '<')
                return order < 0 || (equal && order == 0);
        return order == 0;
}

/* ---- one dependency as it is written ---- */

/* "https://host/org/stackstorm-web.git" names the pack web. */
static const char *last_part(const char *text, size_t *len)
{
        const char *start = text, *end = text + *len;

        for (const char *s = text; s < end; s++)
                if (*s == '/' && s + 1 < end)
                        start = s + 1;
        if (start > text && text_starts_with(start, "stackstorm-"))
                start += strlen("stackstorm-");
        *len = (size_t)(end - start);
        if (start > text && *len > 4 && strncmp(end - 4, ".git", 4) == 0)
                *len -= 4;
        return start;
}

static bool read_name(const char *text, struct need *ret)
{
        size_t len = strcspn(text, "=<> "), spaces = strspn(text + len, " ");
        const char *relation = text + len + spaces, *name = last_part(text, &len);

        ret->relation = relation;
        ret->relation_len = strspn(relation, "=<>");
        ret->version = ret->relation_len
                ? relation + ret->relation_len + strspn(relation + ret->relation_len, " ") : NULL;
        snprintf(ret->name, sizeof ret->name, "%.*s", (int)len, name);
        return *ret->name && text_is_name(ret->name);
}

int need_read(const char *text, struct need *ret, struct fault *fault)
{
        if (read_name(text, ret))
                return 0;
        fault_set(fault, 422, "pack.dependency", "dependencies: '%.100s' names no pack", text);
        return fault_try(fault, "write NAME or NAME=VERSION");
}

int need_check(const struct need *need, const char *pack, const char *version, struct fault *fault)
{
        if (!version) {
                fault_set(fault, 422, "pack.dependency",
                          "dependencies: '%s' needs the pack '%s', which is not installed", pack,
                          need->name);
                return fault_try(fault, "install %s%s%s first", need->name,
                                 need->version ? " " : "", need->version ? need->version : "");
        }
        if (!need->version || fits(version, need->relation, need->relation_len, need->version))
                return 0;
        fault_set(fault, 422, "pack.dependency",
                  "dependencies: '%s' needs the pack '%s' in version %.*s%s, and %s is installed",
                  pack, need->name, (int)need->relation_len, need->relation, need->version,
                  version);
        return fault_try(fault, "kaname pack upgrade %s", need->name);
}

/* ---- checking ---- */

static int check_one(const struct catalog *present, const char *pack, const char *text,
                     struct fault *fault)
{
        const struct catalog_pack *there;
        struct need need;
        int r = need_read(text, &need, fault);

        if (r || text_equal(need.name, "core"))
                return r;
        there = catalog_pack(present, need.name);
        return need_check(&need, pack, there ? there->version : NULL, fault);
}

/* The pack at hand is not the one that is in force under its name. */
struct search {
        const struct catalog *present;
        const struct catalog_pack *start;
        char trail[1024];
};

static bool leads_back(struct search *search, const struct catalog_pack *pack, unsigned depth)
{
        size_t before = strlen(search->trail), i;
        const json_t *item;

        json_array_foreach(json_object_get(pack ? pack->metadata : NULL, "dependencies"), i, item) {
                const char *text = json_string_value(item);
                struct need need;

                if (!text || !read_name(text, &need))
                        continue;
                snprintf(search->trail + before, sizeof search->trail - before, " → %s",
                         need.name);
                if (text_equal(need.name, search->start->name) ||
                    (depth < DEPTH_MAX &&
                     leads_back(search, catalog_pack(search->present, need.name), depth + 1)))
                        return true;
                search->trail[before] = '\0';
        }
        return false;
}

static void check_circle(struct catalog *catalog, const struct catalog *present,
                         const struct catalog_pack *pack, const char *file)
{
        struct search search = { present, pack, "" };
        _fault_ struct fault fault = FAULT_INIT;

        snprintf(search.trail, sizeof search.trail, "%s", pack->name);
        if (!leads_back(&search, pack, 0))
                return;
        fault_set(&fault, 422, "pack.circle", "dependencies: the packs need each other: %s",
                  search.trail);
        fault_try(&fault, "take one of these dependencies out");
        warn_in_file(catalog, file, &fault);
}

void pack_check_needs(struct catalog *catalog, const struct catalog *present,
                      const struct catalog_pack *pack)
{
        const json_t *item;
        _free_ char *file = NULL;
        size_t i;

        if (asprintf(&file, "%s/pack.yaml", pack->dir) < 0) {
                file = NULL;
                return;
        }
        json_array_foreach(json_object_get(pack->metadata, "dependencies"), i, item) {
                const char *text = json_string_value(item);
                _fault_ struct fault fault = FAULT_INIT;
                char path[40];

                if (!check_one(present, pack->name, text ? text : "", &fault))
                        continue;
                snprintf(path, sizeof path, "dependencies.%zu", i);
                fault_at(&fault, path);
                warn_in_file(catalog, file, &fault);
        }
        check_circle(catalog, present, pack, file);
}

void packs_finish(struct catalog *catalog)
{
        for (size_t i = 0; i < catalog->packs.n; i++)
                pack_check_needs(catalog, catalog, catalog->packs.sorted[i].value);
}

struct needing {
        const char *name, *found;
};

static int needs(void *arg, const struct catalog_pack *pack)
{
        struct needing *needing = arg;
        const json_t *item;
        struct need need;
        size_t i;

        json_array_foreach(json_object_get(pack->metadata, "dependencies"), i, item)
                if (json_is_string(item) && read_name(json_string_value(item), &need) &&
                    text_equal(need.name, needing->name) && !text_equal(pack->name, need.name))
                        needing->found = pack->name;
        return needing->found != NULL;
}

const char *catalog_who_needs(const struct catalog *catalog, const char *pack)
{
        struct needing needing = { pack, NULL };

        catalog_each_pack(catalog, needs, &needing);
        return needing.found;
}
