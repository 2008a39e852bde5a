/* SPDX-License-Identifier: Apache-2.0 */

/* What is said of a name that nothing has: what was probably meant, or what has to be there first. */
#include "catalog/build.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct capable {
        const char *domain, *action;
        struct text names;
};

static int add_capable(void *arg, void *value)
{
        struct capable *capable = arg;
        const struct manifest *manifest = value;

        if (manifest_claims(manifest, capable->domain) &&
            manifest_action(manifest, capable->action))
                text_addf(&capable->names, "%s%s", capable->names.len ? ", " : "", manifest->name);
        return 0;
}

/* An action of a contract is there as soon as an instance serves it. */
static int unserved(const struct catalog *catalog, const char *domain, const char *action,
                    struct fault *fault)
{
        struct capable capable = { domain, action, TEXT_INIT };
        _free_ char *names = NULL;

        table_each(&catalog->plugins, add_capable, &capable);
        names = text_take(&capable.names);
        fault_why(fault, "no instance of a plugin that can do it is there; such plugins: %s",
                  names && *names ? names : "none");
        return fault_try(fault, "kaname instance add NAME PLUGIN (kaname status tells what was "
                                "left out, and why)");
}

int catalog_no_action(const struct catalog *catalog, const char *ref, struct fault *fault)
{
        const char *dot = strchr(ref, '.'), *near = table_nearest(&catalog->actions, ref);
        const struct contract *contract = NULL;
        char domain[64];

        fault_set(fault, 404, "action.unknown", "there is no action '%.128s'", ref);
        if (dot && (size_t)snprintf(domain, sizeof domain, "%.*s", (int)(dot - ref), ref) <
                   sizeof domain)
                contract = table_get(&catalog->contracts, domain);
        if (contract && contract_action(contract, dot + 1))
                return unserved(catalog, domain, dot + 1, fault);
        return near ? fault_try(fault, "did you mean '%s'? (kaname action list shows all)", near)
                    : fault_try(fault, "kaname action list");
}

int catalog_no_instance(const struct catalog *catalog, const char *name, struct fault *fault)
{
        const char *near = table_nearest(&catalog->instances, name);

        fault_set(fault, 404, "instance.unknown", "there is no instance '%.128s'", name);
        return near ? fault_try(fault, "did you mean '%s'? (kaname instance list)", near)
                    : fault_try(fault, "kaname instance list shows what there is, kaname status "
                                       "what was left out, and why");
}
