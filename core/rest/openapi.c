/* SPDX-License-Identifier: Apache-2.0 */

/*
 * openapi.json is made from the table that routes the requests, so it cannot describe a route that
 * is not there or leave one out. What the table cannot say, the shape of bodies, stands in
 * schemas.json, which is compiled in; bodies are checked against the very same schemas.
 */

#include "rest/openapi.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "rest/router.h"
#include "schema/schema.h"

#include <errno.h>
#include <string.h>

static const char schemas_text[] =
#include "rest/schemas.inc"
        ;

/* name type description */
static const char *const parameters[][3] = {
        { "limit", "integer", "rows of a page, at most 100; administrators up to 10,000, or -1" },
        { "offset", "integer", "rows to leave out" },
        { "sort", "string", "by time: start_timestamp, or -start_timestamp for newest first" },
        { "sort_asc", "boolean", "oldest first" },
        { "sort_desc", "boolean", "newest first (the default)" },
        { "include_attributes", "string",
                "comma list of attributes to show, such as id,action.ref" },
        { "exclude_attributes", "string", "comma list of attributes to leave out" },
        { "show_secrets", "boolean", "administrators only: do not mask" },
        { "status", "string", "of executions, such as running" },
        { "action", "string", "ref of an action" },
        { "runner", "string", "name of a runner" },
        { "rule", "string", "ref or id of a rule" },
        { "rule_ref", "string", "ref of a rule" },
        { "parent", "string", "id of the parent execution, or null for those without" },
        { "trigger", "string", "ref of a trigger type" },
        { "trigger_type", "string", "ref of a trigger type" },
        { "trigger_instance", "string", "id of an event" },
        { "execution", "string", "id of an execution" },
        { "event", "string", "id of an event" },
        { "user", "string", "who asked for it" },
        { "instance", "string", "name of an instance" },
        { "mode", "string", "run, plan, apply or undo" },
        { "id", "string", "an id; of executions also several, with commas between" },
        { "liveaction", "string", "an id: of a live action, which here is its execution" },
        { "name", "string", "a name" },
        { "pack", "string", "a pack" },
        { "ref", "string", "a ref" },
        { "type", "string", "ref of a trigger type" },
        { "enabled", "boolean", "only those that are, or are not" },
        { "tags", "string", "a tag" },
        { "timestamp", "string", "a time, or two with .. between" },
        { "timestamp_gt", "string", "later than" },
        { "timestamp_lt", "string", "earlier than" },
        { "since", "string", "later than" },
        { "until", "string", "earlier than" },
        { "state", "string", "of a change: intent, applied, refused, unknown, planned" },
        { "resource", "string", "exact, or a prefix that ends in *" },
        { "depth", "integer", "levels of children; -1: all" },
        { "max_result_size", "integer", "leave a larger result out" },
        { "output_type", "string", "all, stdout or stderr" },
        { "from", "integer", "first line; negative: from the end" },
        { "lines", "boolean", "lines as JSON instead of text" },
        { "scope", "string", "system, user or all" },
        { "prefix", "string", "what names begin with" },
        { "decrypt", "boolean", "show secret values in the clear" },
        { "timer_type", "string", "ref of a timer's trigger type" },
        { "events", "string", "comma list of event names" },
        { "action_refs", "string", "comma list of actions" },
        { "execution_ids", "string", "comma list of executions" },
        { "end_event", "string", "end the stream after this event" },
        { "end_execution_id", "string", "of this execution" },
        { "download", "boolean", "as an attachment" },
        { "trace_tag", "string", "tag of a trace" },
        { "resource_ref", "string", "ref of the action that a policy is about" },
        { "policy_type", "string", "ref of a policy type" },
        { "resource_type", "string", "what policies of a type are about: action" },
};

static json_t *parameter(const char *name)
{
        for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
                if (strcmp(parameters[i][0], name) == 0)
                        return json_pack("{s:s, s:s, s:s, s:{s:s}}", "name", name, "in", "query",
                                         "description", parameters[i][2], "schema", "type",
                                         parameters[i][1]);
        return json_pack("{s:s, s:s, s:{s:s}}", "name", name, "in", "query", "schema", "type",
                         "string");
}

static void add_query(json_t *list, const char *names)
{
        char name[64];

        for (const char *s = names; s && *s; s += strspn(s, " ")) {
                size_t n = strcspn(s, " ");

                snprintf(name, sizeof name, "%.*s", (int)n, s);
                json_array_append_new(list, parameter(name));
                s += n;
        }
}

static void add_path(json_t *list, const char *path)
{
        for (const char *s = strchr(path, '{'); s; s = strchr(s + 1, '{'))
                json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", s + 1,
                        strcspn(s + 1, ".}"), "in", "path", "required", 1, "schema", "type",
                        "string"));
}

