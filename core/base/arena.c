/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

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
        struct arena_chunk *chunk = room > (size_t)-1 / 2 ? NULL : malloc(sizeof *chunk + room);

        if (!chunk)
                return NULL;
        chunk->adopted = NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        return chunk;
}

void arena_begin(struct arena *arena, void *room, size_t len)
{
        *arena = (struct arena){ room, len, NULL };
}

/* Big pieces get a chunk of their own, and what is left of the present part stays in use. */
void *arena_alloc(struct arena *arena, size_t len)
{
        const size_t align = alignof(max_align_t);
        size_t need = (len + align - 1) / align * align;
        struct arena_chunk *chunk;
        char *piece = arena->at;

        if (need < len)
                return NULL;
        if (need > arena->left) {
                chunk = chunk_add(arena, need > CHUNK / 4 ? need : CHUNK);
                if (!chunk)
                        return NULL;
                if (need > CHUNK / 4)
                        return chunk->data;
                piece = chunk->data;
                arena->left = CHUNK;
        }
        arena->at = piece + need;
        arena->left -= need;
        return piece;
}

char *arena_bytes(struct arena *arena, const void *s, size_t len)
{
        char *copy = arena_alloc(arena, len + 1);

        if (!copy)
                return NULL;
        if (len)
                memcpy(copy, s, len);
        copy[len] = '\0';
        return copy;
}

char *arena_text(struct arena *arena, const char *s)
{
        return s ? arena_bytes(arena, s, strlen(s)) : NULL;
}

void *arena_adopt(struct arena *arena, void *memory)
{
        struct arena_chunk *chunk = memory ? chunk_add(arena, 0) : NULL;

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
