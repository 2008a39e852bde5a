/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routes: a task that several others lead to, without a join, runs once for each of them, and so
 * does all that follows. A route is the way to it, as the splits that it went through; it knows the
 * route it came from and the one split that is new.
 */
#include "workflow/life.h"

#include <errno.h>
#include <string.h>

static bool passes(const struct conductor *c, unsigned route, const struct edge *edge)
{
        for (; c->routes[route].edge; route = c->routes[route].parent)
                if (!strcmp(c->routes[route].edge->backref, edge->backref))
                        return true;
        return false;
}

int route_add(struct conductor *c, unsigned parent, const struct edge *edge, unsigned *ret)
{
        if (list_grow((void **)&c->routes, &c->route_room, c->route_count, sizeof *c->routes))
                return -ENOMEM;
        c->routes[c->route_count] = (struct route){
                parent, edge, edge ? c->routes[parent].length + 1 : 0
        };
        *ret = (unsigned)c->route_count++;
        if (edge)
                delta_add(c, json_pack("{s:i, s:i, s:s, s:s}", "route", (int)*ret, "parent",
                                       (int)parent, "from", c->workflow->nodes[edge->from].name,
                                       "edge", edge->name));
        return 0;
}

int route_follow(struct conductor *c, const struct edge *edge, unsigned from, unsigned *ret,
                 struct fault *fault)
{
        const struct node *to = &c->workflow->nodes[edge->to];

        if (!to->is_split || to->is_in_cycle || passes(c, from, edge)) {
                *ret = from;
                return 0;
        }
        if (c->route_count >= c->workflow->limits.routes) {
                refuse(fault, 422, "workflow.limit", "WorkflowLimitError",
                       "the workflow takes more than %zu routes (setting limits.workflow_routes)",
                       c->workflow->limits.routes);
                return fault_try(fault, "join the branches before they fork again");
        }
        return route_add(c, from, edge, ret);
}

/* Is every split of one route among those of the other? */
static bool is_part_of(const struct conductor *c, unsigned part, unsigned whole)
{
        for (; c->routes[part].edge; part = c->routes[part].parent)
                if (!passes(c, whole, c->routes[part].edge))
                        return false;
        return true;
}

struct entry *route_number(const struct conductor *c, const struct node *node, unsigned route)
{
        for (;;) {
                struct entry *entry = entry_latest(c, node, route);
                unsigned before = route;

                if (entry || route >= c->route_count)
                        return entry;
                do {
                        if (before == 0)
                                return NULL;
                        before--;
                } while (c->routes[before].length > c->routes[route].length ||
                         !is_part_of(c, before, route));
                route = before;
        }
}
