/* SPDX-License-Identifier: Apache-2.0 */

/* Owners clean up when they leave their scope; every destructor accepts NULL. */

#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* For `struct noun *noun_free(struct noun *)`: lets a pointer be declared _cleanup_(noun_freep). */
#define CLEANUP_DEFINE(type, func)                              \
        static inline void func##p(type *p)                     \
        {                                                       \
                if (*p)                                         \
                        func(*p);                               \
        }                                                       \
        struct cleanup_needs_a_semicolon_##func

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static inline void cleanup_file(FILE **file)
{
        if (*file)
                fclose(*file);
}

static inline void cleanup_json(json_t **j)
{
        json_decref(*j);
}

#define _free_ _cleanup_(cleanup_free)
#define _close_ _cleanup_(cleanup_close)
#define _json_ _cleanup_(cleanup_json)

/* Hand ownership on: `*ret = TAKE(p);` */
#define TAKE(p) __extension__({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })
#define TAKE_FD(fd) __extension__({ int taken_ = (fd); (fd) = -1; taken_; })

#endif
