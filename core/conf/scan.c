/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libconfig says "syntax error" and a line, often that of the end of the file; it wraps integers,
 * and of a key set twice it knows one place only. This walks the same tokens first and finds what
 * it can say better: text and brackets that never end, with the line where they began; numbers that
 * no integer holds; keys set twice, with both lines. It decides nothing about the grammar beyond
 * that.
 */

#include "conf/read.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct level {
        char open;
        unsigned line;
        json_t *names;                  /* of a group: key to line */
};

struct scan {
        struct conf_file *file;
        const char *at, *end;
        unsigned line;
        struct level levels[CONF_DEPTH_MAX + 1];
        unsigned depth;
        const char *name;               /* a word that is a key if "=" or ":" follows */
        size_t name_len;
        unsigned name_line;
        struct text *out;
};

static char peek(const struct scan *scan, size_t ahead)
{
        return (size_t)(scan->end - scan->at) > ahead ? scan->at[ahead] : '\0';
}

static void take(struct scan *scan, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (scan->at[i] == '\n')
                        scan->line++;
        text_add_bytes(scan->out, scan->at, n);
        scan->at += n;
}

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* A comment is replaced by nothing but its line ends. */
static bool skip_comment(struct scan *scan)
{
        const char *end;

        if (peek(scan, 0) == '#' || peek(scan, 1) == '/') {
                end = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
                scan->at = end ? end : scan->end;
                return true;
        }
        end = memmem(scan->at, (size_t)(scan->end - scan->at), "*/", 2);
        if (!end) {
                conf_problem(scan->file, scan->line, "close it with */",
                             "this comment never ends");
                return false;
        }
        for (; scan->at < end; scan->at++) {
                if (*scan->at != '\n')
                        continue;
                scan->line++;
                text_add(scan->out, "\n");
        }
        scan->at += 2;
        text_add(scan->out, " ");
        return true;
}

static bool take_string(struct scan *scan)
{
        size_t n = 1;

        while (peek(scan, n) && peek(scan, n) != '"' && peek(scan, n) != '\n')
                n += peek(scan, n) == '\\' && peek(scan, n + 1) ? 2 : 1;
        if (peek(scan, n) != '"') {
                conf_problem(scan->file, scan->line,
                             "close it with \", or write \\n for a new line",
                             "this text does not end on its line");
                return false;
        }
        take(scan, n + 1);
        return true;
}

static size_t digits(const struct scan *scan, size_t from, bool hex)
{
        size_t n = 0;

        while (hex ? isxdigit((unsigned char)peek(scan, from + n))
                   : isdigit((unsigned char)peek(scan, from + n)))
                n++;
        return n;
}

/* How long a number is, and whether it is whole. */
static size_t number_length(const struct scan *scan, bool *ret_whole)
{
        size_t sign = peek(scan, 0) == '-' || peek(scan, 0) == '+', n = sign, exponent;

        *ret_whole = true;
        if (peek(scan, n) == '0' && (peek(scan, n + 1) | 0x20) == 'x' && digits(scan, n + 2, true))
                return n + 2 + digits(scan, n + 2, true);
        n += digits(scan, n, false);
        if (peek(scan, n) == '.') {
                *ret_whole = false;
                n += 1 + digits(scan, n + 1, false);
        }
        if ((peek(scan, n) | 0x20) == 'e') {
                exponent = n + 1 + (peek(scan, n + 1) == '-' || peek(scan, n + 1) == '+');
                if (digits(scan, exponent, false)) {
                        *ret_whole = false;
                        n = exponent + digits(scan, exponent, false);
                }
        }
        return n;
}

static bool take_number(struct scan *scan)
{
        char copy[32];
        bool whole;
        size_t n = number_length(scan, &whole);

        if (!whole) {
                take(scan, n);
                return true;
        }
        errno = n < sizeof copy ? 0 : ERANGE;
        if (!errno) {
                memcpy(copy, scan->at, n);
                copy[n] = '\0';
                strtoll(copy, NULL, strpbrk(copy, "xX") ? 16 : 10);
        }
        if (errno) {
                conf_problem(scan->file, scan->line, "at most 9223372036854775807",
                             "%.*s%s is too large a number", (int)(n < 40 ? n : 40), scan->at,
                             n < 40 ? "" : "…");
                n = strspn(scan->at, "+-0123456789abcdefABCDEFxX");
                scan->at += n;
                text_add(scan->out, "0L");
                return true;
        }
        take(scan, n);
        for (n = 0; peek(scan, n) == 'L' && n < 2; n++)
                ;
        scan->at += n;
        text_add(scan->out, "L");
        return true;
}

