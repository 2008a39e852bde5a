/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/edit.h"

#include "base/json.h"
#include "content/content.h"

#include <string.h>

json_t *edit_definition(const json_t *body)
{
        static const char *const ours[] = { "id", "uid", "ref", "origin", "metadata_file" };
        json_t *definition = json_deep_copy(body);

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                json_object_del(definition, ours[i]);
        if (json_is_null(json_object_get(definition, "pack")) ||
            !json_object_get(definition, "pack"))
                json_set_text(definition, "pack", "default");
        return definition;
}

bool edit_only_switches(const struct request *req, json_t *was, const json_t *definition)
{
        _json_ json_t *old = was, *now = json_copy((json_t *)definition);

        json_object_del(old, "enabled");
        json_object_del(now, "enabled");
        return json_is_boolean(json_object_get(definition, "enabled")) &&
               (json_object_size(req->json) == 1 || json_equal(old, now));
}

void edit_name(json_t *definition, const char *ref)
{
        const char *dot = strchr(ref, '.');

        json_object_set_new(definition, "pack", json_stringn(ref, strcspn(ref, ".")));
        json_set_text(definition, "name", dot ? dot + 1 : ref);
}

int edit_put(struct request *req, const char *kind, const char *ref, const json_t *body,
             bool create, struct fault *fault)
{
        const struct content_item item = { kind, ref, body, req->who->user };
        int r = content_put(request_content(req), &item, create, fault);

        if (r == 0)
                req->catalog = catalog_unref(req->catalog);
        return r;
}

int edit_enable(struct request *req, const char *kind, const char *ref, bool enabled,
                struct fault *fault)
{
        const struct content_item item = { kind, ref, NULL, req->who->user };
        int r = content_enable(request_content(req), &item, enabled, fault);

        if (r == 0)
                req->catalog = catalog_unref(req->catalog);
        return r;
}
