/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages by an HTTP POST: the incoming webhooks of Slack and Mattermost, and Standard Webhooks with
 * their signature (HMAC-SHA256 over id, time and body). The address of an incoming webhook is all it
 * takes to write there, so it is a secret.
 */

#include "change.h"
#include "notify/message.h"
#include "web.h"

#include <sodium.h>
#include <time.h>

#define SECRET_MAX 128

static bool is_form(struct kn_ctx *ctx, const char *form)
{
        return strcmp(kn_config_str(ctx, "form", "standard"), form) == 0;
}

/* ---- bodies ---- */

/* Slack reads &, < and > as its markup. */
static char *escaped(const char *text)
{
        char *to = malloc(5 * strlen(text) + 1), *at = to;

        for (; to && *text; text++) {
                const char *name = *text == '&' ? "&amp;" : *text == '<' ? "&lt;"
                        : *text == '>' ? "&gt;" : NULL;

                if (name)
                        at = stpcpy(at, name);
                else
                        *at++ = *text;
        }
        if (to)
                *at = 0;
        return to;
}

static const char *colour(const char *severity)
{
        return strcmp(severity, "critical") == 0 ? "#d00000"
                : strcmp(severity, "warning") == 0 ? "#e0a000" : "#2080c0";
}

static json_t *chat_body(struct kn_ctx *ctx, const struct message *message)
{
        bool is_slack = is_form(ctx, "slack");
        _free_ char *subject = is_slack ? escaped(message->subject) : strdup(message->subject);
        _free_ char *text = is_slack ? escaped(message->text) : strdup(message->text);
        json_t *body;

        if (!subject || !text)
                return NULL;
        body = json_pack("{s:o, s:[{s:s, s:s, s:s}]}", "text",
                         *subject ? json_sprintf(is_slack ? "*%s*" : "**%s**", subject)
                                  : json_string(""),
                         "attachments", "color", colour(message->severity), "text", text,
                         "fallback", *text ? text : subject);
        if (strchr("#@", message->address[0]))
                json_object_set_new(body, "channel", json_string(message->address));
        return body;
}

static json_t *standard_body(const struct message *message, time_t when)
{
        char stamp[40];
        struct tm tm;

        if (!gmtime_r(&when, &tm))
                return NULL;
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "type", "message.sent", "timestamp",
                         stamp, "data", "to", message->address, "subject", message->subject,
                         "text", message->text, "severity", message->severity);
}

/* ---- the signature ---- */

static int signing_key(struct kn_ctx *ctx, unsigned char key[SECRET_MAX], size_t *ret)
{
        const char *secret = kn_secret(ctx, "secret");

        if (secret && strncmp(secret, "whsec_", 6) == 0 &&
            sodium_base642bin(key, SECRET_MAX, secret + 6, strlen(secret + 6), NULL, ret, NULL,
                              sodium_base64_VARIANT_ORIGINAL) == 0 && *ret >= 16)
                return KN_OK;
        return kn_fail(ctx, KN_EARG, "secret is no signing secret: whsec_ and at least 16 bytes in "
                       "base64 are wanted");
}

static int sign(struct kn_ctx *ctx, const char *id, time_t when, const char *body,
                char headers[400])
{
        unsigned char key[SECRET_MAX], mac[crypto_auth_hmacsha256_BYTES];
        crypto_auth_hmacsha256_state state;
        char prefix[120], text[64];
        size_t len = 0;
        int r = signing_key(ctx, key, &len);

        if (r < 0)
                return r;
        snprintf(prefix, sizeof prefix, "msg_%s.%lld.", id, (long long)when);
        crypto_auth_hmacsha256_init(&state, key, len);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)prefix, strlen(prefix));
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
        crypto_auth_hmacsha256_final(&state, mac);
        sodium_memzero(key, sizeof key);
        sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
        snprintf(headers, 400, "Content-Type: application/json\nwebhook-id: msg_%s\n"
                 "webhook-timestamp: %lld\nwebhook-signature: v1,%s\n", id, (long long)when, text);
        return KN_OK;
}

/* ---- sending ---- */

static bool is_page(const char *text)
{
        return text[strspn(text, " \t\r\n")] == '<';
}

/* Slack and Mattermost say "ok", and a sign-in page in between says 200, too. */
static int judge(struct kn_ctx *ctx, const struct web_call *call)
{
        const char *text = call->text ? call->text : "";

        if (is_form(ctx, "standard") && !is_page(text))
                return KN_OK;
        if (!is_form(ctx, "standard") && strncmp(text, "ok", 2) == 0)
                return KN_OK;
        return kn_fail(ctx, KN_EREMOTE, "the webhook answered %d with '%.80s', which is no word of "
                       "its own: is there something between here and it?", call->status, text);
}

/*
 * Where the path of an address begins, so that sentences name the host only; 0: it is no address.
 */
