/* SPDX-License-Identifier: Apache-2.0 */

/* For authors of plugins, without a hub: begin one, call it, test it, look at it. */

#ifndef CLI_AUTHOR_H
#define CLI_AUTHOR_H

#include "cli/cli.h"

struct kn_mock;

int verb_plugin_new(struct cli *cli, struct fault *fault);
int verb_plugin_run(struct cli *cli, struct fault *fault);
int verb_plugin_test(struct cli *cli, struct fault *fault);
int verb_plugin_inspect(struct cli *cli, struct fault *fault);

/* A name without a slash is a file here, not in the loader's folders. FAULT 422: unusable. */
int author_open(const char *so, struct kn_mock **ret, struct fault *fault);
struct kn_mock *author_close(struct kn_mock *mock);
CLEANUP_DEFINE(struct kn_mock *, author_close);
/* "remote" for KN_EREMOTE: the words of host_code_text(), without the room behind it. */
const char *author_code(int code);
/* The row of manifest.actions by name, or NULL. */
const json_t *author_action(const json_t *manifest, const char *name);

#endif
