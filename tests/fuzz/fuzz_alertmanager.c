/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever Alertmanager answers: alerts and silences are whole, or there is a sentence. */

#include "monitor/monitor.h"
#include "reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct kn_ctx ctx = reply_ctx(data, size);
        _json_ json_t *alerts = json_array(), *silences = json_array();
        char time[32];
        json_t *row;
        size_t i;

        monitor_system_alerts(&ctx, alerts);
        json_array_foreach(alerts, i, row)
                if (!json_object_get(row, "fingerprint") || !json_object_get(row, "labels"))
                        abort();
        monitor_system_silences(&ctx, silences);
        json_array_foreach(silences, i, row)
                if (!json_object_get(row, "name") || !json_object_get(row, "labels"))
                        abort();
        monitor_watch(&ctx);
        monitor_time_text(monitor_time_ms(reply_text) % 253402300800000, time);
        free(reply_text);
        return 0;
}
