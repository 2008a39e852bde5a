/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finding the row. StackStorm answers under several spellings of one path: behind its proxy
 * (/api/v1/X, /auth/v1/X, /stream/v1/X) and as its services do themselves (/v1/X, /X); a client may
 * have been set up for any of them. All are one canonical path here: a prefix and what follows.
 */

#include "rest/router.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "rest/query.h"

#include <stdio.h>
#include <string.h>

static const struct route_table *const tables[] = {
        &routes_executions, &routes_events,    &routes_actions, &routes_rules,  &routes_triggers,
        &routes_changes,    &routes_instances, &routes_packs,   &routes_keys,   &routes_auth,
        &routes_held,       &routes_stream,    &routes_system,  &routes_workflows,
        &routes_inquiries,  &routes_policies,  &routes_traces,
        &routes_aliases,    &routes_aliasexecution,    &routes_configs,   &routes_sensortypes,
};

int route_each(int (*visit)(void *arg, const struct route *route), void *arg)
{
        int r = 0;

        for (size_t t = 0; t < sizeof tables / sizeof *tables && !r; t++)
                for (size_t i = 0; i < tables[t]->n && !r; i++)
                        r = visit(arg, &tables[t]->rows[i]);
        return r;
}

struct spelling {
        const char *prefix;             /* "/api/v1", "" */
        const char *rest;               /* "/rules/x" */
};

