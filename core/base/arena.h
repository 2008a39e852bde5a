/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that is taken piece by piece and given back at once. Not locked. */

#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena {
        char *at;                       /* what is left of the present part */
        size_t left;
        struct arena_chunk *chunks;     /* the newest first */
};

#define ARENA_INIT { NULL, 0, NULL }

/*
 * Begin with a room of the caller's (aligned for anything), so that a small arena costs no malloc.
 */
void arena_begin(struct arena *arena, void *room, size_t len);
void *arena_alloc(struct arena *arena, size_t len); /* aligned for anything; NULL: no memory */
char *arena_bytes(struct arena *arena, const void *s, size_t len); /* a copy, with a NUL behind */
char *arena_text(struct arena *arena, const char *s);           /* a copy; NULL for NULL, too */
/*
 * Take over what malloc gave; freed with the rest, and at once when there is no memory (then NULL).
 */
void *arena_adopt(struct arena *arena, void *memory);
void arena_deinit(struct arena *arena);

#endif
