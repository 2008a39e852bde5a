/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Silences have the name that the caller gives, so that they can be planned, repeated and ended: what
 * the system calls one is not known before it is made. One that is over is none, even where the
 * system still shows it. The value holds how long and not until when: a plan is applied later.
 */

#include "monitor/monitor.h"

struct job {
        struct change change;
        const char *name;
        json_t *view;                   /* as last read, owned; NULL: none */
};

static void free_job(struct job *job)
{
        change_done(&job->change);
        json_decref(job->view);
}

#define _job_ _cleanup_(free_job)

const json_t *monitor_find_silence(const json_t *rows, const char *name, bool or_over)
{
        const json_t *over = NULL;
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                if (strcmp(json_member(row, "name", ""), name) != 0)
                        continue;
                if (!json_is_true(json_object_get(row, "is_over")))
                        return row;
                over = row;
        }
        return or_over ? over : NULL;
}

static bool is_in_force(const json_t *view)
{
        return view && !json_is_true(json_object_get(view, "is_over"));
}

static json_t *value_of(const json_t *view)
{
        if (!is_in_force(view))
                return NULL;
        return json_pack("{s:O, s:O, s:O}", "labels", json_object_get(view, "labels"),
                         "duration_s", json_object_get(view, "duration_s"),
                         "comment", json_object_get(view, "comment"));
}

static int read_silence(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        struct job *job = arg;
        _json_ json_t *rows = json_array();
        int r = monitor_system_silences(ctx, rows);

        if (r < 0)
                return r;
        json_decref(job->view);
        job->view = json_incref((json_t *)monitor_find_silence(rows, job->name, true));
        *ret = value_of(job->view);
        return KN_OK;
}

static int apply_silence(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct job *job = arg;

        return monitor_system_silence(ctx, job->name, job->view, change->after);
}

static int begin(struct kn_ctx *ctx, struct job *job)
{
        job->name = kn_arg_str(ctx, "name", "");
        job->change.resource = change_resource("monitor/silence/%s", job->name);
        job->change.undo_args = json_pack("{s:s}", "name", job->name);
        return job->change.undo_args ? read_silence(ctx, job, &job->change.before) : KN_ENOMEM;
}

static int finish(struct kn_ctx *ctx, struct job *job, bool with_end)
{
        static const struct change_way way = { .system = "the monitoring system",
                                               .read = read_silence, .apply = apply_silence };
        int r = change_make(ctx, &job->change, &way, job);
        json_t *fields;

        if (r < 0)
                return r;
        fields = json_pack("{s:s}", "name", job->name);
        if (with_end) {
                const json_t *made = is_in_force(job->view) ? job->view : NULL;

                json_object_set_new(fields, "id", json_string(json_member(made, "id", "")));
                json_object_set_new(fields, "ends_at",
                                    json_string(json_member(made, "ends_at", "")));
        }
        return change_answer(ctx, &job->change, r > 0, fields);
}

int monitor_silence_create(struct kn_ctx *ctx)
{
        _job_ struct job job = { .change = { .undo_action = "silence.remove" } };
        _json_ json_t *labels = json_loads(kn_arg_str(ctx, "labels", "{}"), 0, NULL);
        _free_ char *there = NULL;
        int r = labels ? monitor_system_fit(ctx, labels) : KN_EARG;

        if (r == 0)
                r = begin(ctx, &job);
        if (r < 0)
                return r;
        job.change.after = json_pack("{s:O, s:I, s:s}", "labels", labels, "duration_s",
                                     (json_int_t)kn_arg_int(ctx, "duration_s", 3600), "comment",
                                     kn_arg_str(ctx, "comment", ""));
        if (!job.change.before || json_same(job.change.before, job.change.after))
                return finish(ctx, &job, true);
        there = change_text(job.change.before);
        return kn_fail(ctx, KN_ECONFLICT, "a silence %.64s is in force, and it is another: %.250s. "
                       "End it with silence.remove, or take another name", job.name,
                       there ? there : "");
}

int monitor_silence_remove(struct kn_ctx *ctx)
{
        _job_ struct job job = { .change = { .undo_action = "silence.create" } };
        int r = begin(ctx, &job);

        if (r < 0)
                return r;
        if (job.change.before && json_object_update(job.change.undo_args, job.change.before) < 0)
                return KN_ENOMEM;
        return finish(ctx, &job, false);
}

int monitor_silence_list(struct kn_ctx *ctx)
{
        _json_ json_t *rows = json_array(), *silences = json_array();
        int r = monitor_system_silences(ctx, rows);
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                if (json_is_true(json_object_get(row, "is_over")))
                        continue;
                json_object_del(row, "is_over");
                json_object_del(row, "duration_s");
                json_array_append(silences, row);
        }
        return r < 0 ? r : change_give(ctx, json_pack("{s:O}", "silences", silences));
}
