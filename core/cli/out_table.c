/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tables for people, by libsmartcols: it knows how wide a Japanese character is, and what a control
 * character in a cell must not do. Only a terminal's width cuts cells; a pipe gets them whole.
 */

#include "base/json.h"
#include "base/text.h"
#include "cli/out.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

static void cleanup_table(struct libscols_table **table)
{
        scols_unref_table(*table);
}

#define _table_ _cleanup_(cleanup_table)

static struct libscols_table *table_new(struct cli *cli)
{
        struct libscols_table *table = scols_new_table();

        if (!table)
                return NULL;
        scols_table_set_stream(table, cli->out);
        scols_table_enable_colors(table, cli->has_color);
        scols_table_set_column_separator(table, "  ");
        if (!cli->is_out_tty)
                scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
        return table;
}

static int column_new(struct cli *cli, struct libscols_table *table, const struct column *column)
{
        int flags = column->kind == COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0;

        if (cli->format != OUT_WIDE && cli->is_out_tty && column->kind == COLUMN_TEXT)
                flags |= SCOLS_FL_TRUNC;
        return scols_table_new_column(table, column->title, 0, flags) ? 0 : -ENOMEM;
}

static bool is_shown(const struct cli *cli, const struct column *column)
{
        return !column->is_wide || cli->format == OUT_WIDE || cli->format == OUT_CSV;
}

static int cell_set(struct cli *cli, struct libscols_line *line, size_t at, const char *text,
                    enum column_kind kind)
{
        enum out_color color = kind == COLUMN_STATUS ? out_status_color(text) : OUT_PLAIN;
        int r = scols_line_set_data(line, at, text);

        if (!r && color != OUT_PLAIN)
                r = scols_cell_set_color(scols_line_get_cell(line, at),
                                         out_color(cli->has_color, color));
        return r;
}

static int line_add(struct cli *cli, struct libscols_table *table, const json_t *object,
                    const struct column *columns)
{
        struct libscols_line *line = scols_table_new_line(table, NULL);
        size_t at = 0;
        int r = line ? 0 : -ENOMEM;

        for (; columns->title && !r; columns++) {
                _free_ char *text = NULL;

                if (!is_shown(cli, columns))
                        continue;
                text = out_cell(json_at(object, columns->path), columns->kind);
                r = text ? cell_set(cli, line, at++, text, columns->kind) : -ENOMEM;
        }
        return r;
}

int out_table(struct cli *cli, const json_t *list, const struct column *columns)
{
        _table_ struct libscols_table *table = table_new(cli);
        const json_t *object;
        size_t i;
        int r = table ? 0 : -ENOMEM;

        if (json_is_array(list) && !json_array_size(list)) {
                cli_note(cli, "none");
                return 0;
        }
        for (const struct column *column = columns; column->title && !r; column++)
                if (is_shown(cli, column))
                        r = column_new(cli, table, column);
        json_array_foreach(list, i, object)
                if (!r)
                        r = line_add(cli, table, object, columns);
        return r ? r : scols_print_table(table);
}

static bool is_time(const char *key)
{
        return text_ends_with(key, "_timestamp") || text_ends_with(key, "_time") ||
                text_ends_with(key, "_at") || text_equal(key, "timestamp") ||
                text_equal(key, "at") || text_equal(key, "since");
}

static enum column_kind kind_of(const char *key)
{
        return text_equal(key, "status") || text_equal(key, "state") ? COLUMN_STATUS
                : is_time(key) ? COLUMN_TIME : COLUMN_TEXT;
}

static int property_line(struct cli *cli, struct libscols_table *table, const char *name,
                         const json_t *value)
{
        const char *last = strrchr(name, '.');
        enum column_kind kind = kind_of(last ? last + 1 : name);
        struct libscols_line *line = scols_table_new_line(table, NULL);
        _free_ char *text = out_cell(value, kind);
        int r = text && line ? scols_line_set_data(line, 0, name) : -ENOMEM;

        return r ? r : cell_set(cli, line, 1, text, kind);
}

static int property_add(struct cli *cli, struct libscols_table *table, const char *name,
                        const json_t *value,
                        unsigned depth);

static int member_add(struct cli *cli, struct libscols_table *table, const char *of,
                      const char *name,
                      const json_t *value, unsigned depth)
{
        _free_ char *dotted = NULL;

        if (asprintf(&dotted, "%s%s%s", of, *of ? "." : "", name) < 0)
                return -ENOMEM;
        return property_add(cli, table, dotted, value, depth + 1);
}

/* One line a property; the members of objects, and objects in lists, stand under dotted names. */
static int property_add(struct cli *cli, struct libscols_table *table, const char *name,
                        const json_t *value,
                        unsigned depth)
{
        bool is_list = json_is_object(json_array_get(value, 0));
        const char *key;
        json_t *member;
        size_t i;
        int r = 0;

        if (depth >= 4 || (!json_object_size(value) && !is_list))
                return property_line(cli, table, name, value);
        json_object_foreach((json_t *)value, key, member)
                r = r ? r : member_add(cli, table, name, key, member, depth);
        json_array_foreach(value, i, member) {
                char index[24];

                snprintf(index, sizeof index, "%zu", i);
                r = r ? r : member_add(cli, table, name, index, member, depth);
        }
        return r;
}

int out_properties(struct cli *cli, const json_t *object)
{
        _table_ struct libscols_table *table = NULL;
        struct libscols_column *value;
        int r;

        if (cli->format == OUT_CSV) {
                static const struct column columns[] = { { "property", "0", 0, false },
                                                         { "value", "1", 0, false },
                                                         { NULL, NULL, 0, false } };
                _json_ json_t *rows = json_array();
                const char *key;
                json_t *member;

                json_object_foreach((json_t *)object, key, member)
                        json_array_append_new(rows, json_pack("[s,O]", key, member));
                return out_csv(cli->out, rows, columns);
        }
        table = table_new(cli);
        if (!table || !scols_table_new_column(table, "PROPERTY", 0, 0))
                return -ENOMEM;
        value = scols_table_new_column(table, "VALUE", 0, SCOLS_FL_WRAP);
        if (!value)
                return -ENOMEM;
        scols_column_set_wrapfunc(value, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
        scols_column_set_safechars(value, "\n");
        r = property_add(cli, table, "", object, 0);
        return r ? r : scols_print_table(table);
}
