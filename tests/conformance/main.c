/* SPDX-License-Identifier: Apache-2.0 */

/*
 * conformance DIR: judge the recorded cases of DIR/conformance and print for each kind how many
 * agreed; exit 1 when a kind agrees less than it must. A new kind is a row of the table and a
 * judge_…() in a file of its own (what walks over DIR/packs judges a pack as a line).
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include "frame.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SKIPPED_MAX 5                   /* percent */

static const struct kind kinds[] = {
        { "yaql", "eval.jsonl", "lang", "yaql", judge_eval, 97 },
        { "jinja", "eval.jsonl", "lang", "jinja", judge_eval, 97 },
        { "st2 jinja", "st2_golden.jsonl", "kind", "jinja", judge_jinja, 97 },
        { "operators", "st2_golden.jsonl", "kind", "operator", judge_operator, 99 },
        { "aliases", "st2_golden.jsonl", "kind", "alias", judge_alias, 97 },
        { "rehearsals", "rehearsals.jsonl", NULL, NULL, judge_rehearsal, 99 },
        { "conductor steps", "conductor.jsonl", NULL, NULL, judge_conductor, 97 },
        { "inspect", "inspect.jsonl", NULL, NULL, judge_inspection, 99 },
};

void outcome_set(struct outcome *ret, enum agreement verdict, const char *fmt, ...)
{
        va_list args;

        free(ret->detail);
        ret->verdict = verdict;
        va_start(args, fmt);
        if (vasprintf(&ret->detail, fmt, args) < 0)
                ret->detail = NULL;
        va_end(args);
}

void outcome_compare(struct outcome *ret, const json_t *expected, const json_t *got)
{
        _free_ char *a = NULL, *b = NULL;

        if (json_same(expected, got, JSON_SAME_STRICT)) {
                ret->verdict = AGREED;
                return;
        }
        a = json_canonical(expected);
        b = json_canonical(got);
        outcome_set(ret, DIFFERED, "expected %.300s, got %.300s", a, b);
}

struct count {
        size_t all, agreed, differed, skipped;
        json_t *memory;
};

static void judge(const struct kind *kind, size_t number, const char *s, size_t len,
                  struct count *count)
{
        struct json_limits limits = { (size_t)64 << 20, 200, NULL, NULL };
        struct outcome outcome = { .verdict = DIFFERED, .memory = count->memory };
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *line = NULL;

        if (json_parse(s, len, &limits, &line, &fault)) {
                outcome_set(&outcome, DIFFERED, "the line is no JSON: %s", fault.what);
        } else {
                if (kind->member &&
                    !text_equal(json_text_of(line, kind->member, NULL), kind->value))
                        return;
                kind->judge(line, &outcome);
        }
        if (!outcome.of) {
                outcome.of = 1;
                outcome.agreed = outcome.verdict == AGREED;
        }
        count->all += outcome.of;
        count->agreed += outcome.agreed;
        if (outcome.verdict == SKIPPED)
                count->skipped += outcome.of;
        else
                count->differed += outcome.of - outcome.agreed;
        if (outcome.verdict != AGREED)
                printf("  %s %s:%zu: %s\n", outcome.verdict == DIFFERED ? "differs" : "skipped",
                       kind->file, number, outcome.detail ? outcome.detail : "?");
        free(outcome.detail);
}

static bool report(const struct kind *kind, const struct count *count)
{
        size_t judged = count->all - count->skipped;
        bool holds = count->agreed * 100 >= judged * (size_t)kind->needed && count->all > 0 &&
                count->skipped * 100 <= count->all * SKIPPED_MAX;

        printf("%s, %s: %zu cases, %zu agreed, %zu differed, %zu skipped; %d %% must agree: %s\n",
               kind->file, kind->name, count->all, count->agreed, count->differed, count->skipped,
               kind->needed, holds ? "holds" : "DOES NOT HOLD");
        return holds;
}

static bool run(const struct kind *kind, const char *dir)
{
        _free_ char *path = NULL, *line = NULL;
        _cleanup_(cleanup_file) FILE *file = NULL;
        _json_ json_t *memory = json_array();
        struct count count = { .memory = memory };
        size_t room = 0, number = 0;
        ssize_t len;

        if (asprintf(&path, "%s/conformance/%s", dir, kind->file) < 0)
                return false;
        file = fopen(path, "re");
        if (!file) {
                fprintf(stderr, "conformance: %s: %s\n", path, strerror(errno));
                return false;
        }
        while ((len = getline(&line, &room, file)) > 0)
                judge(kind, ++number, line, (size_t)len - (line[len - 1] == '\n'), &count);
        return report(kind, &count);
}

int main(int argc, char **argv)
{
        bool holds = true;

        if (argc != 2) {
                fprintf(stderr, "usage: conformance DIR\n");
                return 2;
        }
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                holds &= run(&kinds[i], argv[1]);
        holds &= judge_packs(argv[1]);
        return holds ? 0 : 1;
}
