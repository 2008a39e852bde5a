/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The Kaname plugin ABI, whole.
 *
 * A plugin is one shared object with one exported function, kaname_plugin(). It imports nothing
 * from the host: every service is a door in the table at the head of the context it is handed, so
 * the same file runs inside the core, inside a sandboxed process and inside a unit test without
 * knowing which.
 *
 * Ownership: nothing crosses the border with ownership. What the plugin passes in is copied before
 * the door returns; what a door hands out lives until the callback it was handed to returns.
 *
 * Threads: [call] only on the thread that runs the callback; [any] from the plugin's own threads
 * too, while the callback lives. Callbacks of one instance are serialised unless KN_PARALLEL is
 * set; a sensor's run() has a thread of its own. Join your threads before you return.
 *
 * Text is UTF-8 and ends in NUL; a (pointer, length) pair is bytes. Times are milliseconds.
 *
 * ABI changelog (grow only at the end of a struct; zero means "as before"; never reorder or reuse):
 *   0.9  a draft, never released: objects built with it are refused
 *   1.0  frozen, since five domains stand on it; kn_plugin.domain may name several domains, separated
 *        by spaces; kn_plugin keeps each table's size, number and rows together, as C++20 wants it
 */

#ifndef KANAME_PLUGIN_H
#define KANAME_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KN_MAGIC        0x4b4e414du             /* "KNAM" */
#define KN_ABI(x, y)    ((uint32_t)(x) << 16 | (uint32_t)(y))
#define KN_ABI_VERSION  KN_ABI(1, 0)

struct kn_host;

/* The head of every context; what follows it belongs to the host. One context a callback. */
struct kn_ctx {
        const struct kn_host *host;
        void *self;                     /* the instance's own state: set it in create() */
};

/*
 * What callbacks and doors return: 0 or more is success. The sentence a person reads is set by
 * kn_fail(). Only KN_ETEMP, KN_ETIMEOUT and a KN_IDEMPOTENT action's KN_EREMOTE are worth a retry.
 */
enum {
        KN_OK = 0,
        KN_EARG = -1,                   /* the caller's arguments cannot be used */
        KN_EAUTH = -2,                  /* the system refused our credentials or rights */
        KN_ENOENT = -3,                 /* no such thing there */
        KN_ECONFLICT = -4,              /* it is there already, or is not what was expected */
        KN_ETEMP = -5,                  /* not now: try later */
        KN_EREMOTE = -6,                /* the system answered with a failure, or with nonsense */
        KN_ETIMEOUT = -7,               /* the deadline passed */
        KN_ECANCELED = -8,              /* somebody called it off */
        KN_EUNSUPPORTED = -9,           /* this host, or this system, cannot do that */
        KN_ENOMEM = -10,
        KN_EINTERNAL = -11,             /* a mistake in the plugin */
        KN_EUNKNOWN = -12,              /* a plan needs an effect that was skipped: it ends here */
        KN_EDENIED = -13                /* the hub forbids it: egress list, floor, file */
};

enum { KN_DEBUG, KN_INFO, KN_NOTICE, KN_WARNING, KN_ERROR };                    /* log levels */
enum { KN_ARG = 1, KN_CONFIG, KN_SECRET, KN_STORE, KN_RESULT, KN_CALL };        /* where */
enum { KN_NULL, KN_BOOL, KN_INT, KN_REAL, KN_STR, KN_JSONTEXT };                /* kinds */
enum { KN_OUTPUT = 1, KN_ERROUT, KN_PROGRESS };                                 /* streams */
enum { KN_READ = 1, KN_WRITE = 4 };                                             /* wait() */

enum {                                  /* flags of plugins and actions */
        KN_PARALLEL = 1 << 0,           /* plugin: callbacks of one instance may overlap */
        KN_IDEMPOTENT = 1 << 1,         /* action: running it again does no harm */
        KN_READONLY = 1 << 2,           /* action: changes nothing outside */
        KN_OWN_SOCKETS = 1 << 3         /* plugin: a library of it opens connections: wider sandbox */
};

enum { KN_CAS = 1 << 0 };               /* kn_value.flags, see put() */
enum { KN_SKIP = 0 };                   /* answer of change(): leave the world as it is */

struct kn_value {                       /* frozen: never grows */
        uint32_t kind;
        uint32_t flags;
        int64_t i;                      /* KN_BOOL, KN_INT */
        double r;                       /* KN_REAL; filled for KN_INT too */
        const char *s;                  /* KN_STR, KN_JSONTEXT: NUL after len bytes */
        size_t len;
};

