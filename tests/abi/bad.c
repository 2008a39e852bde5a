/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Objects that must be refused, or must be understood though they are of another age: BAD chooses.
 */

#include <kaname/plugin.h>

#include <stdlib.h>
#include <unistd.h>

static int run(struct kn_ctx *ctx)
{
        return kn_return_str(ctx, "said", "it works");
}

#define MAGIC 1
#define MAJOR 2
#define NEEDS 3
#define SCHEMA 4
#define SIZE 5
#define STRIDE 6
#define ROWS 7
#define NAME 8
#define NO_SYMBOL 9
#define CRASH 10
#define SLOW 11
#define TWICE 12
#define NO_RUN 13
#define DOMAINS 14
#define NEWER 20
#define OLDER 21

#if BAD == SCHEMA
#define PARAMS "{ \"type\": "
#else
#define PARAMS KN_JSON({ "type": "object" })
#endif

/* Of tomorrow: rows and the plugin have grown at the end. */
struct new_action {
        struct kn_action now;
        const char *motto;
        uint64_t more[4];
};

struct new_plugin {
        struct kn_plugin now;
        const void *more[8];
};

/* Of yesterday: before rows had flags. */
struct old_action {
        const char *name, *summary, *params, *returns;
        int (*run)(struct kn_ctx *);
};

#define ROW(n) .name = n, .summary = "Do it", .params = PARAMS, .run = BAD == NO_RUN ? NULL : run

#if BAD == NEWER
static const struct new_action actions[] = {
        { .now = { ROW("do") }, .motto = "later" },
        { .now = { ROW("again") }, .motto = "later still" },
};
#define FIRST (&actions[0].now)
#elif BAD == OLDER
static const struct old_action actions[] = { { ROW("do") }, { ROW("again") } };
#define FIRST ((const struct kn_action *)(const void *)actions)
#else
static const struct kn_action actions[] = { { ROW("do") }, { ROW(BAD == TWICE ? "do" : "again") } };
#define FIRST actions
#endif

static const struct new_plugin
        plugin = { .now = {
                           .magic = BAD == MAGIC ? 0x12345678u : KN_MAGIC,
                           .abi = BAD == MAJOR   ? KN_ABI(7, 1)
                                  : BAD == NEWER ? KN_ABI(1, 99)
                                                 : KN_ABI_VERSION,
                           .needs = BAD == NEEDS ? KN_ABI(1, 99) : 0,
                           .size = BAD == SIZE    ? 12
                                   : BAD == NEWER ? sizeof plugin
                                   : BAD == OLDER ? offsetof(struct kn_plugin, sensors)
                                                  : sizeof(struct kn_plugin),
                           .name = BAD == NAME ? "No Such Name!" : "odd",
                           .version = "1.0",
                           .summary = "Odd on purpose",
                           .domain = BAD == DOMAINS ? "dns  mail" : NULL,
                           .action_size = BAD == STRIDE ? 3 : sizeof *actions,
                           .n_actions = BAD == ROWS ? 1000000 : 2,
                           .actions = FIRST,
                           /* Behind the end of what an old object has: not to be looked at. */
                           .sensors = BAD == OLDER ? (const struct kn_sensor *)16 : NULL,
                   } };

#if BAD == CRASH
__attribute__((constructor)) static void crash(void)
{
        abort();
}
#elif BAD == SLOW
__attribute__((constructor)) static void linger(void)
{
        for (;;)
                pause();
}
#endif

#if BAD == NO_SYMBOL
#define kaname_plugin not_it
#endif
const struct kn_plugin *kaname_plugin(void);
__attribute__((visibility("default"))) const struct kn_plugin *kaname_plugin(void)
{
        return &plugin.now;
}
