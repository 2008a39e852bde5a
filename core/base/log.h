/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The daemon's log: one event, one line, on standard error.
 *
 * Rooms up to catalog return what went wrong and never log above debug; host, hub, rest and bin log
 * once, where the decision is taken. A line is "topic what 'object': why" and key=value fields.
 * Not fatal ends in ", ignoring" or ", retrying in 5 s". No secret: values that were handed to
 * log_mask() are replaced by ******** in every line. Any thread.
 */

#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_NOTICE_, LOG_WARNING_, LOG_ERROR_ };
enum log_form { LOG_TEXT, LOG_JSON, LOG_SYSTEMD };      /* LOG_SYSTEMD: text after a <N> prefix */

void log_setup(enum log_level least, enum log_form form);
/* Fields are pairs of const char * that end in NULL; a NULL value leaves its pair out. */
void log_write(enum log_level level, const char *const *fields, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/*
 * Mask this value from now on (short ones, under 4 bytes, are not masked: they would mask words).
 */
void log_mask(const char *secret);
/* Replace what log_mask() knows in a text that goes elsewhere (an error, an output); in place. */
void log_scrub(char *text);

#define LOG_FIELDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define log_debug(...) log_write(LOG_DEBUG_, NULL, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO_, NULL, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE_, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING_, NULL, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR_, NULL, __VA_ARGS__)

#endif