static size_t path_at(const char *url)
{
        const char *host = strstr(url, "://");

        if (!host || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
                return 0;
        for (const char *c = url; *c; c++)
                if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
                        return 0;
        host += 3;
        return (size_t)(host - url) + strcspn(host, "/?#");
}

static int post(struct kn_ctx *ctx, const char *body, const char *headers, struct delivery *ret)
{
        const char *url = kn_secret(ctx, "url");
        size_t origin = url ? path_at(url) : 0;
        _free_ char *base = origin ? strndup(url, origin) : NULL;
        const struct web_site site = { .name = "the webhook", .base = base,
                                       .on_refusal = "compare url and secret with the other side" };
        _web_ struct web_call call = { .method = "POST", .path = url ? url + origin : "",
                                       .doing = "a message", .headers = headers, .body = body,
                                       .body_len = strlen(body), .is_text = true };
        int r;

        if (!base)
                return kn_fail(ctx, KN_EARG, "url is no address of a webhook: https://… is wanted");
        r = web_call(ctx, &site, &call);
        ret->is_unknown = r < 0 && call.status == 0 && r != KN_EDENIED;
        if (r == 0) {
                r = judge(ctx, &call);
                ret->is_unknown = r < 0 && !(call.text && *call.text);  /* cut off behind a 200 */
        }
        snprintf(ret->answer, sizeof ret->answer, "%d %.150s", call.status,
                 call.text ? call.text : "");
        return r;
}

static int send_webhook(struct kn_ctx *ctx, const struct message *message, struct delivery *ret)
{
        char headers[400] = "Content-Type: application/json\n";
        const char *id = *message->id ? message->id : "none";
        bool is_standard = is_form(ctx, "standard");
        time_t now = time(NULL);
        _json_ json_t *json = is_standard ? standard_body(message, now) : chat_body(ctx, message);
        _free_ char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
        int r = body ? KN_OK : KN_ENOMEM;

        if (r == 0 && is_standard)
                r = sign(ctx, id, now, body, headers);
        return r < 0 ? r : post(ctx, body, headers, ret);
}

/* A channel of Slack's or Mattermost's has a mark in front; anything else is the webhook's own. */
static int accept_name(struct kn_ctx *ctx, const struct message *message)
{
        if (is_form(ctx, "standard") || !strchr(message->address, '@') ||
            message->address[0] == '@')
                return KN_OK;
        return kn_fail(ctx, KN_EARG, "'%s' is no channel: #channel or @person is wanted",
                       message->address);
}

static const char *kind_of(const char *to)
{
        return to[0] == '#' ? "channel" : to[0] == '@' ? "person" : "webhook";
}

static const struct carrier webhook = { accept_name, send_webhook, kind_of };

static int send_message(struct kn_ctx *ctx)
{
        return message_send(ctx, &webhook);
}

static int list_targets(struct kn_ctx *ctx)
{
        return message_targets(ctx, &webhook);
}

/* ---- check ---- */

/*
 * Nothing can be asked of a webhook without sending. A GET tells whether somebody is there: these
 * systems answer it with a refusal of theirs.
 */
static int check(struct kn_ctx *ctx)
{
        struct kn_http http = { .method = "GET", .url = kn_secret(ctx, "url") };
        unsigned char key[SECRET_MAX];
        size_t len = 0;
        int r = is_form(ctx, "standard") ? signing_key(ctx, key, &len) : KN_OK;

        if (r == 0)
                r = http.url && path_at(http.url) ? kn_http(ctx, &http)
                        : kn_fail(ctx, KN_EARG, "url is no address of a webhook: https://… is wanted");
        if (r < 0)
                return r;
        if (http.status == 404 || http.status == 410 || http.status >= 500)
                return kn_fail(ctx, KN_ENOENT, "the webhook answers %d: make a new address there, "
                               "and set url", (int)http.status);
        return change_give(ctx, json_pack("{s:i, s:s}", "status", (int)http.status, "note",
                                          "somebody is there; only a message tells whether it is "
                                          "taken"));
}

static const char config[] = "{\"type\": \"object\", \"properties\": {"
        "\"form\": {\"type\": \"string\", \"enum\": [\"slack\", \"mattermost\", \"standard\"], "
        "\"default\": \"standard\", \"description\": \"Whose incoming webhook it is\"},"
        "\"url\": {\"type\": \"string\", \"writeOnly\": true, "
        "\"description\": \"The webhook's address; whoever knows it can write there\"},"
        "\"secret\": {\"type\": \"string\", \"writeOnly\": true, "
        "\"description\": \"Of the form standard: the signing secret, whsec_…\"},"
        MESSAGE_CONFIG WEB_TLS
        "}, \"required\": [\"url\"], \"additionalProperties\": false}";

static const struct kn_action actions[] = {
        { .name = "message.send", .run = send_message },
        { .name = "target.list", .run = list_targets, .flags = KN_IDEMPOTENT | KN_READONLY },
};

KN_PLUGIN(.name = "webhook", .version = "1.0", .domain = "notify",
          .summary = "Messages to Slack, Mattermost and Standard Webhooks", .config = config,
          .flags = KN_PARALLEL, .check = check, KN_ACTIONS(actions))
