/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Secrets at rest: XChaCha20-Poly1305 by libsodium under the hub's master key, a file of mode 0600
 * in the state directory that no backup holds. The name of what is sealed is authenticated with it,
 * so a sealed value cannot be moved to another name.
 */

#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/fault.h"

struct seal;

/* Read the key, or make it on the first start. FAULT 500 where its mode or length is wrong. */
int seal_open(const char *state_dir, struct seal **ret, struct fault *fault);
struct seal *seal_close(struct seal *seal);             /* NULL; accepts NULL */
/* Text to "kn1:" and base64; a new string. name binds it. */
int seal_text(const struct seal *seal, const char *name, const char *plain, char **ret,
              struct fault *fault);
/* FAULT 422 seal.broken where it was sealed with another key, for another name, or was damaged. */
int seal_unseal(const struct seal *seal, const char *name, const char *sealed, char **ret,
                struct fault *fault);

#endif
