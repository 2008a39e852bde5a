/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever Zabbix answers: hosts become whole views, problems whole alerts, or there is a sentence. */

#include "cmdb/cmdb.h"
#include "monitor/monitor.h"
#include "reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(const json_t *rows, const char *member)
{
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
                if (!json_object_get(row, member))
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct kn_ctx ctx = reply_ctx(data, size);
        const struct cmdb_query query = { .depends_on = "server/a", .mail = "a@b.test", .limit = 10 };
        const struct cmdb_key key = { "server", "web1" };
        _json_ json_t *items = json_array(), *log = json_array(), *silences = json_array();
        _json_ json_t *alerts = json_array(), *view = NULL;
        json_t *row;
        size_t i;

        cmdb_system_search(&ctx, &query, items);
        check_rows(items, "value");
        json_array_foreach(items, i, row)
                (void)cmdb_fits(row, &query);
        cmdb_system_read(&ctx, &key, &view);
        cmdb_system_changes(&ctx, 0, log);
        check_rows(log, "id");
        monitor_system_alerts(&ctx, alerts);
        check_rows(alerts, "fingerprint");
        monitor_system_silences(&ctx, silences);
        check_rows(silences, "labels");
        monitor_watch(&ctx);
        free(reply_text);
        return 0;
}
