/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "base/regex.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <pcre2.h>
#include <string.h>

#define STEPS_MAX 1000000               /* tens of milliseconds at worst */
#define HEAP_MAX_KIB 4096

struct regex {
        pcre2_code *code;
        pcre2_match_context *bounds;
};

static uint32_t options_of(unsigned flags)
{
        uint32_t options = PCRE2_UTF;

        /* PCRE2 refuses what has no meaning for a literal. */
        options |= flags & REGEX_LITERAL ? PCRE2_LITERAL : PCRE2_NEVER_BACKSLASH_C;
        if (flags & REGEX_ECMA)
                options |= PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF |
                        PCRE2_ALLOW_EMPTY_CLASS;
        if (flags & REGEX_PYTHON)
                options |= PCRE2_UCP;
        if (flags & REGEX_CASELESS)
                options |= PCRE2_CASELESS;
        if (flags & REGEX_DOTALL)
                options |= PCRE2_DOTALL;
        if (flags & REGEX_MULTILINE)
                options |= PCRE2_MULTILINE;
        if (flags & REGEX_AT_START)
                options |= PCRE2_ANCHORED;
        if (flags & REGEX_TO_END)
                options |= PCRE2_ENDANCHORED;
        return options;
}

/* Python's \Z is the very end, which PCRE2 spells \z. */
static char *translate(const char *pattern, unsigned flags)
{
        char *copy = strdup(pattern);

        for (char *p = copy; copy && flags & REGEX_PYTHON && *p; p++)
                if (*p == '\\' && p[1] && *++p == 'Z')
                        *p = 'z';
        return copy;
}

static int syntax(const char *pattern, int error, size_t at, struct fault *fault)
{
        PCRE2_UCHAR8 message[160];

        pcre2_get_error_message(error, message, sizeof message);
        return fault_set(fault, 422, "regex.syntax",
                         "the pattern \"%.200s\" is not a regular "
                         "expression: %s, at character %zu",
                         pattern, (const char *)message, at + 1);
}

static int bound(struct regex *regex)
{
        regex->bounds = pcre2_match_context_create(NULL);
        if (!regex->bounds)
                return -ENOMEM;
        pcre2_set_match_limit(regex->bounds, STEPS_MAX);
        pcre2_set_depth_limit(regex->bounds, STEPS_MAX);
        pcre2_set_heap_limit(regex->bounds, HEAP_MAX_KIB);
        return 0;
}

int regex_compile(const char *pattern, unsigned flags, struct regex **ret, struct fault *fault)
{
        _free_ char *source = translate(pattern, flags);
        struct regex *regex;
        PCRE2_SIZE at;
        int error;

        if (!source)
                return -ENOMEM;
        if (strlen(pattern) > REGEX_PATTERN_MAX)
                return fault_set(fault, 422, "regex.syntax", "the pattern has %zu bytes, more than "
                                 "the limit of %d", strlen(pattern), REGEX_PATTERN_MAX);
        regex = calloc(1, sizeof *regex);
        if (!regex || bound(regex) < 0) {
                regex_free(regex);
                return -ENOMEM;
        }
        regex->code = pcre2_compile((PCRE2_SPTR)source, PCRE2_ZERO_TERMINATED, options_of(flags),
                                    &error, &at, NULL);
        if (!regex->code) {
                regex_free(regex);
                return syntax(pattern, error, at, fault);
        }
        *ret = regex;
        return 0;
}

struct regex *regex_free(struct regex *regex)
{
        if (!regex)
                return NULL;
        pcre2_code_free(regex->code);
        pcre2_match_context_free(regex->bounds);
        free(regex);
        return NULL;
}

static int explain(int r, const char *s, size_t len)
{
        switch (r) {
        case PCRE2_ERROR_NOMATCH:
                return 0;
        case PCRE2_ERROR_NOMEMORY:
                return -ENOMEM;
        default:
                return text_is_utf8(s, len) ? -ELOOP : 0;
        }
}

int regex_match(const struct regex *regex, const char *s, size_t len)
{
        pcre2_match_data *found = pcre2_match_data_create(1, NULL);
        int r;

        if (!found)
                return -ENOMEM;
        r = pcre2_match(regex->code, (PCRE2_SPTR)s, len, 0, 0, found, regex->bounds);
        pcre2_match_data_free(found);
        return r >= 0 ? 1 : explain(r, s, len);
}

int regex_find(const struct regex *regex, const char *s, size_t len, size_t from, size_t *groups,
               size_t n)
{
        pcre2_match_data *found = pcre2_match_data_create_from_pattern(regex->code, NULL);
        const PCRE2_SIZE *bounds;
        uint32_t count;
        int r;

        if (!found)
                return -ENOMEM;
        r = pcre2_match(regex->code, (PCRE2_SPTR)s, len, from, 0, found, regex->bounds);
        count = pcre2_get_ovector_count(found);
        bounds = pcre2_get_ovector_pointer(found);
        if (count > n)
                count = (uint32_t)n;
        for (uint32_t i = 0; r >= 0 && i < 2 * count; i++)
                groups[i] = bounds[i];          /* PCRE2_UNSET is REGEX_NONE */
        pcre2_match_data_free(found);
        return r >= 0 ? (int)count : explain(r, s, len);
}

int regex_group_named(const struct regex *regex, const char *name)
{
        int r = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);

        return r < 0 ? -1 : r;
}
