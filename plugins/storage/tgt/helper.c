/* SPDX-License-Identifier: Apache-2.0 */

#include "storage/tgt/helper.h"

#include "exchange.h"

#include <inttypes.h>
#include <stdbool.h>
#include <time.h>

static const char *where(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "socket", "");
}

int helper_ask(struct kn_ctx *ctx, char **ret, const char *format, ...)
{
        _free_ char *answer = NULL;
        char request[1000];
        va_list ap;
        int r;

        va_start(ap, format);
        vsnprintf(request, sizeof request, format, ap);
        va_end(ap);
        r = exchange_ask(ctx, "tgt's helper", where(ctx), request, &answer);
        if (r < 0)
                return r;
        if (strcmp(answer, "ok") != 0 && strncmp(answer, "ok\n", 3) != 0)
                return exchange_odd(ctx, "tgt", "kaname-tgt-volumes", where(ctx), answer);
        if (!ret)
                return KN_OK;
        *ret = strdup(answer[2] ? answer + 3 : "");
        return *ret ? KN_OK : KN_ENOMEM;
}

/* ---- the list ---- */

struct words {
        char name[250], iqn[300];
        int64_t size, made;
        int written, empty, sessions, lun;
};

static json_t *volume_of(const struct words *w)
{
        return json_pack("{s:s, s:I, s:b, s:b, s:i, s:[], s:[], s:{s:s, s:s, s:i}}", "volume",
                         w->name, "size", (json_int_t)w->size, "written", w->written, "empty",
                         w->empty, "sessions", w->sessions, "clients", "snapshots", "target",
                         "protocol", "iscsi", "name", w->iqn, "lun", w->lun);
}

static json_t *snapshot_of(const struct words *w)
{
        char text[40] = "";
        time_t made = (time_t)w->made;
        struct tm tm;

        if (!gmtime_r(&made, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
                return NULL;
        return json_pack("{s:s, s:I, s:s}", "snapshot", w->name, "size", (json_int_t)w->size, "made",
                         text);
}

/* One line; client and snapshot belong to the volume before them. */
static bool take_line(const char *line, json_t *volumes, json_t **volume)
{
        struct words w;

        memset(&w, 0, sizeof w);
        if (sscanf(line, "volume %249s %" SCNd64 " %d %d %d %299s %d", w.name, &w.size, &w.written,
                   &w.empty, &w.sessions, w.iqn, &w.lun) == 7) {
                *volume = volume_of(&w);
                return json_array_append_new(volumes, *volume) == 0;
        }
        if (!*volume)
                return false;
        if (sscanf(line, "client %249s", w.name) == 1)
                return json_array_append_new(json_object_get(*volume, "clients"),
                                             json_string(w.name)) == 0;
        return sscanf(line, "snapshot %249s %" SCNd64 " %" SCNd64, w.name, &w.size, &w.made) == 3 &&
               json_array_append_new(json_object_get(*volume, "snapshots"), snapshot_of(&w)) == 0;
}

json_t *helper_parse(char *text)
{
        _json_ json_t *volumes = json_array();
        json_t *volume = NULL;
        char *rest = text, *line;

        while ((line = strsep(&rest, "\n")))
                if (*line && !take_line(line, volumes, &volume))
                        return NULL;
        return json_incref(volumes);
}

int helper_list(struct kn_ctx *ctx, const char *volume, json_t **ret)
{
        _free_ char *text = NULL;
        json_t *volumes;
        int r = helper_ask(ctx, &text, "list%s%s\n", volume ? " " : "", volume ? volume : "");

        if (r < 0)
                return r;
        volumes = helper_parse(text);
        if (!volumes)
                return kn_fail(ctx, KN_EREMOTE, "kaname-tgt-volumes at %s tells its volumes in a form "
                               "that this plugin does not know: take both of one version",
                               where(ctx));
        *ret = volumes;
        return KN_OK;
}
