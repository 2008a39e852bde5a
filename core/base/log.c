/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MASKS_MAX 4096          /* secrets remembered; a hub has tens */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic enum log_level log_least = LOG_INFO_;
static enum log_form log_form = LOG_TEXT;
static char *masks[MASKS_MAX];
static size_t n_masks;

static const char *const level_names[] = { "debug", "info", "notice", "warning", "error" };
static const char level_priorities[] = { '7', '6', '5', '4', '3' };

void log_setup(enum log_level least, enum log_form form)
{
        pthread_mutex_lock(&lock);
        log_least = least;
        log_form = form;
        pthread_mutex_unlock(&lock);
}

/* Longer ones first: a mask over the front of a secret would hide the rest from its own mask. */
static void remember(const char *secret)
{
        char *copy = strdup(secret);
        size_t i = n_masks;

        if (!copy)
                return;
        for (; i > 0 && strlen(masks[i - 1]) < strlen(copy); i--)
                masks[i] = masks[i - 1];
        masks[i] = copy;
        n_masks++;
}

void log_mask(const char *secret)
{
        size_t i;

        if (!secret || strlen(secret) < 4)
                return;
        pthread_mutex_lock(&lock);
        for (i = 0; i < n_masks && strcmp(masks[i], secret) != 0; i++)
                ;
        if (i == n_masks && n_masks < MASKS_MAX)
                remember(secret);
        pthread_mutex_unlock(&lock);
}

static void scrub_locked(char *text)
{
        for (size_t i = 0; i < n_masks; i++)
                for (char *at = text; (at = strstr(at, masks[i])); at++)
                        memset(at, '*', strlen(masks[i]));
}

void log_scrub(char *text)
{
        pthread_mutex_lock(&lock);
        scrub_locked(text);
        pthread_mutex_unlock(&lock);
}

/*
 * A copy that can go into a line: masked before anything is escaped (an escaped secret would not be
 * found), and without what could move a terminal's cursor or is not UTF-8.
 */
static char *clean(const char *said)
{
        char *copy = strdup(said);
        size_t len = copy ? strlen(copy) : 0;
        bool utf8 = text_is_utf8(said, len);

        if (!copy)
                return NULL;
        scrub_locked(copy);
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)copy[i];

                if ((c < ' ' && c != '\n') || c == 0x7f)
                        copy[i] = ' ';
                else if (c >= 0x80 && !utf8)
                        copy[i] = '?';
        }
        return copy;
}

/* A value of the text form is quoted only where it would be misread. */
static void add_value(struct text *line, const char *value)
{
        if (*value && !strpbrk(value, " \"=\n\t")) {
                text_add(line, value);
                return;
        }
        text_add(line, "\"");
        for (; *value; value++) {
                if (*value == '\n')
                        text_add(line, "\\n");
                else if (*value == '"' || *value == '\\')
                        text_addf(line, "\\%c", *value);
                else
                        text_add_bytes(line, value, 1);
        }
        text_add(line, "\"");
}

static void write_text(struct text *line, enum log_level level, const char *const *fields,
                       const char *said)
{
        char when[CLOCK_TEXT_SIZE], *value;

        if (log_form == LOG_SYSTEMD)
                text_addf(line, "<%c>", level_priorities[level]);
        else
                text_addf(line, "%s %-7s ", clock_text(clock_real_ms(), when), level_names[level]);
        for (; *said; said++)
                text_add_bytes(line, *said == '\n' ? " " : said, 1);
        for (; fields && fields[0]; fields += 2) {
                if (!fields[1])
                        continue;
                text_addf(line, " %s=", fields[0]);
                value = clean(fields[1]);
                add_value(line, value ? value : "");
                free(value);
        }
}

static void write_json(struct text *line, enum log_level level, const char *const *fields,
                       const char *said)
{
        char when[CLOCK_TEXT_SIZE], *dump, *value;
        json_t *object = json_pack("{s:s, s:s, s:s+}", "time", clock_text(clock_real_ms(), when),
                                   "level", level_names[level], "message", said, "");

        if (!object)
                return;
        for (; fields && fields[0]; fields += 2) {
                value = fields[1] ? clean(fields[1]) : NULL;
                if (value)
                        json_object_set_new(object, fields[0], json_string(value));
                free(value);
        }
        dump = json_dumps(object, JSON_COMPACT);
        if (dump)
                text_add(line, dump);
        free(dump);
        json_decref(object);
}

void log_write(enum log_level level, const char *const *fields, const char *fmt, ...)
{
        _text_ struct text line = TEXT_INIT;
        char *said = NULL, *cleaned;
        va_list ap;

        if (level < log_least)
                return;
        va_start(ap, fmt);
        if (vasprintf(&said, fmt, ap) < 0)
                said = NULL;
        va_end(ap);
        if (!said)
                return;
        pthread_mutex_lock(&lock);
        cleaned = clean(said);
        if (cleaned)
                (log_form == LOG_JSON ? write_json : write_text)(&line, level, fields, cleaned);
        free(cleaned);
        if (line.s) {
                text_add(&line, "\n");
                if (write(STDERR_FILENO, line.s, line.len) < 0)
                        log_least =
                                LOG_ERROR_; /* nobody listens: do not format what cannot be said */
        }
        pthread_mutex_unlock(&lock);
        free(said);
}