static bool starts_segment(const char *path, const char *segment)
{
        size_t n = strlen(segment);

        return strncmp(path, segment, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Cut a leading segment off, if more than it is left. */
static bool cut(const char **path, const char *segment)
{
        size_t n = strlen(segment);

        if (strncmp(*path, segment, n) != 0 || (*path)[n] != '/')
                return false;
        *path += n;
        return true;
}

static struct spelling canonical(const char *path)
{
        static const char *const roots[] = { "/healthz", "/readyz", "/metrics" };
        const char *prefix = NULL;

        for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
                if (starts_segment(path, roots[i]))
                        return (struct spelling){ "", path };
        if (strcmp(path, "/api") == 0 || strcmp(path, "/api/v1") == 0)
                return (struct spelling){ "/api/v1", "/" };
        if (cut(&path, "/api"))
                prefix = "/api/v1";
        else if (cut(&path, "/auth"))
                prefix = "/auth/v1";
        else if (starts_segment(path, "/stream/v1") && cut(&path, "/stream"))
                prefix = "/stream/v1";
        cut(&path, "/v1");
        if (!prefix)
                prefix = starts_segment(path, "/tokens") ? "/auth/v1"
                        : starts_segment(path, "/stream") ? "/stream/v1" : "/api/v1";
        return (struct spelling){ prefix, path };
}

/* One segment of the template against one of the path: a parameter takes any that is not empty. */
static bool segment_fits(const char *template, size_t n, const char *segment, size_t len)
{
        if (*template == '{')
                return len > 0;
        return n == len && strncmp(template, segment, n) == 0;
}

static bool fits(const char *template, const char *path)
{
        while (*template == '/' && *path == '/') {
                size_t n = strcspn(++template, "/"), len = strcspn(++path, "/");

                if (n >= 4 && strncmp(template + n - 4, "...}", 4) == 0)
                        return *path != '\0';
                if (!segment_fits(template, n, path, len))
                        return false;
                template += n;
                path += len;
        }
        return !*template && !*path;
}

static bool row_fits(const struct route *route, const struct spelling *at)
{
        size_t n = strlen(at->prefix);

        return strncmp(route->path, at->prefix, n) == 0 && fits(route->path + n, at->rest);
}

int route_param(const struct route *route, const char *name)
{
        size_t len = strlen(name);
        int i = 0;

        for (const char *s = strchr(route->path, '{'); s; s = strchr(s + 1, '{'), i++)
                if (strncmp(s + 1, name, len) == 0 && (s[1 + len] == '}' || s[1 + len] == '.'))
                        return i;
        return -1;
}

/* Decoding only shortens, so what follows a parameter stays where it was. */
static int take_params(const struct route *route, const struct spelling *at, const char **param,
                       struct fault *fault)
{
        const char *template = route->path + strlen(at->prefix);
        char *path = (char *)at->rest;

        while (*template == '/') {
                size_t n = strcspn(++template, "/");
                bool all = n >= 4 && strncmp(template + n - 4, "...}", 4) == 0;
                char *segment = path + 1;

                path = segment + (all ? strlen(segment) : strcspn(segment, "/"));
                if (*template == '{') {
                        *path = '\0';
                        if (query_decode(segment, false, fault))
                                return FAULT;
                        *param++ = segment;
                }
                template += n;
        }
        return 0;
}

#define CANDIDATES_MAX 64

struct candidates {
        const char *prefix;
        const char *names[CANDIDATES_MAX + 1];
        char texts[CANDIDATES_MAX][32];
        size_t n;
};

/* The first segment of each row under the prefix, once. */
static int collect(void *arg, const struct route *route)
{
        struct candidates *all = arg;
        const char *s = route->path + strlen(all->prefix);
        char name[32];

        if (!text_starts_with(route->path, all->prefix) || *s != '/')
                return 0;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(s + 1, "/"), s + 1);
        for (size_t i = 0; i < all->n; i++)
                if (strcmp(all->names[i], name) == 0)
                        return 0;
        if (all->n == CANDIDATES_MAX)
                return 1;
        memcpy(all->texts[all->n], name, sizeof name);
        all->names[all->n] = all->texts[all->n];
        all->n++;
        return 0;
}

static int not_found(const char *path, const struct spelling *at, struct fault *fault)
{
        struct candidates all = { .prefix = at->prefix };
        const char *rest = *at->rest ? at->rest + 1 : "", *near;
        char first[64];

        fault_set(fault, 404, "route.unknown", "there is nothing at %.200s", path);
        route_each(collect, &all);
        snprintf(first, sizeof first, "%.*s", (int)strcspn(rest, "/"), rest);
        near = *first ? text_nearest(first, all.names) : NULL;
        if (near)
                return fault_try(fault, "did you mean %s/%s? /api/v1/openapi.json lists all routes",
                                 at->prefix, near);
        return fault_try(fault, "/api/v1/openapi.json lists all routes");
}

static struct spelling prepare(char *path)
{
        struct spelling at;
        size_t n = strlen(path);
        char *s;

        if (n > 1 && path[n - 1] == '/')
                path[n - 1] = '\0';
        at = canonical(path);
        s = (char *)at.rest;
        if (starts_segment(s, "/actionexecutions")) {
                s += strlen("/action");
                *--s = '/';
                at.rest = s;
        }
        return at;
}

struct search {
        const struct spelling *at;
        const char *method;
        const struct route *found;
        char *allow;
        size_t size;
        bool is_known;
};

static int consider(void *arg, const struct route *route)
{
        struct search *search = arg;
        size_t n;

        if (!row_fits(route, search->at))
                return 0;
        search->is_known = true;
        if (search->method && strcmp(route->method, search->method) == 0) {
                search->found = route;
                return 1;
        }
        n = strlen(search->allow);
        if (!strstr(search->allow, route->method))
                snprintf(search->allow + n, search->size - n, "%s%s", n ? ", " : "", route->method);
        return 0;
}

int route_find(const char *method, char *path, const struct route **ret, const char **param,
               struct fault *fault)
{
        struct spelling at = prepare(path);
        char allow[64] = "";
        struct search search = { &at, strcmp(method, "HEAD") == 0 ? "GET" : method, NULL, allow,
                                 sizeof allow, false };

        route_each(consider, &search);
        if (!search.is_known)
                return not_found(path, &at, fault);
        if (!search.found) {
                fault_set(fault, 405, "route.method", "%.200s does not know %.16s", path, method);
                fault_detail(fault, "allow", json_string(allow));
                return fault_try(fault, "it knows %s", allow);
        }
        if (take_params(search.found, &at, param, fault))
                return FAULT;
        *ret = search.found;
        return 0;
}

bool route_allowed(const char *path, char *text, size_t size)
{
        _free_ char *copy = strdup(path);
        struct spelling at;
        struct search search = { &at, NULL, NULL, text, size, false };

        *text = '\0';
        if (!copy)
                return false;
        at = prepare(copy);
        route_each(consider, &search);
        return search.is_known;
}
