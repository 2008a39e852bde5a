/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verb.h"

#include "base/text.h"

#include <stdlib.h>

const struct noun *noun_find(const char *name)
{
        for (const struct noun *const *noun = nouns; *noun; noun++)
                if ((*noun)->name && text_equal((*noun)->name, name))
                        return *noun;
        return NULL;
}

const struct verb *verb_find(const struct noun *noun, const char *name)
{
        for (const struct verb *verb = noun->verbs; verb->name; verb++)
                if (text_equal(verb->name, name))
                        return verb;
        return NULL;
}

static size_t verb_count(const struct noun *noun)
{
        size_t n = 0;

        while (noun->verbs[n].name)
                n++;
        return n;
}

static size_t names_add(const char **names, size_t at, const struct noun *noun)
{
        for (const struct verb *verb = noun->verbs; verb->name; verb++)
                names[at++] = verb->name;
        return at;
}

const char **verb_names(const struct noun *noun)
{
        size_t n = 0, room = noun ? verb_count(noun) : 0;
        const char **names;

        for (const struct noun *const *each = nouns; !noun && *each; each++)
                room += (*each)->name ? 1 : verb_count(*each);
        names = calloc(room + 1, sizeof *names);
        if (!names)
                return NULL;
        if (noun)
                names_add(names, 0, noun);
        for (const struct noun *const *each = nouns; !noun && *each; each++) {
                if ((*each)->name)
                        names[n++] = (*each)->name;
                else
                        n = names_add(names, n, *each);
        }
        return names;
}