static json_t *schema_of(const char *name)
{
        if (*name == '[')
                return json_pack("{s:s, s:o}", "type", "array", "items",
                                 json_pack("{s:o}", "$ref",
                                           json_sprintf("#/components/schemas/%.*s",
                                           (int)strlen(name) - 2, name + 1)));
        return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static const char *media_of(const char *name)
{
        if (strcmp(name, "Text") == 0)
                return "text/plain";
        if (strcmp(name, "Backup") == 0)
                return "application/vnd.sqlite3";
        return strcmp(name, "EventStream") == 0 ? "text/event-stream" : "application/json";
}

static json_t *content(const char *name)
{
        return json_pack("{s:{s:o}}", media_of(name), "schema", schema_of(name));
}

static json_t *responses(const struct route *route)
{
        json_t *all = json_object(), *ok = json_pack("{s:s}", "description", route->success == 204
                                                     ? "done, no body" : "done");
        char status[8];

        if (route->response)
                json_object_set_new(ok, "content", content(route->response));
        snprintf(status, sizeof status, "%u", route->success);
        json_object_set_new(all, status, ok);
        json_object_set_new(all, "default", json_pack("{s:s, s:{s:{s:o}}}", "description",
                            "a problem", "content", "application/problem+json", "schema",
                            schema_of("Problem")));
        return all;
}

static json_t *request_body(const struct route *route)
{
        json_t *media = content(route->request);

        if (route->flags & ROUTE_UPLOAD)
                json_object_set_new(media, "application/zstd", json_object());
        return json_pack("{s:b, s:o}", "required", !(route->flags & ROUTE_OPTIONAL), "content",
                         media);
}

static json_t *operation(const struct route *route)
{
        json_t *op = json_object(), *list = json_array();

        add_path(list, route->path);
        add_query(list, route->query);
        if (strcmp(route->method, "POST") == 0 && !(route->flags & ROUTE_BASIC))
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:{s:s, s:i}}", "name",
                        "Idempotency-Key", "in", "header", "description",
                        "done once in 24 hours; the same again gets the first answer", "schema",
                        "type", "string", "maxLength", 255));
        json_set_text(op, "summary", route->summary);
        json_object_set_new(op, "parameters", list);
        if (route->request)
                json_object_set_new(op, "requestBody", request_body(route));
        json_object_set_new(op, "responses", responses(route));
        json_set_text(op, "x-permission", auth_permission_text(route->permission));
        if (route->permission == AUTH_NONE)
                json_object_set_new(op, "security", json_array());
        return op;
}

/* OpenAPI has no word for "all that is left": {url...} is written {url}. */
static void plain_path(const char *path, char *plain, size_t size)
{
        const char *dots = strstr(path, "...}");

        if (dots)
                snprintf(plain, size, "%.*s}", (int)(dots - path), path);
        else
                snprintf(plain, size, "%s", path);
}

static int add_operation(void *arg, const struct route *route)
{
        char method[16], path[256];
        json_t *at;

        plain_path(route->path, path, sizeof path);
        at = json_object_get(arg, path);
        if (!at) {
                at = json_object();
                json_object_set_new(arg, path, at);
        }
        snprintf(method, sizeof method, "%s", route->method);
        for (char *s = method; *s; s++)
                *s |= 0x20;
        json_object_set_new(at, method, operation(route));
        return 0;
}

static const char description[] =
        "What is refused is answered with a Problem, as application/problem+json. Only what is no "
        "HTTP (a broken header or chunk, a Content-Length that is no number, another version) is "
        "refused by the HTTP library itself, which cannot be told otherwise: with status 400, 413, "
        "431 or 505 and a line of HTML, and the connection ends.";

json_t *openapi_new(void)
{
        json_error_t error;
        json_t *schemas = json_loads(schemas_text, JSON_REJECT_DUPLICATES, &error),
                *paths = json_object();

        if (!schemas) {
                json_decref(paths);
                return NULL;
        }
        route_each(add_operation, paths);
        return json_pack("{s:s, s:{s:s, s:s, s:s, s:s}, s:o, s:{s:o, s:{s:{s:s,s:s}, s:{s:s,s:s,s:s}, "
                         "s:{s:s,s:s,s:s}}},"
                         " s:[{s:[]},{s:[]},{s:[]}]}",
                         "openapi", "3.1.0", "info", "title", "Kaname", "version", PACKAGE_VERSION,
                         "summary", "A hub for infrastructure operations", "description", description,
                         "paths", paths,
                         "components", "schemas", schemas, "securitySchemes", "bearer", "type",
                         "http", "scheme", "bearer", "token", "type", "apiKey", "in", "header",
                         "name", "X-Auth-Token", "key", "type", "apiKey", "in", "header", "name",
                         "St2-Api-Key", "security", "bearer", "token", "key");
}

/* ---- checks of bodies ---- */

struct schemas {
        const json_t *sources;
        struct map compiled;
        struct fault *fault;
};

static int compile(void *arg, const struct route *route)
{
        struct schemas *schemas = arg;
        struct schema *schema;
        int r;

        if (!route->request || map_get(&schemas->compiled, route->request))
                return 0;
        r = schema_compile(json_object_get(schemas->sources, route->request), &schema,
                           schemas->fault);
        if (r)
                return fault_prefix(schemas->fault, "schemas.json: %s", route->request);
        return map_put(&schemas->compiled, route->request, schema, NULL);
}

int schemas_new(const json_t *openapi, struct schemas **ret, struct fault *fault)
{
        struct schemas *schemas = calloc(1, sizeof *schemas);
        int r;

        if (!schemas)
                return -ENOMEM;
        schemas->sources = json_at(openapi, "components.schemas");
        schemas->fault = fault;
        r = route_each(compile, schemas);
        if (r) {
                schemas_free(schemas);
                return r;
        }
        *ret = schemas;
        return 0;
}

static void unref(void *schema)
{
        schema_unref(schema);
}

struct schemas *schemas_free(struct schemas *schemas)
{
        if (!schemas)
                return NULL;
        map_deinit(&schemas->compiled, unref);
        free(schemas);
        return NULL;
}

int schemas_check(const struct schemas *schemas, const char *name, const json_t *value,
                  struct fault *fault)
{
        const struct schema *schema = map_get(&schemas->compiled, name);

        return schema ? schema_check(schema, value, fault) : 0;
}