struct kn_http {                        /* the request, then the answer */
        uint32_t size;
        uint32_t flags;                 /* 0 */
        const char *method, *url;       /* http or https; redirects are not followed */
        const char *headers;            /* "Name: value" lines that end in \n; may be NULL */
        const char *body;
        size_t body_len;
        int64_t timeout_ms;             /* 0: until the call's deadline */
        /* the answer */
        int32_t status;
        uint32_t reply_flags;
        const char *reply;              /* never NULL after success; NUL after reply_len bytes */
        size_t reply_len;
        const char *reply_headers;      /* as headers */
};

struct kn_event {
        uint32_t size;
        uint32_t flags;                 /* 0 */
        const char *trigger;            /* a trigger of this plugin, or of its domain */
        const char *payload;            /* JSON object that fits the trigger's schema */
        size_t payload_len;             /* 0: up to the NUL */
        const char *id;                 /* optional: an event of one id is accepted once a day */
        const char *cursor;             /* optional JSON: becomes KN_STORE "cursor" in the same commit */
};

struct kn_change {                      /* one thing in the world that is about to change */
        uint32_t size;
        uint32_t flags;                 /* 0 */
        const char *resource;           /* "dns/example.com/www/A" */
        const char *before, *after;     /* JSON; NULL: was not there, will not be there */
        const char *undo_action;        /* the action that puts before back, such as "record.set" */
        const char *undo_args;          /* and its arguments, a JSON object */
};

/* The doors. A host older than this header has a shorter table: use the helpers below. */
struct kn_host {
        uint32_t size;
        uint32_t abi;
        /* [any] One line for the hub's log and the execution's; secrets that were read are masked. */
        void (*log)(struct kn_ctx *, int level, const char *text);
        /* [call] Set the sentence for the failure that you are about to return; returns code. */
        int (*fail)(struct kn_ctx *, int code, const char *text);
        /*
         * [call] Read the value at path ("a.b.0") of:
         *   KN_ARG     the action's arguments, checked against its schema, defaults filled in
         *   KN_CONFIG  the instance's configuration, likewise
         *   KN_SECRET  a configuration property marked "writeOnly"; only here in the clear
         *   KN_STORE   what this instance put there; survives restarts
         *   KN_CALL    id, attempt, mode ("run", "plan", "undo"), deadline_ms (left), instance, action
         * KN_ENOENT where there is none. Objects and arrays come as KN_JSONTEXT.
         */
        int (*get)(struct kn_ctx *, uint32_t where, const char *path, struct kn_value *ret);
        /*
         * [call] Write KN_RESULT (the action's result, member by member; path "" is all of it),
         * KN_STORE (KN_CAS: only if it is still what this callback last read, else KN_ECONFLICT;
         * KN_NULL removes; a polled sensor's are committed with its events when it returns 0),
         * KN_CALL "again_ms" (a polled sensor's wish for its next turn).
         */
        int (*put)(struct kn_ctx *, uint32_t where, const char *path, const struct kn_value *);
        /* [call] Hand over an event. run(): durable when it returns. poll(): committed on return 0. */
        int (*emit)(struct kn_ctx *, const struct kn_event *);
        /*
         * [call] One HTTP exchange, carried out by the hub: TLS, proxy, egress list, cancel and
         * deadline are its business. KN_OK for any status; KN_EDENIED, KN_EREMOTE (no or broken
         * answer), KN_ETIMEOUT, KN_ECANCELED with the sentence set.
         */
        int (*http)(struct kn_ctx *, struct kn_http *);
        /* [call] Connect to "tcp:HOST:PORT" or "unix:PATH" under the egress list: a descriptor, yours to close. */
        int (*dial)(struct kn_ctx *, const char *address, int64_t timeout_ms);
        /*
         * [any] Wait for events on fd (or only for time, fd -1). The events that are ready, 0 when
         * timeout_ms passed, KN_ECANCELED or KN_ETIMEOUT when the call should end. wait(-1, 0, 0) asks.
         */
        int (*wait)(struct kn_ctx *, int fd, int events, int64_t timeout_ms);
        /* [any] Append to the execution's output, or report progress ("0.5 half way"). */
        int (*stream)(struct kn_ctx *, uint32_t kind, const void *data, size_t len);
        /*
         * [call] Announce a change before making it. KN_SKIP: this is a plan, go on without.
         * > 0: a ticket; the intent is durable, make the change and close it with changed().
         * KN_ECONFLICT: the approved plan says otherwise; return it. before equal to after: KN_SKIP.
         */
        int (*change)(struct kn_ctx *, const struct kn_change *);
        /* [call] Close a ticket with KN_OK or the failure, and with what was read back (JSON, NULL: gone). */
        int (*changed)(struct kn_ctx *, int ticket, int outcome, const char *observed);
        /* [any] Where the ABI grows: a const vtable by id, "kn.NAME/REVISION", or NULL. None exists yet. */
        const void *(*extension)(struct kn_ctx *, const char *id);
};

