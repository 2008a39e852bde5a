/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hub for one plugin, in your unit test: the same doors, and everything that went through them to
 * look at afterwards. Link with `pkg-config --libs kaname-mock`.
 *
 *     struct kn_mock *m = kn_mock_open("./hello.so");
 *
 *     assert(kn_mock_run(m, "greet", "{\"name\": \"Ada\"}") == KN_OK);
 *     assert(strcmp(kn_mock_result(m), "{\"greeting\":\"Ada\"}") == 0);
 *     kn_mock_free(m);
 *
 * Arguments (and the configuration, at the first call after it was set) are checked against the
 * plugin's schemas and get their defaults, as in the hub. In a plan change() answers KN_SKIP.
 * http() and dial() reach the real world under the egress list derived from the configuration, but
 * for requests that have a canned reply.
 *
 * What the getters give is theirs and lives until the next call; NULL in, NULL out. One thread at a
 * time, but for kn_mock_cancel().
 */

#ifndef KANAME_MOCK_H
#define KANAME_MOCK_H

#include <kaname/plugin.h>

struct kn_mock;

/* Never NULL unless out of memory: a plugin that cannot be used says why in kn_mock_trouble(). */
struct kn_mock *kn_mock_open(const char *path);
struct kn_mock *kn_mock_new(const struct kn_plugin *plugin);
void kn_mock_free(struct kn_mock *mock);                /* calls destroy() */
const char *kn_mock_trouble(struct kn_mock *mock);      /* NULL: none */

/* ---- before a call; JSON texts; 0, or KN_EARG with kn_mock_sentence() ---- */

int kn_mock_config(struct kn_mock *mock, const char *json);     /* a new configuration is a new instance */
int kn_mock_egress(struct kn_mock *mock, const char *json);     /* ["host:port", …]; NULL: derived */
void kn_mock_secret(struct kn_mock *mock, const char *path, const char *value);
void kn_mock_store(struct kn_mock *mock, const char *path, const char *json);
void kn_mock_timeout(struct kn_mock *mock, int64_t ms);         /* of each call; 0: a minute */
/* Shorten the table of doors, as an older hub would have it; 0: whole. */
void kn_mock_doors(struct kn_mock *mock, uint32_t size);
/* Answer such requests without a network; url may hold * and ?. status 0: as if nobody answered. */
void kn_mock_reply(struct kn_mock *mock, const char *method, const char *url, int status, const char *body);

/* ---- calls: what the hub would record, KN_OK or KN_E ---- */

int kn_mock_run(struct kn_mock *mock, const char *action, const char *args);
int kn_mock_plan(struct kn_mock *mock, const char *action, const char *args);
int kn_mock_undo(struct kn_mock *mock, const char *action, const char *args);   /* mode "undo" */
int kn_mock_poll(struct kn_mock *mock, const char *sensor);     /* one poll(), or run() until it is cancelled */
int kn_mock_check(struct kn_mock *mock);
void kn_mock_cancel(struct kn_mock *mock);                      /* the running call; any thread */

/* ---- after it ---- */

const char *kn_mock_result(struct kn_mock *mock);       /* compact JSON; "null" where nothing was put */
const char *kn_mock_sentence(struct kn_mock *mock);     /* why it failed; NULL: it did not */
const char *kn_mock_output(struct kn_mock *mock);       /* what was streamed, "" for nothing */
const char *kn_mock_log(struct kn_mock *mock);          /* lines "level text\n", with warnings of the mock's own */
/* [{resource, before, after, undo_action, undo_args, state, outcome?, observed?}] */
const char *kn_mock_changes(struct kn_mock *mock);
const char *kn_mock_events(struct kn_mock *mock);       /* [{trigger, payload, id, cursor}] */
const char *kn_mock_requests(struct kn_mock *mock);     /* [{method, url, headers, body}] of http() */
const char *kn_mock_stored(struct kn_mock *mock);       /* all of the store, an object by path */
const char *kn_mock_manifest(struct kn_mock *mock);     /* what the plugin says of itself */
int64_t kn_mock_again_ms(struct kn_mock *mock);         /* a polled sensor's wish; -1: none */

#endif
