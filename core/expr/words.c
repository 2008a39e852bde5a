/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/words.h"

#include "expr/value.h"

#include <string.h>

struct view {
        const char *s, *end;
};

static struct view view(const json_t *text)
{
        const char *s = json_string_value(text);

        return (struct view){ s, s + json_string_length(text) };
}

static bool is_none(const json_t *value)
{
        return !value || json_is_null(value);
}

json_t *words_case(struct run *run, const json_t *text, enum letters_case which)
{
        _text_ struct text made = TEXT_INIT;

        letters_case(json_string_value(text), json_string_length(text), which, &made);
        return run_take(run, &made);
}

json_t *words_pad(struct run *run, const json_t *text, int64_t width, char align,
                  const char *fill)
{
        const struct view s = view(text);
        size_t len = (size_t)(s.end - s.s);
        int64_t n = (int64_t)letters_count(s.s, len), left;
        _text_ struct text made = TEXT_INIT;

        if (width > (int64_t)run->left.bytes)
                width = (int64_t)run->left.bytes + 1;
        left = align == '<' || width <= n ? 0 : align == '>' ? width - n
                : (width - n) / 2 + ((width - n) & width & 1);
        for (int64_t i = 0; i < left; i++)
                text_add(&made, fill);
        text_add_bytes(&made, s.s, len);
        for (int64_t i = left + n; i < width; i++)
                text_add(&made, fill);
        return run_take(run, &made);
}

static bool add(struct run *run, json_t *list, const char *s, const char *end)
{
        return run_append(run, list, run_text(run, s, (size_t)(end - s)));
}

static const char *skip_blanks(const char *s, const char *end)
{
        while (s < end && letter_is_space(s))
                s += letter_size(s);
        return s;
}

static const char *back(const char *s)
{
        do
                s--;
        while (((unsigned char)*s & 0xc0) == 0x80);
        return s;
}

static const char *skip_blanks_back(const char *s, const char *end)
{
        while (end > s && letter_is_space(back(end)))
                end = back(end);
        return end;
}

static json_t *split_blanks(struct run *run, struct view v, int64_t most)
{
        json_t *made = run_list(run);

        for (v.s = skip_blanks(v.s, v.end); made && v.s < v.end; v.s = skip_blanks(v.s, v.end)) {
                const char *word = v.s;

                if (most >= 0 && (int64_t)json_array_size(made) >= most)
                        return add(run, made, word, skip_blanks_back(word, v.end)) ? made : NULL;
                while (v.s < v.end && !letter_is_space(v.s))
                        v.s += letter_size(v.s);
                if (!add(run, made, word, v.s))
                        return NULL;
        }
        return made;
}

static bool is_separator(struct run *run, const json_t *separator)
{
        if (!json_is_string(separator))
                return run_raise(run, "TypeError", "must be str or None");
        return json_string_length(separator) ||
                run_raise(run, "ValueError", "empty separator");
}

json_t *words_split(struct run *run, const json_t *text, const json_t *separator, int64_t most)
{
        struct view v = view(text);
        const char *found;
        json_t *made;
        size_t len;

        if (is_none(separator))
                return split_blanks(run, v, most);
        if (!is_separator(run, separator))
                return NULL;
        made = run_list(run);
        len = json_string_length(separator);
        for (int64_t i = 0; made && (most < 0 || i < most); i++) {
                found = memmem(v.s, (size_t)(v.end - v.s), json_string_value(separator), len);
                if (!found)
                        break;
                if (!add(run, made, v.s, found))
                        return NULL;
                v.s = found + len;
        }
        return made && add(run, made, v.s, v.end) ? made : NULL;
}

static json_t *reversed(struct run *run, json_t *list)
{
        json_t *made = run_list(run);

        for (size_t i = json_array_size(list); list && made && i-- > 0;)
                if (!run_append(run, made, json_array_get(list, i)))
                        return NULL;
        return list ? made : NULL;
}

static const char *find_last(struct view v, const char *sub, size_t len)
{
        for (const char *s = v.end - len; s >= v.s; s--)
                if (memcmp(s, sub, len) == 0)
                        return s;
        return NULL;
}

static json_t *split_blanks_right(struct run *run, struct view v, int64_t most)
{
        json_t *made = run_list(run);

        for (v.end = skip_blanks_back(v.s, v.end); made && v.end > v.s;
             v.end = skip_blanks_back(v.s, v.end)) {
                const char *word = v.end;

                if (most >= 0 && (int64_t)json_array_size(made) >= most)
                        return add(run, made, skip_blanks(v.s, v.end), word)
                                ? reversed(run, made) : NULL;
                while (word > v.s && !letter_is_space(back(word)))
                        word = back(word);
                if (!add(run, made, word, v.end))
                        return NULL;
                v.end = word;
        }
        return reversed(run, made);
}

