/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hub of cardboard for the command's tests: canned answers on a port of the kernel's, and what
 * was asked.
 */

#ifndef TESTS_CLI_HUB_H
#define TESTS_CLI_HUB_H

#include "suite.h"

#include <jansson.h>
#include <locale.h>
#include <string.h>

struct hub_route {
        const char *method, *path;      /* path without the query */
        unsigned status;                /* 0: 200 */
        const char *body;
        const char *type;               /* NULL: application/json */
};

struct cardboard;

/* Routes end in one without a path. A path that comes twice answers in turn, the last for good. */
struct cardboard *cardboard_start(const struct hub_route *routes);
void cardboard_stop(struct cardboard *hub);
const char *cardboard_url(const struct cardboard *hub);
/* What came in so far: [{method, path, query, body, authorization, once, type}]; borrowed. */
const json_t *cardboard_requests(struct cardboard *hub);
const char *cardboard_asked(struct cardboard *hub, size_t i, const char *member);

/* Run the command with these words (NULL-terminated, without "kaname") against it. */
struct told {
        int code;
        char *out, *err;
};
struct told cardboard_run(struct cardboard *hub, const char *input, const char *const *words);
void told_free(struct told *told);
#define TELL(hub, ...) cardboard_run(hub, "", (const char *const[]){ __VA_ARGS__, NULL })

/* Nothing of whoever runs the tests reaches the command. */
static inline void cardboard_alone(void)
{
        setlocale(LC_CTYPE, "C.UTF-8");
        unsetenv("KANAME_TOKEN");
        unsetenv("KANAME_SOCKET");
        setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
}

static inline void has(const char *text, const char *part)
{
        ck_assert_msg(strstr(text, part) != NULL, "\"%s\" lacks \"%s\"", text, part);
}

static inline void lacks(const char *text, const char *part)
{
        ck_assert_msg(strstr(text, part) == NULL, "\"%s\" has \"%s\"", text, part);
}

#endif