static void take_word(struct scan *scan)
{
        size_t n = 0;

        while (is_word(peek(scan, n)))
                n++;
        scan->name = scan->at;
        scan->name_len = n;
        scan->name_line = scan->line;
        take(scan, n);
}

/* The word before this "=" or ":" is a key. */
static void note_key(struct scan *scan)
{
        struct level *level = &scan->levels[scan->depth];
        char name[128];
        json_t *first;

        if (!scan->name || !level->names || scan->name_len >= sizeof name)
                return;
        memcpy(name, scan->name, scan->name_len);
        name[scan->name_len] = '\0';
        first = json_object_get(level->names, name);
        if (first)
                conf_problem(scan->file, scan->name_line, "keep one of them",
                             "%s is set twice in one place, first at %s:%d", name, scan->file->path,
                             (int)json_integer_value(first));
        else
                json_object_set_new(level->names, name, json_integer((json_int_t)scan->name_line));
}

static bool open_level(struct scan *scan)
{
        struct level *level;

        if (scan->depth == CONF_DEPTH_MAX) {
                conf_problem(scan->file, scan->line, "flatten it", "nested deeper than %d levels",
                             CONF_DEPTH_MAX);
                return false;
        }
        level = &scan->levels[++scan->depth];
        level->open = peek(scan, 0);
        level->line = scan->line;
        level->names = level->open == '{' ? json_object() : NULL;
        return true;
}

static char closer(char open)
{
        return open == '{' ? '}' : open == '[' ? ']' : ')';
}

static bool close_level(struct scan *scan)
{
        struct level *level = &scan->levels[scan->depth];
        char remedy[64];

        if (!scan->depth) {
                conf_problem(scan->file, scan->line, "remove it, or open it before",
                             "%c closes nothing", peek(scan, 0));
                return false;
        }
        if (peek(scan, 0) != closer(level->open)) {
                snprintf(remedy, sizeof remedy, "write %c before it", closer(level->open));
                conf_problem(scan->file, scan->line, remedy, "%c closes the %c of line %u",
                             peek(scan, 0), level->open, level->line);
                return false;
        }
        json_decref(level->names);
        level->names = NULL;
        scan->depth--;
        return true;
}

static bool take_mark(struct scan *scan)
{
        char c = peek(scan, 0);

        if (c == '=' || c == ':')
                note_key(scan);
        if (!isspace((unsigned char)c))
                scan->name = NULL;
        if (c == '@') {
                conf_problem(scan->file, scan->line, "put the file into conf.d",
                             "files cannot include others");
                return false;
        }
        if (strchr("{[(", c) && !open_level(scan))
                return false;
        if (strchr("}])", c) && !close_level(scan))
                return false;
        take(scan, 1);
        return true;
}

static bool take_token(struct scan *scan)
{
        char c = peek(scan, 0), next = peek(scan, 1);

        if (c == '#' || (c == '/' && (next == '/' || next == '*')))
                return skip_comment(scan);
        if (c == '"')
                return scan->name = NULL, take_string(scan);
        if (isdigit((unsigned char)c) ||
            ((c == '-' || c == '+') && isdigit((unsigned char)next)) ||
            (c == '.' && isdigit((unsigned char)next)))
                return scan->name = NULL, take_number(scan);
        if (isalpha((unsigned char)c) || c == '*')
                return take_word(scan), true;
        return take_mark(scan);
}

static bool is_text(struct conf_file *file, const char *s, size_t len)
{
        const char *end = s + len;
        unsigned line = 1;

        for (const char *next; s < end; s = next, line++) {
                const char *lf = memchr(s, '\n', (size_t)(end - s));

                next = lf ? lf + 1 : end;
                if (memchr(s, '\0', (size_t)(next - s))) {
                        conf_problem(file, line, "save it as text", "there is a zero byte here");
                        return false;
                }
                if (!text_is_utf8(s, (size_t)(next - s))) {
                        conf_problem(file, line, "save it as UTF-8", "this is not UTF-8");
                        return false;
                }
        }
        return true;
}

bool conf_scan(struct conf_file *file, const char *s, size_t len, struct text *out)
{
        struct scan scan = { .file = file, .at = s, .end = s + len, .line = 1, .out = out };
        unsigned before = file->n_problems;
        bool going = is_text(file, s, len);

        scan.levels[0].names = json_object();
        while (going && scan.at < scan.end)
                going = take_token(&scan);
        if (going && scan.depth)
                conf_problem(file, scan.levels[scan.depth].line, "close it", "this %c never ends",
                             scan.levels[scan.depth].open);
        for (unsigned i = 0; i <= scan.depth; i++)
                json_decref(scan.levels[i].names);
        text_add(out, "\n");
        return file->n_problems == before;
}
