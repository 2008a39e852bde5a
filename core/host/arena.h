/* SPDX-License-Identifier: Apache-2.0 */

/* What doors hand to a plugin lives until its callback returns: it comes from here and goes at once. */

#ifndef HOST_ARENA_H
#define HOST_ARENA_H

#include <stddef.h>

struct arena {
        struct arena_chunk *chunks;     /* the newest first */
        size_t used, room;              /* of the newest */
};

#define ARENA_INIT { NULL, 0, 0 }

void *arena_alloc(struct arena *arena, size_t len);             /* aligned for anything; NULL: no memory */
char *arena_text(struct arena *arena, const void *s, size_t len);       /* a copy, with a NUL behind */
/* Take over what malloc gave; freed with the rest, and at once when there is no memory (then NULL). */
void *arena_adopt(struct arena *arena, void *memory);
void arena_deinit(struct arena *arena);

#endif
