/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The completion scripts; that of zsh and fish have files of their own, bash's is here. Nouns,
 * verbs and options are spelled out in it, so completing them starts no process; names that only
 * the hub knows are asked for and kept for half a minute.
 */

#include "cli/completion.h"
#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

static const char *const sources[] = {          /* the command that lists the names of a kind */
        [COMPLETE_ACTION] = "action list", [COMPLETE_EXECUTION] = "execution list",
        [COMPLETE_RULE] = "rule list", [COMPLETE_PACK] = "pack list",
        [COMPLETE_INSTANCE] = "instance list", [COMPLETE_PLUGIN] = "plugin list",
        [COMPLETE_KEY] = "key list", [COMPLETE_TRIGGER] = "trigger list",
        [COMPLETE_INQUIRY] = "inquiry list", [COMPLETE_POLICY] = "policy list",
};

const char *completion_source(enum complete kind)
{
        return sources[kind];
}

bool completion_takes_argument(const struct verb_option *option)
{
        return option->argument && option->argument[0] != '[';
}

static void print_kind(FILE *to, enum complete kind)
{
        if (kind == COMPLETE_FILE)
                fputs("files", to);
        else if (kind == COMPLETE_FOLDER)
                fputs("folders", to);
        else if (kind != COMPLETE_NOTHING)
                fprintf(to, "names '%s'", sources[kind]);
        else
                fputs("nothing", to);
}

static void print_option_words(FILE *to, const struct verb_option *options)
{
        for (; options && options->name; options++) {
                fprintf(to, " --%s", options->name);
                if (options->letter)
                        fprintf(to, " -%c", options->letter);
        }
}

/* "name|--name|-n" patterns of the options that take an argument of this kind. */
static void print_option_cases(FILE *to, const char *command, const struct verb_option *options)
{
        for (; options && options->name; options++) {
                if (!completion_takes_argument(options))
                        continue;
                fprintf(to, "        '%s --%s'", command, options->name);
                if (options->letter)
                        fprintf(to, "|'%s -%c'", command, options->letter);
                fputs(") __kaname_", to);
                print_kind(to, options->complete);
                fputs("; return 0 ;;\n", to);
        }
}

static void command_name(const struct noun *noun, const struct verb *verb, char name[64])
{
        snprintf(name, 64, "%s%s%s", noun->name ? noun->name : "", noun->name ? " " : "",
                 verb->name);
}

void completion_each(FILE *to, completion_verb *print)
{
        for (const struct noun *const *noun = nouns; *noun; noun++)
                for (const struct verb *verb = (*noun)->verbs; verb->name; verb++) {
                        char name[64];

                        command_name(*noun, verb, name);
                        print(to, verb, name);
                }
}

static void print_arguments(FILE *to, const struct verb *verb, const char *command)
{
        print_option_cases(to, command, verb->options);
}

static void print_words(FILE *to, const struct verb *verb, const char *command)
{
        fprintf(to, "        '%s') words='", command);
        print_option_words(to, verb->options);
        fputs("'; operand='", to);
        if (verb->complete == COMPLETE_FILE || verb->complete == COMPLETE_FOLDER)
                fputs(verb->complete == COMPLETE_FILE ? "files" : "folders", to);
        else if (verb->complete != COMPLETE_NOTHING)
                fprintf(to, "names %s", sources[verb->complete]);
        fputs("' ;;\n", to);
}

static void print_nouns(FILE *to)
{
        const char **names = verb_names(NULL);

        fputs("__kaname_first='", to);
        for (size_t i = 0; names && names[i]; i++)
                fprintf(to, "%s ", names[i]);
        fputs("help'\n__kaname_second()\n{\n    case $1 in\n", to);
        free(names);
        for (const struct noun *const *noun = nouns; *noun; noun++) {
                if (!(*noun)->name)
                        continue;
                fprintf(to, "        %s) echo '", (*noun)->name);
                for (const struct verb *verb = (*noun)->verbs; verb->name; verb++)
                        fprintf(to, "%s ", verb->name);
                fputs("' ;;\n", to);
        }
        fputs("    esac\n}\n", to);
}

static const char head[] =
        "# bash completion for kaname(1); made from its verb table\n"
        "__kaname_nothing() { :; }\n"
        "__kaname_files() { compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")); }\n"
        "__kaname_folders() { compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\")); }\n"
        "__kaname_names()\n{\n"
        "    local cache=\"${XDG_CACHE_HOME:-$HOME/.cache}/kaname/${1// /-}\"\n"
        "    if [[ -z $(find \"$cache\" -newermt '-30 seconds' 2>/dev/null) ]]; then\n"
        "        mkdir -p \"${cache%/*}\"\n"
        "        (umask 077; kaname $1 -q -o name >\"$cache\" 2>/dev/null </dev/null)\n"
        "    fi\n"
        "    COMPREPLY=($(compgen -W \"$(<\"$cache\")\" -- \"$cur\"))\n}\n";

static const char middle[] =
        "__kaname_argument()\n{\n    case \"$command $prev\" in\n";

static const char tail[] =
        "_kaname()\n{\n"
        "    local cur prev command='' words='' operand='' word i\n"
        "    COMPREPLY=()\n"
        "    cur=${COMP_WORDS[COMP_CWORD]}\n"
        "    prev=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n"
        "        [[ $word == -* ]] && continue\n"
        "        if [[ -z $command ]]; then\n"
        "            [[ \" $__kaname_first \" == *\" $word \"* ]] && command=$word\n"
        "        elif [[ \" $(__kaname_second \"$command\") \" == *\" $word \"* ]]; then\n"
        "            command+=\" $word\"\n"
        "        fi\n"
        "    done\n"
        "    case $prev in\n"
        "        -o|--output) COMPREPLY=($(compgen -W 'table wide json yaml jsonl csv name' -- "
        "\"$cur\")); return ;;\n"
        "    esac\n"
        "    __kaname_argument && return\n"
        "    __kaname_words\n"
        "    if [[ $cur == -* ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$words $__kaname_global\" -- \"$cur\"))\n"
        "    elif [[ -z $command || $command == help ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$__kaname_first\" -- \"$cur\"))\n"
        "    elif [[ -n $(__kaname_second \"$command\") ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$(__kaname_second \"$command\")\" -- \"$cur\"))\n"
        "    elif [[ $operand == names\\ * ]]; then\n"
        "        __kaname_names \"${operand#names }\"\n"
        "    elif [[ -n $operand ]]; then\n"
        "        __kaname_$operand\n"
        "    fi\n}\n"
        "complete -F _kaname kaname\n";

static void completion_print_bash(FILE *to)
{
        fputs(head, to);
        fputs("__kaname_global='", to);
        print_option_words(to, global_options);
        fputs("'\n", to);
        print_nouns(to);
        fputs(middle, to);
        completion_each(to, print_arguments);
        fputs("    esac\n    return 1\n}\n__kaname_words()\n{\n    case $command in\n", to);
        completion_each(to, print_words);
        fputs("    esac\n}\n", to);
        fputs(tail, to);
}

bool completion_print(FILE *to, const char *shell)
{
        static const struct {
                const char *shell;
                void (*print)(FILE *to);
        } shells[] = { { "bash", completion_print_bash }, { "zsh", completion_print_zsh },
                       { "fish", completion_print_fish } };

        for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
                if (!strcmp(shell, shells[i].shell)) {
                        shells[i].print(to);
                        return true;
                }
        return false;
}
