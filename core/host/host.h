/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where plugins live. A call goes to the same .so in one of two homes: the core (dlopen here, on a
 * worker thread) or a host (kaname-host, a supervised and sandboxed process, one a plugin version,
 * started at its first call). Neither the caller nor the plugin can tell which.
 *
 * The doors that need the hub (store, events, changes, log) are handed in with each call; http and
 * dial are done here, under the instance's egress list, for both homes alike.
 *
 * Files: host.c (calls), core_*.c (the core home), process.c/wire.c/supervise.c (the host home,
 * this side), child_*.c (run in kaname-host only), door_*.c (http, dial: shared by both homes).
 */

#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "catalog/catalog.h"

#include <kaname/plugin.h>
#include <stdint.h>

struct loop;
struct pool;
struct host;
struct host_call;

/* Codes that only the host side gives, beside the KN_E* of plugin.h. */
enum {
        HOST_ECRASHED = -100,    /* the plugin's process died under the call */
        HOST_EHUNG = -101,       /* it ignored cancel past its deadline; its process was ended */
        HOST_EUNAVAILABLE = -102 /* it crashes again and again: given up until the back-off ends */
};
const char *host_code_text(int code);   /* "remote", "timeout", "crashed", … stable, for records */

struct host_options {
        const char *state_dir;
        const char *program;            /* kaname-host */
        struct loop *loop;              /* processes and wires are served there */
        struct pool *pool;              /* core calls and blocking doors */
        enum catalog_home default_home; /* HOME_AUTO or HOME_HOST */
        const char *trusted; /* file of hashes that may enter the core: `sha256sum` lines; the
                                           manifest of shipped plugins and what `kaname plugin trust` added */
        int64_t grace_ms;               /* from cancel to the process's end; 0: 500 */
        int64_t ping_ms;                /* between pings of a process, and for its answer; 0: 10,000 */
        int64_t backoff_max_ms; /* longest pause before a crashed process starts again; 0: 30,000 */
        uint64_t output_max; /* bytes that one call may stream; beyond it is cut off. 0: 256 MiB */
        uint64_t memory_max;            /* RLIMIT_AS of a host; 0: 1 GiB */
};

int host_new(const struct host_options *options, struct host **ret, struct fault *fault);
/* Cancels what runs, waits for it, ends the processes. */
struct host *host_free(struct host *host);

/*
 * Learn what an object is, in a throw-away sandboxed process with a time limit; keeps a copy as
 * STATE/plugins/HASH.so, from which homes load. FAULT 422 names the file, what was wanted and what
 * was found: plugin.not-elf, .machine, .symbol, .magic, .abi, .needs, .schema, .crashed, .slow.
 * Blocks (tens of ms, answers are kept by hash); any thread but the loop's once it runs.
 */
int host_describe(const char *program, const char *state_dir, const char *path,
                  struct manifest **ret, struct fault *fault);

/*
 * Delete the copies that is_wanted() does not want, and what a describing that was cut short left;
 * nothing may be described meanwhile. 0 or -errno.
 */
int host_sweep(const char *state_dir, bool (*is_wanted)(void *arg, const char *hash), void *arg);

/* ---- calls ---- */

struct host_event {                     /* what emit() hands over */
        const char *trigger, *payload, *id, *cursor;
};

/*
 * What the hub does for a running call. Called on any thread, never on the loop's; each may block.
 * int results are KN_*: negative ones reach the plugin as they are.
 */
struct host_doors {
        /*
         * Exactly once, the last of all: code >= 0 or KN_E or HOST_E, the sentence (may be NULL),
         * result (stolen; may be NULL).
         */
        void (*done)(void *arg, int code, const char *sentence, json_t *result);
        void (*log)(void *arg, int level, const char *text);
        void (*stream)(void *arg, uint32_t kind, const void *data, size_t len);
        /* A secret of the instance's config, resolved and in the clear; freed by the caller. */
        int (*secret)(void *arg, const char *path, char **ret);
        int (*store_get)(void *arg, const char *path, char **ret_json, uint64_t *ret_seq);
        int (*store_put)(void *arg, const char *path, const char *json,
                         uint64_t seq); /* NULL removes; STORE_ANY */
        int (*emit)(void *arg, const struct host_event *event);
        int (*change)(void *arg, const struct kn_change *change);
        int (*changed)(void *arg, int ticket, int outcome, const char *observed);
        void (*again)(void *arg, int64_t ms);           /* a polled sensor's wish */
};

enum host_entry { HOST_ACTION, HOST_POLL, HOST_SENSOR, HOST_CHECK };

struct host_request {
        enum host_entry entry;
        const struct catalog_instance *instance;        /* held by the caller until done() */
        const char *name; /* of the action or sensor, as in the manifest */
        const json_t *args;                             /* borrowed until done() */
        const char *id, *action, *mode;                 /* KN_CALL */
        uint32_t attempt;
        int64_t deadline_mono_ms;                       /* 0: none (a running sensor) */
        const struct host_doors *doors;
        void *arg;
};

/* Start a call; any thread. done() is always called, later and on another thread's stack. */
struct host_call *host_start(struct host *host, const struct host_request *request);
/* Ask it to end: KN_ECANCELED comes, or HOST_EHUNG. Any thread; harmless after done(). */
void host_cancel(struct host *host, struct host_call *call);
/* Drop the caller's handle; to be called once for every host_start(), after or before done(). */
void host_release(struct host_call *call);

/* Which home a call for this instance would go to, and why: "core", "host: not shipped", … */
enum catalog_home host_home(struct host *host, const struct catalog_instance *instance,
                            char why[160]);
/* Admit this file to the core from now on. */
int host_trust(struct host *host, const char *hash, struct fault *fault);
/*
 * What was called, and what else the catalog (NULL: none) has:
 * [{plugin, version, hash, home, why, state, pid, starts, crashes, last_crash, calls, sandbox:
 * {…}}]; new.
 */
json_t *host_report(struct host *host, const struct catalog *catalog);

#endif
