/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint32_t counter;
static uint16_t tag;
static pid_t tag_owner;

/* A forked child must not go on with its parent's tag and counter. */
static void seed(void)
{
        uint16_t random = 0;

        if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
                random = (uint16_t)(getpid() * 40503u);
        tag = random;
        tag_owner = getpid();
        counter = 0;
}

struct id id_new(void)
{
        struct id id;
        uint64_t ms = (uint64_t)clock_real_ms();
        uint32_t n;
        uint16_t t;

        pthread_mutex_lock(&lock);
        if (tag_owner != getpid())
                seed();
        if (ms > last_ms)
                last_ms = ms;
        ms = last_ms;
        n = counter++;
        t = tag;
        pthread_mutex_unlock(&lock);
        for (int i = 0; i < 6; i++)
                id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
        id.b[6] = (uint8_t)(t >> 8);
        id.b[7] = (uint8_t)t;
        for (int i = 0; i < 4; i++)
                id.b[8 + i] = (uint8_t)(n >> (24 - 8 * i));
        return id;
}

bool id_is_zero(const struct id *id)
{
        static const struct id zero;

        return id_equal(id, &zero);
}

bool id_equal(const struct id *a, const struct id *b)
{
        return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int64_t id_time_ms(const struct id *id)
{
        int64_t ms = 0;

        for (int i = 0; i < 6; i++)
                ms = ms << 8 | id->b[i];
        return ms;
}

const char *id_text(const struct id *id, char text[ID_TEXT_SIZE])
{
        static const char digits[] = "0123456789abcdef";

        for (int i = 0; i < 12; i++) {
                text[2 * i] = digits[id->b[i] >> 4];
                text[2 * i + 1] = digits[id->b[i] & 15];
        }
        text[24] = '\0';
        return text;
}

static int nibble(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

bool id_parse(const char *text, struct id *ret)
{
        struct id id;

        if (!text)
                return false;
        for (int i = 0; i < 12; i++) {
                int high = nibble(text[2 * i]);
                int low = high < 0 ? -1 : nibble(text[2 * i + 1]);

                if (low < 0)
                        return false;
                id.b[i] = (uint8_t)(high << 4 | low);
        }
        if (text[24])
                return false;
        *ret = id;
        return true;
}
