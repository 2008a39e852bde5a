/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <string.h>

/* "  -f, --file FILE" */
static void print_option(FILE *to, const struct verb_option *option)
{
        char left[64], argument[32] = "";

        if (option->argument && option->argument[0] == '[')
                snprintf(argument, sizeof argument, "[=%s", option->argument + 1);
        else if (option->argument)
                snprintf(argument, sizeof argument, " %s", option->argument);
        snprintf(left, sizeof left, "%c%c%s --%s%s", option->letter ? '-' : ' ',
                 option->letter ? option->letter : ' ', option->letter ? "," : " ", option->name,
                 argument);
        fprintf(to, "  %-28s %s\n", left, option->summary);
}

static void print_options(FILE *to, const char *title, const struct verb_option *options)
{
        if (!options || !options->name)
                return;
        fprintf(to, "\n%s\n", title);
        for (; options->name; options++)
                print_option(to, options);
}

static void print_usage(FILE *to, const struct noun *noun, const struct verb *verb)
{
        fprintf(to, "kaname %s%s%s%s%s", noun->name ? noun->name : "", noun->name ? " " : "",
                verb->name,
                verb->operands ? " " : "", verb->operands ? verb->operands : "");
}

static void print_verb(FILE *to, const struct noun *noun, const struct verb *verb)
{
        fputs("usage: ", to);
        print_usage(to, noun, verb);
        fprintf(to, " [options]\n\n%s\n", verb->summary);
        print_options(to, "Options:", verb->options);
        print_options(to, "Options of every command:", global_options);
}

static void print_verb_line(FILE *to, const struct verb *verb)
{
        char left[80];

        snprintf(left, sizeof left, "%s%s%s", verb->name, verb->operands ? " " : "",
                 verb->operands ? verb->operands : "");
        if (strlen(left) > 27)
                fprintf(to, "  %s\n  %-27s %s\n", left, "", verb->summary);
        else
                fprintf(to, "  %-27s %s\n", left, verb->summary);
}

static void print_noun(FILE *to, const struct noun *noun)
{
        fprintf(to, "usage: kaname %s COMMAND [options]\n\n%s\n\n", noun->name, noun->summary);
        for (const struct verb *verb = noun->verbs; verb->name; verb++)
                print_verb_line(to, verb);
        fprintf(to, "\nkaname help %s COMMAND says more.\n", noun->name);
}

static void print_noun_line(FILE *to, const struct noun *noun)
{
        fprintf(to, "  %-10s ", noun->name);
        for (const struct verb *verb = noun->verbs; verb->name; verb++)
                fprintf(to, "%s%s", verb == noun->verbs ? "" : " ", verb->name);
        fputc('\n', to);
}

static void print_overview(FILE *to)
{
        fputs("usage: kaname COMMAND [options]\n\n", to);
        for (const struct noun *const *noun = nouns; *noun; noun++)
                for (const struct verb *verb = (*noun)->verbs; verb->name && !(*noun)->name; verb++)
                        fprintf(to, "  %-10s %s\n", verb->name, verb->summary);
        fputc('\n', to);
        for (const struct noun *const *noun = nouns; *noun; noun++)
                if ((*noun)->name)
                        print_noun_line(to, *noun);
        fputs("\n-o table|wide|json|yaml|jsonl|csv|name chooses the form of the answer, --watch\n"
              "repeats a list, --curl shows the request. kaname help COMMAND says more.\n", to);
}

void help_print(FILE *to, const struct noun *noun, const struct verb *verb)
{
        if (verb)
                print_verb(to, noun, verb);
        else if (noun && noun->name)
                print_noun(to, noun);
        else
                print_overview(to);
}
