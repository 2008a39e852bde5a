/* SPDX-License-Identifier: Apache-2.0 */

/* What the hub did and has, in Prometheus' text form. */
#include "hub/room.h"

/* Upper bounds in microseconds; one more bucket takes the rest. */
static const int64_t start_bounds_us[START_BUCKETS] = {
        250, 500, 1000, 2000, 5000, 10000, 15000, 25000, 50000, 100000, 250000, 1000000
};

void figures_note_start(struct figures *figures, int64_t us)
{
        int i = 0;

        while (i < START_BUCKETS && us > start_bounds_us[i])
                i++;
        atomic_fetch_add(&figures->start_buckets[i], 1);
        atomic_fetch_add(&figures->start_us_sum, (unsigned long long)(us > 0 ? us : 0));
}

static void start_histogram(struct text *out, struct figures *figures)
{
        unsigned long long n = 0;

        text_add(out, "# HELP kaname_start_seconds From an event read to its action's start, where "
                      "a slot was free.\n"
                      "# TYPE kaname_start_seconds histogram\n");
        for (int i = 0; i < START_BUCKETS; i++) {
                n += atomic_load(&figures->start_buckets[i]);
                text_addf(out, "kaname_start_seconds_bucket{le=\"%g\"} %llu\n",
                          (double)start_bounds_us[i] / 1e6, n);
        }
        n += atomic_load(&figures->start_buckets[START_BUCKETS]);
        text_addf(out,
                  "kaname_start_seconds_bucket{le=\"+Inf\"} %llu\nkaname_start_seconds_sum "
                  "%g\nkaname_start_seconds_count %llu\n",
                  n, (double)atomic_load(&figures->start_us_sum) / 1e6, n);
}

static void counter(struct text *out, const char *name, const char *help, unsigned long long value)
{
        text_addf(out, "# HELP kaname_%s %s\n# TYPE kaname_%s counter\nkaname_%s %llu\n", name,
                  help, name, name, value);
}

static void gauge(struct text *out, const char *name, const char *help, unsigned long long value)
{
        text_addf(out, "# HELP kaname_%s %s\n# TYPE kaname_%s gauge\nkaname_%s %llu\n", name, help,
                  name, name, value);
}

static void finished_counters(struct text *out, struct hub *hub)
{
        text_add(out, "# HELP kaname_executions_finished_total Executions that ended, by status.\n"
                      "# TYPE kaname_executions_finished_total counter\n");
        for (int i = STORE_SUCCEEDED; i <= STORE_CANCELED; i++)
                text_addf(out, "kaname_executions_finished_total{status=\"%s\"} %llu\n",
                          store_status_text((enum store_status)i),
                          (unsigned long long)atomic_load(&hub->figures.finished[i]));
}

char *hub_metrics(struct hub *hub)
{
        struct text out = TEXT_INIT;
        struct store_counts counts;

        store_count(hub->o.store, &counts);
        counter(&out, "events_total", "Events accepted.", atomic_load(&hub->figures.events));
        counter(&out, "duplicates_total", "Events and requests that were seen before.",
                atomic_load(&hub->figures.duplicates));
        counter(&out, "executions_total", "Executions created.",
                atomic_load(&hub->figures.executions));
        counter(&out, "executions_started_total", "Executions started, attempts counted.",
                atomic_load(&hub->figures.started));
        counter(&out, "results_stale_total", "Results refused since their claim was lost.",
                atomic_load(&hub->figures.stale));
        counter(&out, "executions_held_total", "Executions held by a start limit.",
                atomic_load(&hub->figures.held));
        finished_counters(&out, hub);
        start_histogram(&out, &hub->figures);
        gauge(&out, "executions_queued", "Executions that wait for a slot.", counts.queued);
        gauge(&out, "executions_delayed", "Executions that wait for their time.", counts.delayed);
        gauge(&out, "executions_held", "Executions that wait for a person.", counts.held);
        gauge(&out, "executions_running", "Executions that run.", atomic_load(&hub->n_running));
        gauge(&out, "executions_waiting", "Workflows that wait for their tasks.", counts.waiting);
        gauge(&out, "queue_oldest_seconds", "Age of the oldest execution that waits.",
              counts.oldest_queued_ms
                      ? (unsigned long long)((clock_real_ms() - counts.oldest_queued_ms) / 1000)
                      : 0);
        gauge(&out, "store_bytes", "Size of the store.", counts.db_bytes);
        gauge(&out, "store_wal_bytes", "Size of the write-ahead log.", counts.wal_bytes);
        gauge(&out, "paused", "1 while new starts are held.", hub_is_paused(hub));
        gauge(&out, "start_time_seconds", "When the hub started, Unix time.",
              (unsigned long long)(hub->started_ms / 1000));
        return text_take(&out);
}
