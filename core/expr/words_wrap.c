/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Text in lines of a width, as Python's textwrap fills them: chunks (words, the blanks between them,
 * the parts of a word with hyphens) go on a line while they fit, and blanks at its edges go.
 */
#include "expr/value.h"
#include "expr/words.h"

#include <ctype.h>
#include <string.h>

struct chunk {
        const char *s;
        size_t len, letters;
        bool is_blank;
};

struct filling {
        struct run *run;
        const struct wrapping *how;
        const char *s, *end;            /* what is left */
        struct chunk next;              /* len 0: nothing is left */
        struct text line, *made;
        size_t column, blanks;          /* letters on the line; bytes of blanks at its end */
        bool has_lines;
};

static bool is_blank(char c)
{
        return c && strchr(" \t\v\f\r\n", c);
}

static bool is_letter(const char *s, const char *from, const char *end)
{
        return s >= from && s < end && (isalpha((unsigned char)*s) || (unsigned char)*s >= 0x80 ||
                                        *s == '_');
}

/* Behind the hyphen at s a word may be parted: ab-cd and a-b-cd, not a-b. */
static bool may_part(const struct filling *f, const char *s)
{
        bool before = is_letter(s - 1, f->s, f->end) &&
                (is_letter(s - 2, f->s, f->end) ||
                 (s - 2 >= f->s && s[-2] == '-' && is_letter(s - 3, f->s, f->end)));
        const char *after = s + 1;

        if (!before || !is_letter(after, f->s, f->end))
                return false;
        after += after + 1 < f->end && after[1] == '-';
        return is_letter(after + 1, f->s, f->end);
}

static void cut(struct filling *f)
{
        const char *s = f->s;
        bool blank = s < f->end && is_blank(*s);

        while (s < f->end && is_blank(*s) == blank) {
                s++;
                if (!blank && f->how->breaks_hyphens && s[-1] == '-' && may_part(f, s - 1))
                        break;
        }
        f->next = (struct chunk){ f->s, (size_t)(s - f->s),
                                  letters_count(f->s, (size_t)(s - f->s)), blank };
        f->s = s;
}

static void put(struct filling *f, size_t len, size_t letters)
{
        text_add_bytes(&f->line, f->next.s, len);
        f->column += letters;
        f->blanks = f->next.is_blank ? len : 0;
}

static void end_line(struct filling *f)
{
        size_t len = f->line.len - f->blanks;

        if (len) {
                text_add(f->made, f->has_lines ? f->how->between : "");
                text_add_bytes(f->made, f->line.s, len);
                f->has_lines = true;
        }
        text_deinit(&f->line);
        f->line = (struct text)TEXT_INIT;
        f->column = f->blanks = 0;
}

/* A chunk longer than a line: as much of it as there is room for, up to a hyphen where it has one. */
static void put_part(struct filling *f)
{
        size_t room = (size_t)f->how->width - f->column;
        size_t len = letters_at(f->next.s, f->next.len, room), at = len;

        if (!f->how->breaks_words) {
                if (!f->column) {
                        put(f, f->next.len, f->next.letters);
                        cut(f);
                }
                return;
        }
        while (f->how->breaks_hyphens && at && f->next.s[at - 1] != '-')
                at--;
        if (f->how->breaks_hyphens && at > 1 && strspn(f->next.s, "-") < at - 1)
                len = at;
        put(f, len, letters_count(f->next.s, len));
        f->next = (struct chunk){ f->next.s + len, f->next.len - len,
                                  letters_count(f->next.s + len, f->next.len - len), false };
}

static bool fill(struct filling *f)
{
        size_t width = (size_t)f->how->width;

        for (cut(f); f->next.len;) {
                if (f->next.is_blank && f->has_lines)
                        cut(f);
                for (; f->next.len && f->column + f->next.letters <= width; cut(f))
                        put(f, f->next.len, f->next.letters);
                if (f->next.len && f->next.letters > width)
                        put_part(f);
                end_line(f);
                if (!run_step(f->run, 1) || !run_afford(f->run, f->made))
                        return false;
        }
        return true;
}

/* Lines that are there already are filled one by one. */
json_t *words_wrap(struct run *run, const json_t *text, const struct wrapping *how)
{
        const char *s = json_string_value(text), *end = s + json_string_length(text);
        _text_ struct text made = TEXT_INIT;
        bool ok = true;

        while (ok && s < end) {
                size_t len = strcspn(s, "\r\n");
                struct filling f = { .run = run, .how = how, .s = s, .end = s + len,
                                     .line = TEXT_INIT, .made = &made };

                ok = fill(&f);
                text_deinit(&f.line);
                s += len + (s[len] == '\r' && s[len + 1] == '\n' ? 2 : s + len < end);
                if (s < end)
                        text_add(&made, how->between);
        }
        return ok ? run_take(run, &made) : NULL;
}