json_t *words_split_right(struct run *run, const json_t *text, const json_t *separator,
                          int64_t most)
{
        struct view v = view(text);
        const char *found;
        json_t *made;
        size_t len;

        if (most < 0)
                return words_split(run, text, separator, most);
        if (is_none(separator))
                return split_blanks_right(run, v, most);
        if (!is_separator(run, separator))
                return NULL;
        made = run_list(run);
        len = json_string_length(separator);
        for (int64_t i = 0; made && i < most; i++) {
                if (!run_step(run, (uint64_t)(v.end - v.s) / 16) ||
                    !(found = find_last(v, json_string_value(separator), len)))
                        break;
                if (!add(run, made, found + len, v.end))
                        return NULL;
                v.end = found;
        }
        return made && !run->failure && add(run, made, v.s, v.end) ? reversed(run, made) : NULL;
}

static bool is_of(const char *letter, const json_t *chars)
{
        if (is_none(chars))
                return letter_is_space(letter);
        return memmem(json_string_value(chars), json_string_length(chars), letter,
                      letter_size(letter)) != NULL;
}

json_t *words_strip(struct run *run, const json_t *text, const json_t *chars, unsigned sides)
{
        struct view v = view(text);

        if (!is_none(chars) && !json_is_string(chars))
                return run_raise(run, "TypeError", "strip arg must be None or str");
        while (sides & 1 && v.s < v.end && is_of(v.s, chars))
                v.s += letter_size(v.s);
        while (sides & 2 && v.s < v.end && is_of(back(v.end), chars))
                v.end = back(v.end);
        return run_text(run, v.s, (size_t)(v.end - v.s));
}

/* An empty old text stands between all characters. */
static json_t *replace_nothing(struct run *run, struct view v, const json_t *by, int64_t most)
{
        _text_ struct text text = TEXT_INIT;
        size_t size;

        for (int64_t i = 0; ; i++) {
                if (most < 0 || i < most)
                        text_add_bytes(&text, json_string_value(by), json_string_length(by));
                if (v.s == v.end || !run_step(run, 1) || !run_afford(run, &text))
                        break;
                size = letter_size(v.s);
                text_add_bytes(&text, v.s, size);
                v.s += size;
        }
        return run->failure ? NULL : run_take(run, &text);
}

json_t *words_replace(struct run *run, const json_t *text, const json_t *old, const json_t *by,
                      int64_t most)
{
        struct view v = view(text);
        _text_ struct text made = TEXT_INIT;
        size_t len = json_string_length(old);
        const char *found;

        if (!json_is_string(old) || !json_is_string(by))
                return run_raise(run, "TypeError", "replace() arguments must be str");
        if (!len)
                return replace_nothing(run, v, by, most);
        for (int64_t i = 0; most < 0 || i < most; i++) {
                found = memmem(v.s, (size_t)(v.end - v.s), json_string_value(old), len);
                if (!found)
                        break;
                text_add_bytes(&made, v.s, (size_t)(found - v.s));
                text_add_bytes(&made, json_string_value(by), json_string_length(by));
                v.s = found + len;
                if (!run_step(run, 1) || !run_afford(run, &made))
                        return NULL;
        }
        text_add_bytes(&made, v.s, (size_t)(v.end - v.s));
        return run_take(run, &made);
}

static int64_t within(int64_t i, int64_t n)
{
        i = i < 0 ? i + n : i;
        return i < 0 ? 0 : i > n ? n : i;
}

int64_t words_find(const json_t *text, const json_t *sub, int64_t from, int64_t to, bool last)
{
        struct view v = view(text);
        size_t len = (size_t)(v.end - v.s);
        int64_t n = (int64_t)letters_count(v.s, len);
        const char *found, *begin;

        if (from > n)
                return -1;
        begin = v.s + letters_at(v.s, len, (size_t)within(from, n));
        v.end = v.s + letters_at(v.s, len, (size_t)within(to, n));
        if (v.end < begin || (size_t)(v.end - begin) < json_string_length(sub))
                return -1;
        found = last ? find_last((struct view){ begin, v.end }, json_string_value(sub),
                                 json_string_length(sub))
                : memmem(begin, (size_t)(v.end - begin), json_string_value(sub),
                         json_string_length(sub));
        return found ? (int64_t)letters_count(v.s, (size_t)(found - v.s)) : -1;
}