struct kn_action {
        const char *name;               /* "record.set"; [a-z0-9_] words joined by dots */
        const char *summary;            /* one line; NULL where the domain's contract says it */
        const char *params, *returns;   /* JSON Schema; NULL where the domain's contract says it */
        int (*run)(struct kn_ctx *);
        uint32_t flags;
        uint32_t timeout_ms;            /* 0: the hub's default, a minute */
};

struct kn_trigger {
        const char *name;               /* "zone.changed" */
        const char *summary;
        const char *payload;            /* JSON Schema */
};

struct kn_sensor {
        const char *name, *summary;
        int (*poll)(struct kn_ctx *);   /* called every interval_ms; KN_ETEMP backs off ... */
        int (*run)(struct kn_ctx *);    /* ... or once, until wait() says stop */
        uint32_t interval_ms;
        uint32_t flags;                 /* 0 */
};

struct kn_plugin {
        uint32_t magic, abi, size;                              /* the head: first, forever */
        uint32_t needs;                                         /* ABI it cannot live without; 0: 1.0 */
        uint32_t flags;
        const char *name, *version, *summary;
        const char *domain;                                     /* "dns", "ticket account"; NULL */
        const char *config;                                     /* JSON Schema; "writeOnly": true is a secret */
        const char *access;                                     /* JSON: {"files": [{"path": …, "write": true}], …} */
        int (*create)(struct kn_ctx *);                         /* all three optional, once an instance */
        void (*destroy)(struct kn_ctx *);
        int (*check)(struct kn_ctx *);                          /* contact the system, say what works */
        uint32_t action_size, n_actions;                        /* strides: rows may grow */
        const struct kn_action *actions;
        uint32_t trigger_size, n_triggers;
        const struct kn_trigger *triggers;
        uint32_t sensor_size, n_sensors;
        const struct kn_sensor *sensors;
};

#ifdef __cplusplus
#define KN_C_ABI extern "C"
#else
#define KN_C_ABI
#endif

/* JSON written without quotes and escapes: KN_JSON({ "type": "string" }) */
#define KN_JSON(...)    #__VA_ARGS__
#define KN_ROWS(a)      (uint32_t)(sizeof (a) / sizeof *(a))
#define KN_ACTIONS(a)   .action_size = sizeof *(a), .n_actions = KN_ROWS(a), .actions = (a)
#define KN_TRIGGERS(a)  .trigger_size = sizeof *(a), .n_triggers = KN_ROWS(a), .triggers = (a)
#define KN_SENSORS(a)   .sensor_size = sizeof *(a), .n_sensors = KN_ROWS(a), .sensors = (a)

/* The one symbol. Pure: a pointer to constant data, no side effect, as often as anybody likes. */
#define KN_PLUGIN(...)                                                                  \
        KN_C_ABI __attribute__((visibility("default")))                                 \
        const struct kn_plugin *kaname_plugin(void);                                    \
        const struct kn_plugin *kaname_plugin(void)                                     \
        {                                                                               \
                static const struct kn_plugin plugin = {                                \
                        .magic = KN_MAGIC, .abi = KN_ABI_VERSION,                       \
                        .size = sizeof plugin, __VA_ARGS__ };                           \
                return &plugin;                                                         \
        }

#define KN_HAS(ctx, door) \
        (offsetof(struct kn_host, door) < (ctx)->host->size && (ctx)->host->door)

/* Say why, and return it: return kn_fail(ctx, KN_EREMOTE, "zone %s refused: %s", zone, why); */
__attribute__((format(printf, 3, 4)))
static inline int kn_fail(struct kn_ctx *ctx, int code, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        return (ctx->host->fail)(ctx, code, text);      /* in brackets: <check.h> has a macro of this name */
}

