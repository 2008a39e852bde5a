/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of routes. Everything that is said about a route is said in its row: routing,
 * permission, checks of the body and openapi.json all read the same one.
 */

#ifndef REST_ROUTER_H
#define REST_ROUTER_H

#include "auth/auth.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

#define ROUTE_PARAMS_MAX 2

struct request;

enum route_flag {
        ROUTE_INLINE = 1,       /* answers at once, on the daemon's thread */
        ROUTE_ASYNC = 2,        /* starts something and answers later, never blocks */
        ROUTE_RAW = 4,          /* reads the body itself, of any content type */
        ROUTE_UPLOAD = 8,       /* an archive may come instead of JSON: it goes to a file */
        ROUTE_SIGNED = 16,      /* a signature may stand for the credential */
        ROUTE_OPTIONAL = 32,    /* the body may be absent */
        ROUTE_BASIC = 64,       /* reads Basic credentials itself */
        ROUTE_RUNS = 128        /* makes an execution; its commit carries the Idempotency-Key */
};

struct route {
        const char *method;
        const char *path; /* "/api/v1/rules/{ref}"; a last "{name...}" takes all that is left */
        int (*handle)(struct request *req, struct fault *fault);
        enum auth_permission permission;
        unsigned flags;
        unsigned success;               /* the status when all is well */
        const char *summary;
        const char *query; /* names of parameters in openapi.c's table, separated by spaces */
        const char *request,
                *response; /* component schemas; "[Rule]" is a list of them; NULL: none */
};

struct route_table {
        const struct route *rows;
        size_t n;
};
#define ROUTE_TABLE(name) const struct route_table name = { rows, sizeof rows / sizeof *rows }

extern const struct route_table routes_actions, routes_aliases, routes_aliasexecution,
        routes_auth, routes_changes, routes_configs, routes_events, routes_executions,
        routes_held, routes_inquiries, routes_instances, routes_keys, routes_packs,
        routes_policies, routes_rules, routes_sensortypes, routes_stream, routes_system,
        routes_traces, routes_triggers, routes_workflows;

/* Every row, for the router, openapi.json and the tests. */
int route_each(int (*visit)(void *arg, const struct route *route), void *arg);

/*
 * The row that serves method and path. path (without query) is cut and decoded in place and param[]
 * points into it. FAULT 404 with the nearest route, 405 with "allow" in the detail, 400.
 */
int route_find(const char *method, char *path, const struct route **ret, const char **param,
               struct fault *fault);
/* The methods that a path knows, "GET, POST"; false if there is no such path. */
bool route_allowed(const char *path, char *text, size_t size);
/* The position of a parameter in the template, or -1. */
int route_param(const struct route *route, const char *name);

#endif
