/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Commenting. It adds to a history that nothing is ever taken out of, so a lost answer must not
 * make it say the same twice: what was said since, in these words, is the comment.
 */

#include "ticket/ticket.h"

#define LOOK_BACK 20

/* Systems change line ends and trim: compare what a reader sees. */
static bool says(const char *a, const char *b)
{
        for (;; a++, b++) {
                while (*a == '\r')
                        a++;
                while (*b == '\r')
                        b++;
                if (!*a || !*b)
                        break;
                if (*a != *b)
                        return false;
        }
        return a[strspn(a, " \t\r\n")] == 0 && b[strspn(b, " \t\r\n")] == 0;
}

/* The id of a comment newer than `last` with this text, in ret; false: there is none. */
static bool find_comment(const json_t *comments, const char *last, const char *text, char ret[32])
{
        const json_t *one;
        size_t i;
        bool found = false;

        json_array_foreach(comments, i, one)
                if (atoll(text_of(one, "id", "0")) > atoll(last) &&
                    says(text_of(one, "text", ""), text)) {
                        snprintf(ret, 32, "%s", text_of(one, "id", ""));
                        found = true;
                }
        return found;
}

static int answer(struct kn_ctx *ctx, const char *id, const char *comment)
{
        return give(ctx, json_pack("{s:b, s:s, s:s?}", "changed", 1, "id", id, "comment", comment));
}

static int settle(struct kn_ctx *ctx, const char *id, const char *last, int change, int written)
{
        const char *text = kn_arg_str(ctx, "text", "");
        _json_ json_t *comments = NULL, *observed = NULL;
        char comment[32];
        int r = system_comments(ctx, id, LOOK_BACK, &comments);

        if (r < 0) {
                deed_close(ctx, change, KN_EUNKNOWN, NULL);
                return written < 0 ? written : r;
        }
        if (find_comment(comments, last, text, comment)) {
                observed = json_pack("{s:s, s:s}", "id", comment, "text", text);
                r = deed_close(ctx, change, KN_OK, observed);
                return r < 0 ? r : answer(ctx, id, comment);
        }
        if (written == KN_OK)
                written = kn_fail(ctx, KN_ECONFLICT, "%s reported success, but ticket %s shows no "
                                  "such comment: may the instance's account comment there, and "
                                  "read %s comments?", system_name, id,
                                  kn_arg_bool(ctx, "private", 0) ? "private" : "its");
        deed_close(ctx, change, written, NULL);
        return written;
}

int ticket_comment(struct kn_ctx *ctx)
{
        const char *id = kn_arg_str(ctx, "id", ""), *text = kn_arg_str(ctx, "text", "");
        bool is_private = kn_arg_bool(ctx, "private", 0);
        _ticket_ struct ticket now = { .json = NULL };
        _json_ json_t *comments = NULL, *after = NULL;
        char resource[50], last[32];
        const struct deed deed = { .resource = resource, .after =
                after = json_pack("{s:s, s:b}", "text", text, "private", is_private) };
        int change, r = after ? system_get(ctx, id, &now) : KN_ENOMEM;

        if (r == 0)
                r = system_comments(ctx, id, 1, &comments);
        if (r < 0)
                return r;
        snprintf(last, sizeof last, "%s", text_of(json_array_get(comments, 0), "id", "0"));
        snprintf(resource, sizeof resource, "ticket/%s/comment", id);
        change = deed_announce(ctx, &deed);
        if (change < 0)
                return change;
        if (change == KN_SKIP)
                return answer(ctx, id, NULL);
        return settle(ctx, id, last, change, system_comment(ctx, id, text, is_private));
}
