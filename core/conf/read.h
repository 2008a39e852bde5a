/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of this room share; conf.h is for the others. */

#ifndef CONF_READ_H
#define CONF_READ_H

#include "conf/conf.h"

#include <libconfig.h>

#define CONF_FILE_MAX (1 << 20)
#define CONF_DEPTH_MAX 32

enum conf_kind {
        CONF_FLAG, CONF_NUMBER, CONF_SIZE, CONF_TEXT, CONF_NAME, CONF_PATH, CONF_CHOICE,
        CONF_TEXTS, CONF_PATHS, CONF_GROUP, CONF_OBJECT, CONF_INSTANCES
};

struct conf_key {
        const char *name;               /* NULL ends a table */
        enum conf_kind kind;
        const char *fallback;           /* JSON; NULL: none */
        size_t offset;                  /* into struct conf, of what the kind needs */
        int64_t min, max;               /* NUMBER, SIZE; min elements of a list */
        const char *const *choices;     /* CHOICE */
        const struct conf_key *members; /* GROUP */
};

extern const struct conf_key conf_keys[], conf_instance_keys[];

/* One file being read. */
struct conf_file {
        const char *path;
        struct text *problems;
        unsigned n_problems;
};

/* Tell a problem; line 0 leaves the line out, remedy NULL the remedy. */
void conf_problem(struct conf_file *file, unsigned line, const char *remedy, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

/*
 * The text as libconfig may have it: every integer marked as 64 bits wide, since libconfig 1.5
 * wraps what does not fit into 32 silently. False: problems were told, libconfig would only repeat
 * them.
 */
bool conf_scan(struct conf_file *file, const char *s, size_t len, struct text *out);

/* A text where a list is wanted is a list of one. */
static inline bool conf_is_list(const config_setting_t *setting)
{
        return config_setting_is_array(setting) || config_setting_is_list(setting);
}

static inline unsigned conf_length(const config_setting_t *setting)
{
        return conf_is_list(setting) ? (unsigned)config_setting_length(setting) : 1;
}

static inline const config_setting_t *conf_element(const config_setting_t *setting, unsigned i)
{
        return conf_is_list(setting) ? config_setting_get_elem(setting, i) : setting;
}

/* Check one setting (for PATHS: one element) and give it as JSON; NULL: a problem was told. */
json_t *conf_check(struct conf_file *file, const struct conf_key *key, const char *path,
                   const config_setting_t *setting);
/* One entry of instances, with its origin; NULL: problems were told. */
json_t *conf_check_instance(struct conf_file *file, const config_setting_t *setting);
/* The row for a setting of a group, or NULL after telling that there is none; within: "", "log". */
const struct conf_key *conf_key_find(struct conf_file *file, const struct conf_key *keys,
                                     const char *within, const config_setting_t *setting);

/* After the files: overrides, defaults, the rules that need the whole, the typed members. */
int conf_settle(struct conf *conf, const json_t *overrides, struct text *problems);

/* What is wrong with an address to listen on, or NULL; public: other machines can reach it. */
const char *conf_listen_parse(const char *address, bool *ret_public);

#endif
