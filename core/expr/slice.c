/* SPDX-License-Identifier: Apache-2.0 */

/* Python's slices: bounds beyond the ends are moved to them, a negative step walks backwards. */
#include "expr/letters.h"
#include "expr/python.h"
#include "expr/value.h"

static bool bound(struct run *run, const json_t *value, int64_t or_else, int64_t *ret)
{
        *ret = or_else;
        if (!value || json_is_null(value))
                return true;
        if (!value_is_integer(value))
                return run_raise(run, "TypeError", "slice indices must be integers or None or have "
                                 "an __index__ method");
        *ret = value_integer(value);
        return true;
}

static int64_t clamp(int64_t i, int64_t n, int64_t low, int64_t high)
{
        if (i < 0)
                i = i < -n ? low : i + n;
        return i < low ? low : i > high ? high : i;
}

static json_t *slice_items(struct run *run, const json_t *list, int64_t from, int64_t to,
                           int64_t step)
{
        json_t *made = run_list(run);

        for (int64_t i = from; made && (step > 0 ? i < to : i > to); i += step)
                if (!run_append(run, made, json_array_get(list, (size_t)i)))
                        return NULL;
        return made;
}

static json_t *slice_text(struct run *run, const json_t *text, int64_t from, int64_t to,
                          int64_t step)
{
        const char *s = json_string_value(text);
        size_t len = json_string_length(text), begin, end;
        _text_ struct text made = TEXT_INIT;

        if (step == 1) {
                begin = letters_at(s, len, (size_t)from);
                end = to > from ? begin + letters_at(s + begin, len - begin, (size_t)(to - from))
                        : begin;
                return run_text(run, s + begin, end - begin);
        }
        for (int64_t i = from; step > 0 ? i < to : i > to; i += step) {
                const char *at = s + letters_at(s, len, (size_t)i);

                if (!run_step(run, 1 + (uint64_t)i / 64))
                        return NULL;
                text_add_bytes(&made, at, letter_size(at));
        }
        return run_take(run, &made);
}

json_t *value_slice(struct run *run, json_t *value, const json_t *const bounds[3])
{
        int64_t n, from, to, step;
        size_t length;
        json_t *made;

        if (!json_is_array(value) && !json_is_string(value))
                return run_raise(run, "TypeError", "'%s' object is not subscriptable",
                                 python_type(&run->natures, value));
        if (!value_length(run, value, &length) || !bound(run, bounds[2], 1, &step))
                return NULL;
        n = (int64_t)length;
        if (!step)
                return run_raise(run, "ValueError", "slice step cannot be zero");
        if (step > n + 1 || step < -n - 1)
                step = step > 0 ? n + 1 : -n - 1;
        if (!bound(run, bounds[0], step > 0 ? 0 : n - 1, &from) ||
            !bound(run, bounds[1], step > 0 ? n : -n - 1, &to))
                return NULL;
        from = step > 0 ? clamp(from, n, 0, n) : clamp(from, n, -1, n - 1);
        to = step > 0 ? clamp(to, n, 0, n) : clamp(to, n, -1, n - 1);
        if (json_is_string(value))
                return slice_text(run, value, from, to, step);
        made = slice_items(run, value, from, to, step);
        return nature_kind(&run->natures, value) == NATURE_TUPLE
                ? run_nature(run, made, NATURE_TUPLE) : made;
}
