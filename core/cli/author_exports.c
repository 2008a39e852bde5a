/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which symbols an object gives and takes, from its dynamic symbol table: it is read, not loaded.
 * Offsets come from a file that may be anything, so each is checked against its size.
 */

#include "base/text.h"
#include "cli/author_test.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct object {
        const char *bytes;
        size_t len;
};

static const char *at(const struct object *object, uint64_t offset, uint64_t len)
{
        return offset > object->len || len > object->len - offset ? NULL : object->bytes + offset;
}

/* By value: nothing says that a table lies where the machine likes it. */
static bool copy(const struct object *object, uint64_t offset, void *ret, size_t len)
{
        const char *from = at(object, offset, len);

        if (from)
                memcpy(ret, from, len);
        return from != NULL;
}

static bool section(const struct object *object, const ElfW(Ehdr) *head, uint64_t i,
                    ElfW(Shdr) *ret)
{
        return i < head->e_shnum && copy(object, head->e_shoff + i * sizeof *ret, ret, sizeof *ret);
}

static const char *symbol_name(const struct object *object, const ElfW(Shdr) *strings,
                               uint32_t offset)
{
        const char *all = at(object, strings->sh_offset, strings->sh_size);
        bool is_whole = all && offset < strings->sh_size &&
                memchr(all + offset, '\0', strings->sh_size - offset);

        return is_whole ? all + offset : NULL;
}

static enum verdict judge_symbol(struct check *check, const ElfW(Sym) *symbol, const char *name,
                                 int *found)
{
        bool is_ours = text_starts_with(name, "kn_") || text_starts_with(name, "kaname_");

        if (symbol->st_shndx == SHN_UNDEF && is_ours)
                return check_say(check, CHECK_FAIL,
                                 "it wants %s from its host: nothing is linked, every service is a "
                                 "door", name);
        if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
                return CHECK_OK;
        if (!strcmp(name, "kaname_plugin"))
                ++*found;
        else if (*name != '_' && !text_equal(name, "main"))
                return check_say(check, CHECK_FAIL, "it exports %s: build with -fvisibility=hidden",
                                 name);
        return CHECK_OK;
}

static enum verdict judge_table(struct check *check, const struct object *object,
                                const ElfW(Shdr) *table, const ElfW(Shdr) *strings)
{
        enum verdict verdict = CHECK_OK;
        ElfW(Sym) symbol;
        int found = 0;

        for (uint64_t i = 1; verdict == CHECK_OK && i < table->sh_size / sizeof symbol; i++) {
                uint64_t offset = table->sh_offset + i * sizeof symbol;
                const char *name = copy(object, offset, &symbol, sizeof symbol)
                        ? symbol_name(object, strings, symbol.st_name) : NULL;

                verdict = name ? judge_symbol(check, &symbol, name, &found)
                        : check_say(check, CHECK_FAIL, "its symbol table is damaged");
        }
        if (verdict == CHECK_OK && !found)
                return check_say(check, CHECK_FAIL,
                                 "it does not export kaname_plugin: is KN_PLUGIN() in it?");
        return verdict;
}

static enum verdict judge_object(struct check *check, const struct object *object)
{
        ElfW(Shdr) table, strings;
        ElfW(Ehdr) head;

        if (!copy(object, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG))
                return check_say(check, CHECK_FAIL, "it is no ELF object");
        for (uint64_t i = 0; i < head.e_shnum; i++)
                if (section(object, &head, i, &table) && table.sh_type == SHT_DYNSYM &&
                    section(object, &head, table.sh_link, &strings))
                        return judge_table(check, object, &table, &strings);
        return check_say(check, CHECK_FAIL, "it has no dynamic symbols");
}

enum verdict check_exports(struct check *check)
{
        _close_ int fd = open(check->so, O_RDONLY | O_CLOEXEC);
        struct object object;
        enum verdict verdict;
        struct stat st;
        void *bytes;

        if (fd < 0 || fstat(fd, &st) || st.st_size <= 0)
                return check_say(check, CHECK_FAIL, "it cannot be read");
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
                return check_say(check, CHECK_FAIL, "it cannot be mapped");
        object = (struct object){ bytes, (size_t)st.st_size };
        verdict = judge_object(check, &object);
        munmap(bytes, object.len);
        return verdict;
}
