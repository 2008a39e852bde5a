/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The completion for zsh: _arguments knows options and operands once noun and verb are taken off
 * the line, and shows the summaries of the verb table beside them.
 */

#include "cli/completion.h"

/* In '…' for _arguments: quotes end it, and colons and brackets mean something to it. */
static void print_text(FILE *to, const char *s)
{
        for (; *s; s++) {
                if (*s == '\'')
                        fputs("'\\'", to);
                else if (*s == ':' || *s == '[' || *s == ']' || *s == '\\')
                        fputc('\\', to);
                fputc(*s, to);
        }
}

static void print_action(FILE *to, enum complete kind)
{
        if (kind == COMPLETE_FILE)
                fputs("_files", to);
        else if (kind == COMPLETE_FOLDER)
                fputs("_files -/", to);
        else if (completion_source(kind))
                fprintf(to, "{_kaname_names \"%s\"}", completion_source(kind));
        else
                fputs(" ", to);
}

static void print_flag(FILE *to, const struct verb_option *option, const char *flag)
{
        bool takes = completion_takes_argument(option);

        fprintf(to, " '*%s%s[", flag, takes && flag[1] == '-' ? "=" : takes ? "+" : "");
        print_text(to, option->summary);
        fputs("]", to);
        if (takes) {
                fputs(":", to);
                print_text(to, option->argument);
                fputs(":", to);
                print_action(to, option->complete);
        }
        fputs("'", to);
}

static void print_flags(FILE *to, const struct verb_option *options)
{
        for (; options && options->name; options++) {
                char flag[72];

                snprintf(flag, sizeof flag, "--%s", options->name);
                print_flag(to, options, flag);
                if (!options->letter)
                        continue;
                snprintf(flag, sizeof flag, "-%c", options->letter);
                print_flag(to, options, flag);
        }
}

static void print_case(FILE *to, const struct verb *verb, const char *command)
{
        fprintf(to, "        '%s') _arguments -S $__kaname_global", command);
        print_flags(to, verb->options);
        fputs(" '*:operand:", to);
        print_action(to, verb->complete);
        fputs("' ;;\n", to);
}

static void print_described(FILE *to, const char *name, const char *summary)
{
        fputs(" '", to);
        print_text(to, name);
        fputs(":", to);
        print_text(to, summary);
        fputs("'", to);
}

static void print_nouns(FILE *to)
{
        fputs("__kaname_first=(", to);
        for (const struct noun *const *noun = nouns; *noun; noun++) {
                if ((*noun)->name)
                        print_described(to, (*noun)->name, (*noun)->summary);
                for (const struct verb *verb = (*noun)->verbs; !(*noun)->name && verb->name; verb++)
                        print_described(to, verb->name, verb->summary);
        }
        fputs(")\n__kaname_verbs()\n{\n    verbs=()\n    case $1 in\n", to);
        for (const struct noun *const *noun = nouns; *noun; noun++) {
                if (!(*noun)->name)
                        continue;
                fprintf(to, "        %s) verbs=(", (*noun)->name);
                for (const struct verb *verb = (*noun)->verbs; verb->name; verb++)
                        print_described(to, verb->name, verb->summary);
                fputs(") ;;\n", to);
        }
        fputs("    esac\n}\n", to);
}

static const char head[] =
        "#compdef kaname\n"
        "# zsh completion for kaname(1); made from its verb table\n"
        "_kaname_names()\n{\n"
        "    local -a names\n"
        "    names=(${(f)\"$(kaname ${=1} -q -o name 2>/dev/null </dev/null)\"})\n"
        "    compadd -a names\n}\n"
        "typeset -ga __kaname_first __kaname_global\n";

static const char tail[] =
        "_kaname()\n{\n"
        "    local -a verbs\n"
        "    local command\n"
        "    if (( CURRENT == 2 )); then\n"
        "        _describe command __kaname_first\n"
        "        return\n"
        "    fi\n"
        "    command=$words[2]\n"
        "    __kaname_verbs $command\n"
        "    shift words\n"
        "    (( CURRENT-- ))\n"
        "    if (( $#verbs )); then\n"
        "        if (( CURRENT == 2 )); then\n"
        "            _describe command verbs\n"
        "            return\n"
        "        fi\n"
        "        command+=\" $words[2]\"\n"
        "        shift words\n"
        "        (( CURRENT-- ))\n"
        "    fi\n"
        "    __kaname_arguments $command\n}\n"
        "if [[ $funcstack[1] == _kaname ]]; then _kaname \"$@\"; else compdef _kaname kaname; fi\n";

void completion_print_zsh(FILE *to)
{
        fputs(head, to);
        fputs("__kaname_global=(", to);
        print_flags(to, global_options);
        fputs(")\n", to);
        print_nouns(to);
        fputs("__kaname_arguments()\n{\n    case $1 in\n", to);
        completion_each(to, print_case);
        fputs("    esac\n}\n", to);
        fputs(tail, to);
}
