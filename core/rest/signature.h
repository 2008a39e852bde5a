/* SPDX-License-Identifier: Apache-2.0 */

/* Signatures that senders put on webhooks: pure, constant-time. */

#ifndef REST_SIGNATURE_H
#define REST_SIGNATURE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_TOLERANCE_S 300

struct signature {
        const char *github;             /* X-Hub-Signature-256: "sha256=HEX" */
        const char *id, *timestamp, *standard;  /* Standard Webhooks: "v1,BASE64 v1,BASE64 …" */
};

/*
 * Is the body signed with this secret ("whsec_" and base64, or plain text)? FAULT 401
 * signature.bad, signature.old (outside the tolerance), signature.missing.
 */
int signature_check(const struct signature *signature, const char *secret, const void *body,
                    size_t len,
                    int64_t now_s, struct fault *fault);

#endif
