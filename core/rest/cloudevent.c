/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/cloudevent.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "rest/query.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ATTRIBUTE_MAX 1024

static int bad(struct fault *fault, const char *attribute, const char *wanted)
{
        fault_set(fault, 400, "ce.attribute", "the CloudEvents attribute '%.32s' must be %s",
                  attribute, wanted);
        return fault_try(fault, "see https://github.com/cloudevents/spec, version 1.0.2");
}

static bool has_control(const char *s)
{
        for (; *s; s++)
                if ((unsigned char)*s < 0x20 || *s == 0x7f)
                        return true;
        return false;
}

static int check_required(const json_t *event, const char *name, struct fault *fault)
{
        const json_t *value = json_object_get(event, name);

        if (!json_is_string(value) || !json_string_length(value)
            || json_string_length(value) > ATTRIBUTE_MAX
            || strlen(json_string_value(value)) != json_string_length(value)
            || has_control(json_string_value(value)))
                return bad(fault, name, "a text of 1 to 1024 characters");
        return 0;
}

static bool is_attribute_name(const char *name)
{
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

        return n > 0 && !name[n];
}

static int check_others(const json_t *event, struct fault *fault)
{
        const json_t *value;
        const char *name;

        json_object_foreach((json_t *)event, name, value) {
                if (strcmp(name, "data") == 0)
                        continue;
                if (strcmp(name, "data_base64") == 0) {
                        if (!json_is_string(value))
                                return bad(fault, name, "base64 text");
                        continue;
                }
                if (!is_attribute_name(name))
                        return bad(fault, name, "named with a-z and 0-9 only");
                if (!json_is_string(value) && !json_is_integer(value) && !json_is_boolean(value)
                    && !json_is_null(value))
                        return bad(fault, name, "text, a whole number or a boolean");
        }
        return 0;
}

int cloudevent_check(const json_t *event, struct fault *fault)
{
        const char *time;
        int64_t ms;
        int r;

        if (!json_is_object(event))
                return fault_set(fault, 400, "ce.object", "a CloudEvent is a JSON object");
        if (!text_equal(json_text_of(event, "specversion", ""), "1.0"))
                return bad(fault, "specversion", "\"1.0\"");
        r = check_required(event, "id", fault);
        if (!r)
                r = check_required(event, "source", fault);
        if (!r)
                r = check_required(event, "type", fault);
        if (r)
                return r;
        time = json_text_of(event, "time", NULL);
        if (time && clock_parse(time, &ms) < 0)
                return bad(fault, "time", "a time such as 2026-11-22T06:54:52Z");
        if (json_object_get(event, "data") && json_object_get(event, "data_base64"))
                return bad(fault, "data", "absent where data_base64 is there");
        return check_others(event, fault);
}

char *cloudevent_key(const json_t *event)
{
        char *key;

        /* No attribute holds a control character, so this cannot be made by other values. */
        return asprintf(&key, "%s\n%s", json_text_of(event, "source", ""),
                        json_text_of(event, "id", "")) < 0
                ? NULL : key;
}

/* ---- binary mode ---- */

struct reading {
        json_t *event;
        struct fault *fault;
};

/* Values are percent-encoded UTF-8. */
static int take_header(void *arg, const char *name, const char *value)
{
        struct reading *reading = arg;
        _free_ char *text = NULL;
        char attribute[64];
        size_t n;

        if (strncasecmp(name, "ce-", 3) != 0)
                return 0;
        n = (size_t)snprintf(attribute, sizeof attribute, "%s", name + 3);
        if (n >= sizeof attribute)
                return bad(reading->fault, name + 3, "named shorter");
        for (char *s = attribute; *s; s++)
                if (*s >= 'A' && *s <= 'Z')
                        *s |= 0x20;
        text = strdup(value);
        if (!text)
                return -ENOMEM;
        if (query_decode(text, false, reading->fault))
                return fault_prefix(reading->fault, "ce-%s", attribute);
        json_set_text(reading->event, attribute, text);
        return 0;
}

static bool is_json(const char *type)
{
        size_t n = type ? strcspn(type, "; \t") : 0;

        return n && ((n == 16 && strncasecmp(type, "application/json", n) == 0)
                     || (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0)
                     || (n == 9 && strncasecmp(type, "text/json", n) == 0));
}

static int take_data(json_t *event, const char *type, const char *body, size_t len,
                     struct fault *fault)
{
        size_t room = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
        _free_ char *text = NULL;
        json_t *data;

        if (!len)
                return 0;
        if (is_json(type)) {
                /* The body's limits were kept when it was read; depth is checked here. */
                struct json_limits limits = { len, 64, NULL, "limits.depth" };

                if (json_parse(body, len, &limits, &data, fault))
                        return FAULT;
                return json_object_set_new(event, "data", data) < 0 ? -ENOMEM : 0;
        }
        if (text_is_utf8(body, len) && !memchr(body, 0, len))
                return json_object_set_new(event, "data", json_stringn(body, len)) < 0 ? -ENOMEM
                : 0;
        text = malloc(room);
        if (!text)
                return -ENOMEM;
        sodium_bin2base64(text, room, (const uint8_t *)body, len, sodium_base64_VARIANT_ORIGINAL);
        json_set_text(event, "data_base64", text);
        return 0;
}

int cloudevent_binary(int (*each)(void *headers, cloudevent_header *header, void *arg),
                      void *headers,
                      const char *type, const char *body, size_t len, json_t **ret,
                      struct fault *fault)
{
        _json_ json_t *event = json_object();
        struct reading reading = { event, fault };
        int r = each(headers, take_header, &reading);

        if (!r && (json_object_get(event, "data") || json_object_get(event, "data_base64")))
                r = bad(fault, "data", "in the body, not in a header");
        if (!r && type && !json_object_get(event, "datacontenttype"))
                json_set_text(event, "datacontenttype", type);
        if (!r)
                r = take_data(event, type, body, len, fault);
        if (!r)
                r = cloudevent_check(event, fault);
        if (!r)
                *ret = TAKE(event);
        return r;
}
