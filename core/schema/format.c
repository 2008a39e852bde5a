/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What "format" promises about a text. Unknown formats promise nothing, as the specification says.
 * The checks are of form, not of existence: nothing is looked up.
 */
#include "schema/node.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool digits(const char **s, size_t n, int *ret)
{
        *ret = 0;
        for (size_t i = 0; i < n; i++, (*s)++) {
                if (!isdigit((unsigned char)**s))
                        return false;
                *ret = *ret * 10 + (**s - '0');
        }
        return true;
}

static bool take(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static bool take_date(const char **s)
{
        static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int year, month, day;

        if (!digits(s, 4, &year) || !take(s, '-') || !digits(s, 2, &month) || !take(s, '-') ||
            !digits(s, 2, &day))
                return false;
        if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
                return false;
        return month != 2 || day != 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* Minutes east of UTC. */
static bool take_offset(const char **s, int *ret)
{
        int sign = **s == '-' ? -1 : 1, hours, minutes;

        *ret = 0;
        if (take(s, 'Z') || take(s, 'z'))
                return true;
        if (!take(s, '+') && !take(s, '-'))
                return false;
        if (!digits(s, 2, &hours) || !take(s, ':') || !digits(s, 2, &minutes))
                return false;
        *ret = sign * (hours * 60 + minutes);
        return hours < 24 && minutes < 60;
}

static bool take_time(const char **s)
{
        int hours, minutes, seconds, offset, none;

        if (!digits(s, 2, &hours) || !take(s, ':') || !digits(s, 2, &minutes) || !take(s, ':') ||
            !digits(s, 2, &seconds))
                return false;
        if (take(s, '.')) {
                if (!digits(s, 1, &none))
                        return false;
                *s += strspn(*s, "0123456789");
        }
        if (!take_offset(s, &offset) || hours > 23 || minutes > 59 || seconds > 60)
                return false;
        /* A leap second is the last of a day in UTC. */
        return seconds < 60 || (hours * 60 + minutes - offset + 2 * 1440) % 1440 == 1439;
}

static bool is_date_time(const char *s)
{
        return take_date(&s) && (take(&s, 'T') || take(&s, 't')) && take_time(&s) && !*s;
}

static bool is_date(const char *s)
{
        return take_date(&s) && !*s;
}

static bool is_time(const char *s)
{
        return take_time(&s) && !*s;
}

static bool is_ipv4(const char *s)
{
        struct in_addr addr;

        return inet_pton(AF_INET, s, &addr) == 1;
}

static bool is_ipv6(const char *s)
{
        struct in6_addr addr;

        return inet_pton(AF_INET6, s, &addr) == 1;
}

static bool is_label(const char *s, size_t n)
{
        if (!n || n > 63 || s[0] == '-' || s[n - 1] == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char)s[i]) && s[i] != '-')
                        return false;
        return true;
}

static bool is_hostname(const char *s)
{
        if (strlen(s) > 253)
                return false;
        for (;;) {
                size_t n = strcspn(s, ".");

                if (!is_label(s, n))
                        return false;
                if (!s[n])
                        return true;
                s += n + 1;
        }
}

/* A scheme, a colon, and only characters that a URI may hold. */
static bool is_uri(const char *s)
{
        size_t scheme =
                strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

        if (!scheme || !isalpha((unsigned char)*s) || s[scheme] != ':')
                return false;
        for (const char *p = s + scheme + 1; *p; p++) {
                if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~' ||
                    strchr("<>\"{}|\\^`", *p))
                        return false;
                if (*p == '%' && (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2])))
                        return false;
        }
        return true;
}

static bool is_mailbox_host(const char *s)
{
        char inner[64];
        size_t n = strlen(s);

        if (s[0] != '[')
                return is_hostname(s);
        if (n < 3 || s[n - 1] != ']' || n > sizeof inner)
                return false;
        snprintf(inner, sizeof inner, "%.*s", (int)n - 2, s + 1);
        return strncmp(inner, "IPv6:", 5) == 0 ? is_ipv6(inner + 5) : is_ipv4(inner);
}

static bool is_email(const char *s)
{
        const char *at = strrchr(s, '@');
        size_t n = at ? (size_t)(at - s) : 0;

        if (!n || n > 64 || !is_mailbox_host(at + 1))
                return false;
        if (s[0] == '"')
                return n > 2 && s[n - 1] == '"';
        if (s[0] == '.' || s[n - 1] == '.')
                return false;
        for (size_t i = 0; i < n; i++)
                if ((s[i] == '.' && s[i + 1] == '.') || isspace((unsigned char)s[i]) ||
                    strchr("()<>[]:;@\\,\"", s[i]))
                        return false;
        return true;
}

static bool is_uuid(const char *s)
{
        static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

        if (strlen(s) != strlen(form))
                return false;
        for (size_t i = 0; s[i]; i++)
                if (form[i] == '-' ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
                        return false;
        return true;
}

static bool is_regex(const char *s)
{
        struct regex *regex = NULL;
        int r = regex_compile(s, REGEX_ECMA, &regex, NULL);

        regex_free(regex);
        return r == 0;
}

bool format_fits(const char *format, const char *s)
{
        static const struct {
                const char *name;
                bool (*fits)(const char *s);
        } formats[] = {
                { "date-time", is_date_time }, { "date", is_date }, { "time", is_time },
                { "ipv4", is_ipv4 }, { "ipv6", is_ipv6 }, { "hostname", is_hostname },
                { "uri", is_uri }, { "email", is_email }, { "uuid", is_uuid },
                { "regex", is_regex },
        };

        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
                if (strcmp(format, formats[i].name) == 0)
                        return formats[i].fits(s);
        return true;
}
