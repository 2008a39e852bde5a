/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The verb table: what the command can be asked, as data. The parser, the help, the man pages and
 * the shell completion are each made from it, so none of them can promise what another lacks.
 *
 * A noun lives in one file, noun_NAME.c, with its functions above its rows; nouns.c lists the
 * nouns.
 */

#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct fault;

/* What a shell may offer after an option or as an operand. */
enum complete {
        COMPLETE_NOTHING, COMPLETE_FILE, COMPLETE_FOLDER, COMPLETE_ACTION, COMPLETE_EXECUTION,
        COMPLETE_RULE, COMPLETE_PACK, COMPLETE_INSTANCE, COMPLETE_PLUGIN, COMPLETE_KEY,
        COMPLETE_TRIGGER, COMPLETE_INQUIRY, COMPLETE_POLICY
};

struct verb_option {
        const char *name;               /* "limit" for --limit */
        char letter;                    /* 0: none */
        const char *argument; /* "N"; NULL: a switch; "[N]": may be left out (--watch=2) */
        const char *summary;
        const char *query;              /* generic verbs send it as this query parameter */
        enum complete complete;
        bool is_time;                   /* RFC 3339, or a duration: that long ago */
};

enum column_kind { COLUMN_TEXT, COLUMN_TIME, COLUMN_STATUS, COLUMN_NUMBER };

/* A column of a list: where its value lies in each object of the answer. */
struct column {
        const char *title;
        const char *path;               /* of base/json.h */
        enum column_kind kind;
        bool is_wide;                   /* shown by -o wide (and csv) only */
};

struct verb {
        const char *name;
        const char *operands;           /* "ACTION [KEY=VALUE...]"; NULL: none */
        const char *summary;
        int (*run)(struct cli *cli, struct fault *fault);
        int operands_min, operands_max; /* max -1: any number */
        const struct verb_option *options; /* ends in a row without a name; NULL: none of its own */
        enum complete complete;         /* of the operands */
        /* for the generic verbs of generic.h; {} in the path is the operand */
        const char *path;
        const struct column *columns;   /* ends in a row without a title */
        const char *name_path;          /* what -o name prints */
        const char *done;               /* said after a change: "deleted" */
};

struct noun {
        const char *name;               /* NULL: its verbs stand alone ("kaname run") */
        const char *summary;
        const char *about;              /* for the man page, mdoc text */
        const char *examples;           /* for the man page: lines of shell */
        const struct verb *verbs;       /* ends in a row without a name */
        const char *otherwise;          /* the verb that is meant where the word is none; or NULL */
};

extern const struct noun *const nouns[];                /* ends in NULL */
extern const struct verb_option global_options[];       /* every verb takes them */

const struct noun *noun_find(const char *name);
const struct verb *verb_find(const struct noun *noun, const char *name);
/* All nouns and lone verbs by name, or one noun's verbs; NULL-terminated; free the array. */
const char **verb_names(const struct noun *noun);

#endif
