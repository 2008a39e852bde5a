/* SPDX-License-Identifier: Apache-2.0 */

/* The completion for fish: a line each for what may stand where, with its summary. */

#include "cli/completion.h"

/* In '…', where fish knows two escapes. */
static void print_text(FILE *to, const char *s)
{
        fputc('\'', to);
        for (; *s; s++) {
                if (*s == '\'' || *s == '\\')
                        fputc('\\', to);
                fputc(*s, to);
        }
        fputc('\'', to);
}

static void print_line(FILE *to, const char *condition, const char *word, const char *summary)
{
        fprintf(to, "complete -c kaname -f -n '%s' -a %s -d ", condition, word);
        print_text(to, summary);
        fputc('\n', to);
}

/* What may follow: files, folders, names that the hub knows, or nothing that is known. */
static void print_argument(FILE *to, enum complete kind)
{
        if (kind == COMPLETE_FILE)
                fputs(" -F", to);
        else if (kind == COMPLETE_FOLDER)
                fputs(" -f -a '(__fish_complete_directories)'", to);
        else if (completion_source(kind))
                fprintf(to, " -f -a '(__kaname_names %s)'", completion_source(kind));
        else
                fputs(" -f", to);
}

static void print_options(FILE *to, const char *condition, const struct verb_option *options)
{
        for (; options && options->name; options++) {
                fprintf(to, "complete -c kaname%s%s%s -l %s", *condition ? " -n '" : "", condition,
                        *condition ? "'" : "", options->name);
                if (options->letter)
                        fprintf(to, " -s %c", options->letter);
                if (completion_takes_argument(options)) {
                        fputs(" -r", to);
                        print_argument(to, options->complete);
                }
                fputs(" -d ", to);
                print_text(to, options->summary);
                fputc('\n', to);
        }
}

static void print_verb(FILE *to, const struct verb *verb, const char *command)
{
        char condition[96];

        snprintf(condition, sizeof condition, "__kaname_begins %s", command);
        print_options(to, condition, verb->options);
        fprintf(to, "complete -c kaname -n '%s'", condition);
        print_argument(to, verb->complete);
        fputc('\n', to);
}

static void print_nouns(FILE *to)
{
        char condition[96];

        for (const struct noun *const *noun = nouns; *noun; noun++) {
                const char *name = (*noun)->name;

                if (name)
                        print_line(to, "__kaname_is", name, (*noun)->summary);
                snprintf(condition, sizeof condition, "__kaname_is %s", name ? name : "");
                for (const struct verb *verb = (*noun)->verbs; verb->name; verb++)
                        print_line(to, condition, verb->name, verb->summary);
        }
}

static const char head[] =
        "# fish completion for kaname(1); made from its verb table\n"
        "function __kaname_names\n"
        "    kaname $argv -q -o name 2>/dev/null </dev/null\n"
        "end\n"
        "# The words before the cursor that are no options.\n"
        "function __kaname_words\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        string match -q -- '-*' $word; or echo $word\n"
        "    end\n"
        "end\n"
        "function __kaname_is\n"
        "    set -l words (__kaname_words)\n"
        "    test \"$words\" = \"$argv\"\n"
        "end\n"
        "function __kaname_begins\n"
        "    set -l words (__kaname_words)\n"
        "    set -l n (count $argv)\n"
        "    test (count $words) -ge $n; and test \"$words[1..$n]\" = \"$argv\"\n"
        "end\n";

void completion_print_fish(FILE *to)
{
        fputs(head, to);
        print_options(to, "", global_options);
        print_nouns(to);
        completion_each(to, print_verb);
}
