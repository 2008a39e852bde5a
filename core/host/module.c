/* SPDX-License-Identifier: Apache-2.0 */
#include "host/module.h"

#include "base/cleanup.h"
#include "base/fault.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 4096
#define ROW_SIZE_MAX 4096
#define PLUGIN_SIZE_MAX 65536
#define HEAD_MIN offsetof(struct kn_plugin, domain)     /* up to the name, version and summary */

CLEANUP_DEFINE(struct module *, module_free);

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390x__)
#define MACHINE EM_S390
#elif defined(__i386__)
#define MACHINE EM_386
#elif defined(__arm__)
#define MACHINE EM_ARM
#else
#define MACHINE EM_NONE         /* unknown here: dlopen will say */
#endif

static const char *machine_text(unsigned machine)
{
        switch (machine) {
        case EM_X86_64: return "x86_64";
        case EM_AARCH64: return "aarch64";
        case EM_386: return "i386";
        case EM_ARM: return "arm";
        case EM_RISCV: return "riscv";
        case EM_PPC64: return "ppc64";
        case EM_S390: return "s390x";
        default: return "unknown";
        }
}

static int refuse_kind(const char *path, const char *found, struct fault *fault)
{
        fault_set(fault, 422, "plugin.not-elf", "%s is no shared object: wanted one, found %s",
                  path, found);
        return fault_try(fault, "build it with `cc -shared -fPIC`, see kaname-plugin(3)");
}

int module_check_file(const char *path, struct fault *fault)
{
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        Elf64_Ehdr head;        /* e_type and e_machine stand at the same place in both classes */
        ssize_t n;

        if (fd < 0)
                return fault_set(fault, errno == ENOENT ? 404 : 422, "plugin.unreadable", "%s: %s",
                                 path, strerror(errno));
        n = read(fd, &head, sizeof head);
        if (n < (ssize_t)offsetof(Elf64_Ehdr, e_version) ||
            memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
                return refuse_kind(path, "a file that does not begin as ELF", fault);
        if (head.e_type != ET_DYN)
                return refuse_kind(path, head.e_type == ET_REL ? "an object that is not linked yet"
                                                               : "an ELF file of another type",
                                   fault);
        if (MACHINE == EM_NONE || (head.e_machine == MACHINE &&
            head.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)))
                return 0;
        fault_set(fault, 422, "plugin.machine",
                  "%s is built for %s (%s-bit), this hub runs on %s (%zu-bit)", path,
                  machine_text(head.e_machine), head.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32",
                  machine_text(MACHINE), sizeof(void *) * 8);
        return fault_try(fault, "build it on this machine, or install the package made for it");
}

/* ---- the head and the rows ---- */

static int check_head(const struct kn_plugin *given, const char *path, struct fault *fault)
{
        if (!given)
                return fault_set(fault, 422, "plugin.magic", "%s: kaname_plugin() gave NULL", path);
        if (given->magic != KN_MAGIC)
                return fault_set(fault, 422, "plugin.magic",
                                 "%s: magic: wanted 0x%08x, found 0x%08x", path, KN_MAGIC,
                                 given->magic);
        if (given->abi >> 16 != KN_ABI_VERSION >> 16) {
                fault_set(fault, 422, "plugin.abi", "%s: abi: wanted %u.x, found %u.%u", path,
                          KN_ABI_VERSION >> 16, given->abi >> 16, given->abi & 0xffff);
                return fault_try(fault, "rebuild it with this version's kaname-plugin headers");
        }
        if (given->size < HEAD_MIN || given->size > PLUGIN_SIZE_MAX)
                return fault_set(fault, 422, "plugin.size", "%s: size: wanted %zu to %d, found %u",
                                 path, HEAD_MIN, PLUGIN_SIZE_MAX, given->size);
        return 0;
}

static int check_needs(const struct kn_plugin *plugin, const char *path, struct fault *fault)
{
        if (plugin->needs <= KN_ABI_VERSION)
                return 0;
        fault_set(fault, 422, "plugin.needs", "%s: needs: wanted at most %u.%u, found %u.%u", path,
                  KN_ABI_VERSION >> 16, KN_ABI_VERSION & 0xffff, plugin->needs >> 16,
                  plugin->needs & 0xffff);
        return fault_try(fault, "upgrade kaname, or install an older version of the plugin");
}

struct rows {
        const char *what;
        const void *given;
        uint32_t n, stride;
        size_t min, size;       /* of a row: what must be there, what this header knows */
};

/* Copies n rows of the given stride into rows of today's size; *ret NULL for none. */
static int copy_rows(const struct rows *rows, const char *path, void **ret, struct fault *fault)
{
        char *copy;

        if (rows->n == 0)
                return 0;
        if (!rows->given || rows->n > ROWS_MAX)
                return fault_set(fault, 422, "plugin.size",
                                 "%s: n_%ss: wanted at most %d rows, found %u%s", path, rows->what,
                                 ROWS_MAX, rows->n, rows->given ? "" : " at NULL");
        if (rows->stride < rows->min || rows->stride > ROW_SIZE_MAX ||
            rows->stride % sizeof(uint32_t))
                return fault_set(fault, 422, "plugin.size",
                                 "%s: %s_size: wanted %zu to %d, found %u", path, rows->what,
                                 rows->min, ROW_SIZE_MAX, rows->stride);
        copy = calloc(rows->n, rows->size);
        if (!copy)
                return -ENOMEM;
        for (uint32_t i = 0; i < rows->n; i++)
                memcpy(copy + i * rows->size, (const char *)rows->given + (size_t)i * rows->stride,
                       rows->stride < rows->size ? rows->stride : rows->size);
        *ret = copy;
        return 0;
}

