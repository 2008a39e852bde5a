/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A zone is a row of segments, each with one offset. Both directions of the conversion are walks
 * over segments: a local time belongs to the first segment in which it occurs, or to the start of
 * the one before which it was jumped over.
 */
#include "flow/zone.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "flow/civil.h"
#include "flow/zone_rule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX (256 << 10)
#define TRANSITIONS_MAX 4096
#define TYPES_MAX 256
/* No clock was ever further from UTC. */
#define OFFSET_MAX (26 * 3600)
#define AT_MAX ((int64_t)1 << 40)

struct change {
        int64_t at, offset;             /* from this moment on */
};

struct zone {
        int64_t first;                  /* the offset before all changes */
        struct change *changes;
        size_t n;
        bool has_rule;
        struct zone_rule rule;
};

struct segment {
        int64_t start, end, offset;
};

struct reader {
        const uint8_t *s, *end;
};

static int64_t big_endian(const uint8_t *s, size_t size)
{
        uint64_t n = size == 4 && s[0] & 0x80 ? ~(uint64_t)0 : 0;

        for (size_t i = 0; i < size; i++)
                n = n << 8 | s[i];
        return (int64_t)n;
}

static const uint8_t *take(struct reader *r, size_t n)
{
        const uint8_t *s = r->s;

        if ((size_t)(r->end - r->s) < n)
                return NULL;
        r->s += n;
        return s;
}

struct counts {
        size_t is_ut, is_std, leaps, times, types, chars;
        uint8_t version;
};

static bool read_header(struct reader *r, struct counts *c)
{
        const uint8_t *s = take(r, 44);
        size_t *const fields[] = {
                &c->is_ut, &c->is_std, &c->leaps, &c->times, &c->types, &c->chars
        };

        if (!s || memcmp(s, "TZif", 4) != 0)
                return false;
        c->version = s[4];
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
                int64_t n = big_endian(s + 20 + 4 * i, 4);

                if (n < 0 || n > FILE_MAX)
                        return false;
                *fields[i] = (size_t)n;
        }
        return c->types >= 1 && c->types <= TYPES_MAX && c->times <= TRANSITIONS_MAX;
}

static size_t body_size(const struct counts *c, size_t time_size)
{
        return c->times * (time_size + 1) + c->types * 6 + c->chars + c->leaps * (time_size + 4) +
                c->is_std + c->is_ut;
}

static bool read_changes(struct zone *zone, const struct counts *c, const uint8_t *body)
{
        const uint8_t *indices = body + c->times * 8, *types = indices + c->times;

        zone->first = big_endian(types, 4);
        for (size_t i = 0; i < c->times; i++) {
                struct change *change = &zone->changes[i];

                if (indices[i] >= c->types)
                        return false;
                change->at = big_endian(body + 8 * i, 8);
                change->offset = big_endian(types + 6 * indices[i], 4);
                if (change->offset > OFFSET_MAX || change->offset < -OFFSET_MAX ||
                    change->at > AT_MAX || (i && change->at <= change[-1].at))
                        return false;
        }
        zone->n = c->times;
        return zone->first <= OFFSET_MAX && zone->first >= -OFFSET_MAX;
}

/* A line break, the rule, a line break. An empty rule says nothing. */
static bool read_footer(struct zone *zone, struct reader *r)
{
        const uint8_t *s = take(r, 1), *end;
        char rule[128];

        end = s && *s == '\n' ? memchr(r->s, '\n', (size_t)(r->end - r->s)) : NULL;
        if (!end || (size_t)(end - r->s) >= sizeof rule)
                return false;
        snprintf(rule, sizeof rule, "%.*s", (int)(end - r->s), (const char *)r->s);
        zone->has_rule = rule[0] && zone_rule_parse(rule, &zone->rule);
        return !rule[0] || zone->has_rule;
}

/* The first body has 32-bit times and is skipped; version 2 and later repeat it with 64 bits. */
static bool read_file(struct zone *zone, struct reader *r)
{
        struct counts c;
        const uint8_t *body;

        if (!read_header(r, &c) || c.version < '2' || !take(r, body_size(&c, 4)))
                return false;
        if (!read_header(r, &c))
                return false;
        body = take(r, body_size(&c, 8));
        if (!body)
                return false;
        zone->changes = calloc(c.times + 1, sizeof *zone->changes);
        return zone->changes && read_changes(zone, &c, body) && read_footer(zone, r);
}

