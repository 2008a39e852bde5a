/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever NetBox or Nautobot answers: objects become whole views, or there is a sentence. */

#include "cmdb/cmdb.h"
#include "reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct kn_ctx ctx = reply_ctx(data, size);
        const struct cmdb_query query = { .depends_on = "server/a", .limit = 10 };
        const struct cmdb_key key = { "server", "web1" };
        _json_ json_t *items = json_array(), *log = json_array(), *view = NULL;
        json_t *row;
        size_t i;

        cmdb_system_search(&ctx, &query, items);
        json_array_foreach(items, i, row)
                if (!json_object_get(row, "value") || !json_object_get(row, "id"))
                        abort();
        cmdb_system_read(&ctx, &key, &view);
        cmdb_system_changes(&ctx, -1, log);
        cmdb_watch(&ctx);
        free(reply_text);
        return 0;
}
