/* SPDX-License-Identifier: Apache-2.0 */
#include "host/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 4000              /* with malloc's own head just under a page */

struct arena_chunk {
        struct arena_chunk *next;
        void *adopted;          /* freed with the chunk; may be NULL */
        alignas(max_align_t) char data[];
};

static struct arena_chunk *chunk_add(struct arena *arena, size_t room)
{
        struct arena_chunk *chunk = malloc(sizeof *chunk + room);

        if (!chunk)
                return NULL;
        chunk->adopted = NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        return chunk;
}

/* Big pieces get a chunk of their own behind the newest, so that the room left in that one stays in use. */
static struct arena_chunk *chunk_behind(struct arena *arena, size_t room)
{
        struct arena_chunk *newest = arena->chunks, *chunk = chunk_add(arena, room);

        if (chunk && newest) {
                arena->chunks = newest;
                chunk->next = newest->next;
                newest->next = chunk;
        }
        return chunk;
}

static void *alloc_big(struct arena *arena, size_t len)
{
        struct arena_chunk *chunk = len > (size_t)-1 / 2 ? NULL : chunk_behind(arena, len);

        return chunk ? chunk->data : NULL;
}

void *arena_alloc(struct arena *arena, size_t len)
{
        const size_t align = alignof(max_align_t);
        void *piece;

        if (len > CHUNK / 2)
                return alloc_big(arena, len);
        len = (len + align - 1) / align * align;
        if (!arena->chunks || arena->room - arena->used < len) {
                if (!chunk_add(arena, CHUNK))
                        return NULL;
                arena->used = 0;
                arena->room = CHUNK;
        }
        piece = arena->chunks->data + arena->used;
        arena->used += len;
        return piece;
}

char *arena_text(struct arena *arena, const void *s, size_t len)
{
        char *copy = arena_alloc(arena, len + 1);

        if (!copy)
                return NULL;
        if (len)
                memcpy(copy, s, len);
        copy[len] = '\0';
        return copy;
}

void *arena_adopt(struct arena *arena, void *memory)
{
        struct arena_chunk *chunk = memory ? chunk_behind(arena, 0) : NULL;

        if (!chunk) {
                free(memory);
                return NULL;
        }
        chunk->adopted = memory;
        return memory;
}

void arena_deinit(struct arena *arena)
{
        struct arena_chunk *chunk, *next;

        for (chunk = arena->chunks; chunk; chunk = next) {
                next = chunk->next;
                free(chunk->adopted);
                free(chunk);
        }
        memset(arena, 0, sizeof *arena);
}