static int take_rows(struct module *module, const char *path, struct fault *fault)
{
        const struct kn_plugin *p = &module->plugin;
        const struct rows actions = { "action", p->actions, p->n_actions, p->action_size,
                offsetof(struct kn_action, flags), sizeof(struct kn_action) };
        const struct rows triggers = { "trigger", p->triggers, p->n_triggers, p->trigger_size,
                offsetof(struct kn_trigger, payload), sizeof(struct kn_trigger) };
        const struct rows sensors = { "sensor", p->sensors, p->n_sensors, p->sensor_size,
                offsetof(struct kn_sensor, interval_ms), sizeof(struct kn_sensor) };
        int r = copy_rows(&actions, path, (void **)&module->actions, fault);

        if (r == 0)
                r = copy_rows(&triggers, path, (void **)&module->triggers, fault);
        if (r == 0)
                r = copy_rows(&sensors, path, (void **)&module->sensors, fault);
        return r;
}

static int understand(struct module *module, const struct kn_plugin *given, const char *path,
                      struct fault *fault)
{
        size_t size;
        int r = check_head(given, path, fault);

        if (r != 0)
                return r;
        size = given->size < sizeof module->plugin ? given->size : sizeof module->plugin;
        memcpy(&module->plugin, given, size);
        r = check_needs(&module->plugin, path, fault);
        return r != 0 ? r : take_rows(module, path, fault);
}

int module_adopt(const struct kn_plugin *plugin, const char *name, struct module **ret,
                 struct fault *fault)
{
        _cleanup_(module_freep) struct module *module = calloc(1, sizeof *module);
        int r = module ? understand(module, plugin, name, fault) : -ENOMEM;

        if (r != 0)
                return r;
        *ret = TAKE(module);
        return 0;
}

static int refuse_dlopen(const char *path, struct fault *fault)
{
        const char *why = dlerror();

        fault_set(fault, 422, "plugin.symbol", "%s cannot be loaded: %s", path,
                  why ? why : "no reason given");
        return fault_try(fault, "install the library that it lacks, or link it with -Wl,-z,defs to "
                                "see what is missing");
}

int module_open(const char *path, int flags, struct module **ret, struct fault *fault)
{
        _cleanup_(module_freep) struct module *module = calloc(1, sizeof *module);
        const struct kn_plugin *(*entry)(void);
        void *symbol;
        int r;

        if (!module)
                return -ENOMEM;
        r = module_check_file(path, fault);
        if (r != 0)
                return r;
        module->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | flags);
        if (!module->handle)
                return refuse_dlopen(path, fault);
        symbol = dlsym(module->handle, "kaname_plugin");
        if (!symbol) {
                fault_set(fault, 422, "plugin.symbol", "%s has no symbol kaname_plugin", path);
                return fault_try(fault,
                                 "declare the plugin with KN_PLUGIN(), see kaname-plugin(3)");
        }
        memcpy(&entry, &symbol, sizeof entry);
        r = understand(module, entry(), path, fault);
        if (r != 0)
                return r;
        *ret = TAKE(module);
        return 0;
}

struct module *module_free(struct module *module)
{
        if (!module)
                return NULL;
        free(module->actions);
        free(module->triggers);
        free(module->sensors);
        if (module->handle)
                dlclose(module->handle);
        free(module);
        return NULL;
}

const struct kn_action *module_action(const struct module *module, const char *name)
{
        for (uint32_t i = 0; i < module->plugin.n_actions; i++)
                if (strcmp(module->actions[i].name, name) == 0)
                        return &module->actions[i];
        return NULL;
}

const struct kn_sensor *module_sensor(const struct module *module, const char *name)
{
        for (uint32_t i = 0; i < module->plugin.n_sensors; i++)
                if (strcmp(module->sensors[i].name, name) == 0)
                        return &module->sensors[i];
        return NULL;
}

module_callback *module_entry(const struct module *module, enum host_entry entry, const char *name)
{
        const struct kn_action *action =
                entry == HOST_ACTION && name ? module_action(module, name) : NULL;
        const struct kn_sensor *sensor =
                entry != HOST_ACTION && name ? module_sensor(module, name) : NULL;

        switch (entry) {
        case HOST_ACTION:
                return action ? action->run : NULL;
        case HOST_POLL:
                return sensor ? sensor->poll : NULL;
        case HOST_SENSOR:
                return sensor ? sensor->run : NULL;
        case HOST_CHECK:
                return module->plugin.check;
        }
        return NULL;
}
