/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A plugin's object, loaded and understood: its head is accepted before anything else of it is
 * touched, and its rows are brought to the sizes of this header, whatever sizes it was built with.
 * What it says of itself leaves as JSON, the form in catalog/manifest.h.
 */

#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include "base/fault.h"
#include "host/host.h"

struct module {
        void *handle; /* of dlopen; NULL where the plugin is part of the program */
        struct kn_plugin plugin;
        struct kn_action *actions;
        struct kn_trigger *triggers;
        struct kn_sensor *sensors;
};

/* Is this file an object that this machine could load? FAULT 422 plugin.not-elf, .machine; 404. */
int module_check_file(const char *path, struct fault *fault);
/*
 * flags: of dlopen, beside RTLD_NOW | RTLD_LOCAL. FAULT 422 names the file, what was wanted and
 * found.
 */
int module_open(const char *path, int flags, struct module **ret, struct fault *fault);
/* The same for a plugin that is there already; name stands for the path in faults. */
int module_adopt(const struct kn_plugin *plugin, const char *name, struct module **ret,
                 struct fault *fault);
struct module *module_free(struct module *module);      /* NULL; accepts NULL */

/* The function behind an entry; name: of the action or sensor. NULL: there is none. */
typedef int module_callback(struct kn_ctx *);
module_callback *module_entry(const struct module *module, enum host_entry entry, const char *name);
const struct kn_action *module_action(const struct module *module, const char *name);
const struct kn_sensor *module_sensor(const struct module *module, const char *name);
/* FAULT 422 plugin.schema, plugin.name: what it says does not make sense. New. */
int module_describe(const struct module *module, const char *path, json_t **ret,
                    struct fault *fault);

#endif
