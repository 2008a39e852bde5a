/* SPDX-License-Identifier: Apache-2.0 */

/* A message as mail: headers (RFC 5322, encoded words of RFC 2047) and a body in base64. */

#ifndef SMTP_MAIL_H
#define SMTP_MAIL_H

#include "notify/message.h"

#include <time.h>

struct mail {
        const char *from, *from_name;   /* address; name may be "" */
        time_t when;
        const struct message *message;
};

/* All of it in ASCII, lines end in \r\n; new. NULL: out of memory. */
char *mail_text(const struct mail *mail);
/* "=?UTF-8?B?…?= =?UTF-8?B?…?=", folded, where it is not plain; new. */
char *mail_word(const char *text);
/* local@domain of ASCII letters, digits and what needs no quotes. */
bool mail_is_address(const char *address);

#endif
