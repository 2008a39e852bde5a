/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/live.h"

#include "base/text.h"
#include "hub/hub.h"
#include "rest/waiter.h"
#include "store/output.h"

#include <string.h>

#define REPLAY_ROWS 200

static struct store *store_of(const struct live *live)
{
        return hub_store(live->rest->options.hub);
}

static void end_at(struct client *client, const struct frame *frame)
{
        if (client->options.end_event && frame->is_final
            && text_equal(client->options.end_event, frame->event)
            && id_equal(&client->options.end_execution, &frame->id))
                client_end(client);
}

static bool is_live(const struct client *client)
{
        return !client->is_replaying && id_is_zero(&client->options.output_of);
}

static bool live_wants(void *arg, const char *event, const char *action, const char *execution)
{
        struct live *live = arg;

        list_each(pos, &live->clients) {
                struct client *client = list_entry(pos, struct client, link);

                if (is_live(client) && client_hears(client, event, action, execution))
                        return true;
        }
        return false;
}

/* One frame to one reader; a full buffer sends it back to reading by itself. */
static void deliver(struct client *client, const struct frame *frame)
{
        if (!client_hears(client, frame->event, frame->action, frame->execution))
                return;
        if (client_push(client, frame->text.s, frame->text.len)) {
                end_at(client, frame);
        } else if (frame->seq) {
                client->is_replaying = true;
                client->replay_after = frame->seq - 1;
        }
}

static int live_frame(void *arg, struct frame *frame)
{
        struct live *live = arg;

        live->seq = frame->seq;
        if (!frame->text.len)
                return 0;
        list_each(pos, &live->clients) {
                struct client *client = list_entry(pos, struct client, link);

                if (is_live(client) && frame->seq > client->replay_after)
                        deliver(client, frame);
        }
        return 0;
}

/* True: there is more to do at once. */
static bool pump_live(struct live *live)
{
        const struct frame_visitor visitor = { live_wants, live_frame, live };
        size_t n = 0;

        if (!live->is_behind)
                return false;
        if (frames_replay(live->rest, live->seq, REPLAY_ROWS, &visitor, &n) != 0)
                return false;
        live->is_behind = n == REPLAY_ROWS;
        return live->is_behind;
}

/* What has no place in the store goes to whoever is there: lines, announcements, "it runs now". */
void live_tell(struct live *live, const struct noted *noted)
{
        _cleanup_(frame_deinit) struct frame frame = { 0 };
        char execution[ID_TEXT_SIZE], event[160];

        if (noted->notice.seq) {
                live->is_behind = true;
                return;
        }
        frame_event(&noted->notice, event, sizeof event);
        if (!live_wants(live, event, noted->notice.action, id_text(&noted->notice.id, execution))
            || frame_of_notice(live->rest, noted, &frame))
                return;
        while (pump_live(live))
                ;
        list_each(pos, &live->clients) {
                struct client *client = list_entry(pos, struct client, link);

                if (is_live(client))
                        deliver(client, &frame);
        }
}

struct replaying {
        struct client *client;
        bool is_full;
};

static bool replay_wants(void *arg, const char *event, const char *action, const char *execution)
{
        return client_hears(((struct replaying *)arg)->client, event, action, execution);
}

static int replay_frame(void *arg, struct frame *frame)
{
        struct replaying *replaying = arg;
        struct client *client = replaying->client;

        if (frame->text.len && !client_push(client, frame->text.s, frame->text.len)) {
                replaying->is_full = true;
                return 1;
        }
        client->replay_after = frame->seq;
        if (frame->text.len)
                end_at(client, frame);
        return client_is_gone(client);
}

/* True: there is more to do at once. */
static bool replay(struct live *live, struct client *client)
{
        struct replaying replaying = { client, false };
        const struct frame_visitor visitor = { replay_wants, replay_frame, &replaying };
        size_t n = 0;

        if (!client_wants(client))
                return false;
        if (frames_replay(live->rest, client->replay_after, REPLAY_ROWS, &visitor, &n) != 0) {
                client_end(client);
                return false;
        }
        if (!replaying.is_full && n < REPLAY_ROWS)
                client->is_replaying = false;
        return client->is_replaying && client_wants(client);
}

struct lines {
        struct client *client;
        size_t n;
        bool is_full;
};

static int push_line(void *arg, const struct output_line *line)
{
        struct lines *lines = arg;
        const struct stream_options *o = &lines->client->options;
        _cleanup_(frame_deinit) struct frame frame = { 0 };

        if (!o->output_type || text_equal(o->output_type, line->stream)) {
                if (frame_of_line(&o->output_of, line, &frame) < 0
                    || !client_push(lines->client, frame.text.s, frame.text.len)) {
                        lines->is_full = true;
                        return 1;
                }
        }
        lines->client->next_line = (int64_t)line->n + 1;
        lines->n++;
        return 0;
}

/* The file is the truth: a notice only says that there is more. True: more to do at once. */
static bool follow(struct live *live, struct client *client)
{
        static const char eof[] = "event: EOF\ndata: ''\n\n";
        struct lines lines = { client, 0, false };
        bool final = waiter_is_final(store_of(live), &client->options.output_of);

        if (!client_wants(client))
                return false;
        output_read(live->rest->options.state_dir, &client->options.output_of, client->next_line,
                    REPLAY_ROWS, push_line, &lines, NULL, NULL);
        if (lines.n == REPLAY_ROWS)
                return true;
        if (final && !lines.is_full) {
                client_push(client, eof, sizeof eof - 1);
                client_end(client);
        }
        return false;
}

static bool pump(struct live *live, struct client *client)
{
        if (!id_is_zero(&client->options.output_of))
                return follow(live, client);
        return client->is_replaying && replay(live, client);
}

bool live_pump(struct live *live)
{
        bool more = pump_live(live);

        list_each(pos, &live->clients)
                more |= pump(live, list_entry(pos, struct client, link));
        return more;
}