int zone_parse(const void *bytes, size_t len, struct zone **ret)
{
        struct reader r = { bytes, (const uint8_t *)bytes + len };
        struct zone *zone = calloc(1, sizeof *zone);

        if (!zone)
                return -ENOMEM;
        if (!read_file(zone, &r)) {
                zone_free(zone);
                return -EINVAL;
        }
        *ret = zone;
        return 0;
}

struct zone *zone_free(struct zone *zone)
{
        if (!zone)
                return NULL;
        free(zone->changes);
        free(zone);
        return NULL;
}

static bool is_utc(const char *name)
{
        return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0 || strcmp(name, "Z") == 0 ||
                strcmp(name, "GMT") == 0;
}

/* Letters, digits, _ + - and single slashes: nothing that leads out of the directory. */
static bool is_zone_name(const char *name)
{
        size_t n =
                strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/");

        return n && !name[n] && n < 64 && name[0] != '/' && name[n - 1] != '/' &&
                !strstr(name, "//");
}

static const char *directory(void)
{
        const char *dir = getenv("TZDIR");

        return dir && *dir ? dir : "/usr/share/zoneinfo";
}

static int unknown(const char *name, struct fault *fault)
{
        fault_set(fault, 422, "timer.zone", "there is no time zone \"%.64s\"", name);
        if (access(directory(), R_OK) == 0)
                return fault_try(fault, "use a name from %s, such as Asia/Tokyo, or UTC",
                                 directory());
        fault_why(fault, "%s does not exist", directory());
        return fault_try(fault, "apt-get install tzdata, or use UTC");
}

int zone_open(const char *name, struct zone **ret, struct fault *fault)
{
        _free_ char *path = NULL, *bytes = NULL;
        size_t len;
        int r;

        if (is_utc(name)) {
                *ret = calloc(1, sizeof **ret);
                return *ret ? 0 : -ENOMEM;
        }
        if (!is_zone_name(name))
                return unknown(name, fault);
        if (asprintf(&path, "%s/%s", directory(), name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = file_read(path, FILE_MAX, &bytes, &len, NULL);
        if (r)
                return r == FAULT ? unknown(name, fault) : r;
        r = zone_parse(bytes, len, ret);
        return r == -EINVAL ? fault_set(fault, 422, "timer.zone", "%s is not a time zone file "
                                        "(TZif 2 or later)", path) : r;
}

/* The rule's changes around a year, in order; summer that starts at its own end is all year. */
static size_t rule_changes(const struct zone_rule *rule, int64_t year, struct change changes[6])
{
        size_t n = 0;

        for (int64_t y = year - 1; y <= year + 1; y++) {
                struct change start = { zone_rule_start(rule, y), rule->summer };
                struct change end = { zone_rule_end(rule, y), rule->standard };
                bool start_first = start.at <= end.at;

                changes[n++] = start_first ? start : end;
                changes[n++] = start_first ? end : start;
        }
        return n;
}

/* The segment of a moment after the last recorded change. */
static struct segment segment_by_rule(const struct zone *zone, int64_t at)
{
        int64_t from = zone->n ? zone->changes[zone->n - 1].at : INT64_MIN;
        struct segment segment = { from, INT64_MAX, zone->rule.standard };
        struct change changes[6];
        size_t n;

        if (!zone->rule.has_summer)
                return segment;
        n = rule_changes(&zone->rule, civil_of(floor_div(at, DAY_S)).year, changes);
        for (size_t i = 0; i < n && changes[i].at <= at; i++) {
                segment.start = changes[i].at > from ? changes[i].at : from;
                segment.end = i + 1 < n ? changes[i + 1].at : INT64_MAX;
                segment.offset = changes[i].offset;
        }
        return segment;
}

static struct segment segment_at(const struct zone *zone, int64_t at)
{
        size_t low = 0, high = zone->n;
        struct segment segment = { INT64_MIN, INT64_MAX, zone->first };

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (zone->changes[middle].at <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == zone->n && zone->has_rule)
                return segment_by_rule(zone, at);
        if (low) {
                segment.start = zone->changes[low - 1].at;
                segment.offset = zone->changes[low - 1].offset;
        }
        if (low < zone->n)
                segment.end = zone->changes[low].at;
        return segment;
}

int64_t zone_to_local(const struct zone *zone, int64_t unix_s)
{
        return unix_s + segment_at(zone, unix_s).offset;
}

int64_t zone_to_unix(const struct zone *zone, int64_t local_s)
{
        struct segment segment = segment_at(zone, local_s - OFFSET_MAX);

        for (;;) {
                int64_t at = local_s - segment.offset;

                if (at < segment.start)
                        return segment.start;
                if (at < segment.end)
                        return at;
                segment = segment_at(zone, segment.end);
        }
}
