/* SPDX-License-Identifier: Apache-2.0 */

/* Man pages from the verb table, in mdoc(7). */

#include "cli/help.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/*
 * A backslash, and a dot or quote at the head of a line, mean something to roff; a hyphen is one.
 */
static void print_escaped(FILE *to, const char *s)
{
        if (*s == '.' || *s == '\'')
                fputs("\\&", to);
        for (; *s; s++) {
                if (*s == '\\')
                        fputs("\\e", to);
                else if (*s == '-')
                        fputs("\\-", to);
                else
                        fputc(*s, to);
        }
}

/* As an argument of a macro: one word, no matter what is in it. */
static void print_argument(FILE *to, const char *s, size_t len)
{
        fputs(" \"", to);
        for (size_t i = 0; i < len; i++)
                fputs(s[i] == '"' ? "\"\"" : s[i] == '\\' ? "\\e" : (const char[]){ s[i], 0 }, to);
        fputc('"', to);
}

/* "ACTION [KEY=VALUE...]" as .Ar and .Op macros, a line each. */
static void print_operands(FILE *to, const char *operands)
{
        while (operands && *operands) {
                bool is_optional = *operands == '[';
                size_t skip = is_optional ? 1 : 0;
                size_t len = strcspn(operands, is_optional ? "]" : " ");

                fputs(is_optional ? ".Op Ar" : ".Ar", to);
                print_argument(to, operands + skip, len - skip);
                fputc('\n', to);
                operands += len + (operands[len] == ']' ? 1 : 0);
                operands += strspn(operands, " ");
        }
}

static void print_flag(FILE *to, const struct verb_option *option)
{
        if (option->letter)
                fprintf(to, "Fl %c , ", option->letter);
        fprintf(to, "Fl \\-%s", option->name);
        if (option->argument && option->argument[0] == '[') {
                fputs(" Ns Op = Ns Ar", to);
                print_argument(to, option->argument + 1, strlen(option->argument) - 2);
        } else if (option->argument) {
                fputs(" Ar", to);
                print_argument(to, option->argument, strlen(option->argument));
        }
        fputc('\n', to);
}

static void print_sentence(FILE *to, const char *s)
{
        size_t len = strlen(s);

        fputc(toupper((unsigned char)*s), to);
        print_escaped(to, s + 1);
        fputs(len && strchr(".?!", s[len - 1]) ? "\n" : ".\n", to);
}

static void print_options(FILE *to, const struct verb_option *options)
{
        if (!options || !options->name)
                return;
        fputs(".Bl -tag -width Ds\n", to);
        for (; options->name; options++) {
                fputs(".It ", to);
                print_flag(to, options);
                print_sentence(to, options->summary);
        }
        fputs(".El\n", to);
}

static void print_command(FILE *to, const struct verb *verb)
{
        fprintf(to, ".It Xo\n.Cm %s\n", verb->name);
        print_operands(to, verb->operands);
        fputs(".Xc\n", to);
        print_sentence(to, verb->summary);
        print_options(to, verb->options);
}

static void print_commands(FILE *to, const struct noun *noun)
{
        fputs(".Bl -tag -width Ds\n", to);
        for (const struct verb *verb = noun->verbs; verb->name; verb++)
                print_command(to, verb);
        fputs(".El\n", to);
}

static void print_examples(FILE *to, const char *examples)
{
        fputs(".Sh EXAMPLES\n.Bd -literal -offset indent\n", to);
        while (*examples) {
                size_t len = strcspn(examples, "\n");
                char line[256];

                snprintf(line, sizeof line, "%.*s", (int)len, examples);
                print_escaped(to, line);
                fputc('\n', to);
                examples += len + (examples[len] == '\n');
        }
        fputs(".Ed\n", to);
}

/* Lines of at most 80 columns, as mdoc wants its source; macro lines stay as they are. */
static void print_prose(FILE *to, const char *s)
{
        while (*s) {
                size_t len = strcspn(s, "\n"), n = len;

                if (*s != '.' && len > 80)
                        for (n = 80; n > 1 && s[n] != ' '; n--)
                                ;
                fprintf(to, "%.*s\n", (int)n, s);
                s += n + (s[n] != '\0');
        }
}

static void print_page(FILE *to, const struct noun *noun)
{
        char title[64];
        size_t i;

        for (i = 0; noun->name[i] && i + 1 < sizeof title; i++)
                title[i] = (char)toupper((unsigned char)noun->name[i]);
        title[i] = '\0';
        fprintf(to,
                ".\\\" SPDX-License-Identifier: Apache-2.0\n.Dd November 22, 2026\n.Dt KANAME-%s "
                "1\n.Os\n"
                ".Sh NAME\n.Nm kaname-%s\n.Nd ", title, noun->name);
        print_escaped(to, noun->summary);
        fputs("\n.Sh SYNOPSIS\n", to);
        for (const struct verb *verb = noun->verbs; verb->name; verb++) {
                fprintf(to, ".Nm kaname %s %s\n.Op Ar options\n", noun->name, verb->name);
                print_operands(to, verb->operands);
        }
        fputs(".Sh DESCRIPTION\n", to);
        print_prose(to, noun->about);
        fputs(".Pp\nThe commands are:\n", to);
        print_commands(to, noun);
        fputs("The options that every command takes, the exit codes and the environment are\n"
              "in\n.Xr kaname 1 .\n", to);
        print_examples(to, noun->examples);
        fputs(".Sh SEE ALSO\n.Xr kaname 1\n", to);
}

static void print_page_list(FILE *to)
{
        fputs(".Ss Commands with pages of their own\n.Bl -tag -width execution\n", to);
        for (const struct noun *const *noun = nouns; *noun; noun++) {
                if (!(*noun)->name)
                        continue;
                fprintf(to, ".It Cm %s\n", (*noun)->name);
                print_sentence(to, (*noun)->summary);
                fprintf(to, "See\n.Xr kaname-%s 1 .\n", (*noun)->name);
        }
        fputs(".El\n", to);
}

void manual_print(FILE *to, const struct noun *noun)
{
        if (noun) {
                print_page(to, noun);
                return;
        }
        fputs(".Ss Options of every command\n", to);
        print_options(to, global_options);
        for (const struct noun *const *each = nouns; *each; each++)
                if (!(*each)->name) {
                        fputs(".Ss Commands\n", to);
                        print_commands(to, *each);
                }
        print_page_list(to);
}