__attribute__((format(printf, 3, 4)))
static inline void kn_log(struct kn_ctx *ctx, int level, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        ctx->host->log(ctx, level, text);
}

static inline const char *kn_str(struct kn_ctx *ctx, uint32_t where, const char *path, const char *or_else)
{
        struct kn_value v;

        return ctx->host->get(ctx, where, path, &v) < 0 || (v.kind != KN_STR && v.kind != KN_JSONTEXT)
                ? or_else : v.s;
}

static inline int64_t kn_int(struct kn_ctx *ctx, uint32_t where, const char *path, int64_t or_else)
{
        struct kn_value v;

        return ctx->host->get(ctx, where, path, &v) < 0 || (v.kind != KN_INT && v.kind != KN_BOOL)
                ? or_else : v.i;
}

#define kn_arg_str(ctx, path, or_else)    kn_str(ctx, KN_ARG, path, or_else)
#define kn_arg_int(ctx, path, or_else)    kn_int(ctx, KN_ARG, path, or_else)
#define kn_arg_bool(ctx, path, or_else)   (kn_int(ctx, KN_ARG, path, or_else) != 0)
#define kn_config_str(ctx, path, or_else) kn_str(ctx, KN_CONFIG, path, or_else)
#define kn_config_int(ctx, path, or_else) kn_int(ctx, KN_CONFIG, path, or_else)
#define kn_secret(ctx, path)              kn_str(ctx, KN_SECRET, path, NULL)

static inline int kn_put_text(struct kn_ctx *ctx, uint32_t where, const char *path, uint32_t kind, const char *s)
{
        struct kn_value v = { kind, 0, 0, 0, s, 0 };

        if (!s)
                v.kind = KN_NULL;
        else
                v.len = strlen(s);
        return ctx->host->put(ctx, where, path, &v);
}

static inline int kn_put_int(struct kn_ctx *ctx, uint32_t where, const char *path, uint32_t kind, int64_t i)
{
        struct kn_value v = { kind, 0, i, (double)i, NULL, 0 };

        return ctx->host->put(ctx, where, path, &v);
}

#define kn_return_str(ctx, path, s)       kn_put_text(ctx, KN_RESULT, path, KN_STR, s)
#define kn_return_json(ctx, path, s)      kn_put_text(ctx, KN_RESULT, path, KN_JSONTEXT, s)
#define kn_return_int(ctx, path, i)       kn_put_int(ctx, KN_RESULT, path, KN_INT, i)
#define kn_return_bool(ctx, path, b)      kn_put_int(ctx, KN_RESULT, path, KN_BOOL, !!(b))

static inline int kn_wait(struct kn_ctx *ctx, int fd, int events, int64_t ms)
{
        return KN_HAS(ctx, wait) ? ctx->host->wait(ctx, fd, events, ms) : KN_EUNSUPPORTED;
}

static inline int kn_dial(struct kn_ctx *ctx, const char *address, int64_t timeout_ms)
{
        return KN_HAS(ctx, dial) ? ctx->host->dial(ctx, address, timeout_ms) : KN_EUNSUPPORTED;
}

static inline int kn_http(struct kn_ctx *ctx, struct kn_http *http)
{
        http->size = sizeof *http;
        return KN_HAS(ctx, http) ? ctx->host->http(ctx, http) : KN_EUNSUPPORTED;
}

static inline int kn_emit(struct kn_ctx *ctx, const char *trigger, const char *payload, const char *id)
{
        struct kn_event e;

        memset(&e, 0, sizeof e);
        e.size = sizeof e;
        e.trigger = trigger;
        e.payload = payload;
        e.id = id;
        return KN_HAS(ctx, emit) ? ctx->host->emit(ctx, &e) : KN_EUNSUPPORTED;
}

/* Announce a change: > 0 make it and close it with kn_changed(), KN_SKIP leave the world alone, < 0 stop. */
static inline int kn_change(struct kn_ctx *ctx, const struct kn_change *change)
{
        return KN_HAS(ctx, change) ? ctx->host->change(ctx, change) : KN_EUNSUPPORTED;
}

static inline int kn_changed(struct kn_ctx *ctx, int ticket, int outcome, const char *observed)
{
        return KN_HAS(ctx, changed) ? ctx->host->changed(ctx, ticket, outcome, observed) : KN_EUNSUPPORTED;
}

#endif
