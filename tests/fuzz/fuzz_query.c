/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a query, a form and a path: refused, or text that is UTF-8 and leads to one row. */

#include "rest/query.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "rest/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
        if (!condition)
                abort();
}

static void as_query(const char *input)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *text = strdup(input);
        struct query query;
        bool flag;
        int64_t n;

        if (query_parse(text, &query, &fault)) {
                must(fault.status == 400 && fault.what);
                return;
        }
        for (size_t i = 0; i < query.n; i++)
                must(text_is_utf8(query.pairs[i].name, strlen(query.pairs[i].name))
                     && text_is_utf8(query.pairs[i].value, strlen(query.pairs[i].value)));
        query_list_has(&query, "include_attributes", "id");
        query_int(&query, "limit", -1, 100, &n, &fault);
        query_bool(&query, "decrypt", &flag, &fault);
        query_time(&query, "since", &n, &fault);
}

static void as_path(const char *input)
{
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *text = strdup(input);
        const char *param[ROUTE_PARAMS_MAX] = { NULL };
        const struct route *route = NULL;

        if (route_find("GET", text, &route, param, &fault)) {
                must(fault.status == 404 || fault.status == 405 || fault.status == 400);
                return;
        }
        for (int i = 0; i < ROUTE_PARAMS_MAX && param[i]; i++)
                must(text_is_utf8(param[i], strlen(param[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *input = strndup((const char *)data, size),
                *form = strndup((const char *)data, size);
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *object = NULL;

        as_query(input);
        as_path(input);
        if (query_form(form, &object, &fault) == 0)
                must(json_is_object(object));
        return 0;
}
