/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A template of Jinja is one tree. A text of a workflow is cut into pieces as Orquesta cuts it, each
 * expression a tree of its own; where it holds statements the whole is a template, whose result is
 * looked at again. A text in which alone an expression stands gives its value, type and all.
 */
#include "expr/template.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "expr/jinja.h"
#include "expr/orquesta.h"
#include "expr/yaql.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct piece {
        const struct node *tree;        /* NULL: the text of it, or what it failed with: */
        const char *text;               /* the expression with its delimiters */
        size_t len;
        const char *problem;            /* of compiling; told when it is evaluated */
};

struct template {
        struct forest forest;
        enum expr_rules rules;
        enum orquesta_language language;
        struct piece *pieces;           /* of a workflow's text */
        size_t n, expressions;
        const struct node *tree;        /* of a template */
        const struct node *alone;       /* the expression that it is */
        const char *text, *problem;
        size_t len;
        struct span *raws;              /* what {% raw %} protects, in a workflow's text */
        size_t raws_n;
};

static int too_much(struct fault *fault)
{
        return fault_set(fault, 422, "expr.limit", "a text has more than 1 MiB of expressions");
}

static struct piece *piece_add(struct template *template, const char *s, size_t len)
{
        size_t n = template->n;
        struct piece *pieces = template->pieces;

        if (!(n & (n - 1))) {
                pieces = arena_alloc(&template->forest.arena, (n ? n * 2 : 1) * sizeof *pieces);
                if (!pieces)
                        return NULL;
                if (n)
                        memcpy(pieces, template->pieces, n * sizeof *pieces);
                template->pieces = pieces;
        }
        pieces[n] = (struct piece){ .text = s, .len = len };
        template->n++;
        return &pieces[n];
}

/* In a workflow what is wrong is told when it is run; only memory and limits are told now. */
static int parse_piece(struct template *template, struct piece *piece)
{
        struct span inner = orquesta_strip(&(struct span){ piece->text, piece->len });
        _fault_ struct fault fault = FAULT_INIT;
        int r = template->language == ORQUESTA_YAQL
                ? yaql_parse(&template->forest, inner.s, inner.len, &piece->tree, &fault)
                : jinja_parse_expression(&template->forest, inner.s, inner.len, true, &piece->tree,
                                         &fault);

        if (r != FAULT)
                return r;
        piece->problem = arena_text(&template->forest.arena, fault.what);
        return piece->problem ? 0 : -ENOMEM;
}

static int cut(struct template *template, const char *open)
{
        const char *at = template->text, *end = at + template->len, *before = at;
        struct span found;
        int r = 0;

        while (!r && orquesta_find(&at, end, open, &found)) {
                struct piece *piece;

                if (found.s > before && !piece_add(template, before, (size_t)(found.s - before)))
                        return -ENOMEM;
                piece = piece_add(template, found.s, found.len);
                r = piece ? parse_piece(template, piece) : -ENOMEM;
                before = at;
                template->expressions++;
        }
        if (!r && end > before && !piece_add(template, before, (size_t)(end - before)))
                r = -ENOMEM;
        return r;
}

static bool is_blank(const json_t *text)
{
        const char *s = json_string_value(text);

        for (size_t i = 0; i < json_string_length(text); i++)
                if (!isspace((unsigned char)s[i]))
                        return false;
        return true;
}

/* The one output of a block, where there is nothing else but blanks. */
static const struct node *find_alone(const struct node *block)
{
        const struct node *alone = NULL;

        for (size_t i = 0; i < block->n; i++) {
                const struct node *kid = block->kids[i];

                if (kid->kind == NODE_TEXT && is_blank(kid->literal))
                        continue;
                if (kid->kind != NODE_OUTPUT || alone)
                        return NULL;
                alone = kid->kids[0];
        }
        return alone;
}

static bool is_template(const char *s, size_t len)
{
        for (size_t i = 0; i + 1 < len; i++)
                if (s[i] == '{' && (s[i + 1] == '{' || s[i + 1] == '%' || s[i + 1] == '#'))
                        return true;
        return false;
}

static int explain_syntax(const struct template *template, struct fault *fault)
{
        int64_t at = json_integer_value(json_object_get(fault->detail, "at"));
        size_t len = template->len < 120 ? template->len : 120;
        _free_ char *message = fault->what ? strdup(fault->what) : NULL;
        char code[48];

        snprintf(code, sizeof code, "%s", fault->code);
        fault_set(fault, 422, code, "%.*s: character %lld: %s", (int)len, template->text,
                  (long long)at + 1, message ? message : "");
        return fault_detail(fault, "at", json_integer(at));
}

static int compile_template(struct template *template, struct fault *fault)
{
        _fault_ struct fault inner = FAULT_INIT;
        int r;

        /* Text alone is a template, too, where its last line break is to go. */
        if (template->rules != EXPR_TEXT && !is_template(template->text, template->len))
                return 0;
        r = jinja_parse_template(&template->forest, template->text, template->len, &template->tree,
                                 &inner);
        if (r == FAULT && template->rules == EXPR_WORKFLOW) {
                template->problem = arena_text(&template->forest.arena, inner.what);
                return template->problem ? 0 : -ENOMEM;
        }
        if (r == FAULT) {
                fault_move(fault, &inner);
                return explain_syntax(template, fault);
        }
        if (!r && template->rules == EXPR_TEMPLATE)
                template->alone = find_alone(template->tree);
        return r;
}

/*
 * Orquesta puts {0}, {1} … where {% raw %} stands, and what it protects back at the end: text that
 * came out would be looked at again otherwise.
 */
static int take_raws(struct template *template)
{
        static const char open[] = "{% raw %}", close[] = "{% endraw %}";
        const char *s = template->text, *from, *to;
        _text_ struct text rest = TEXT_INIT;
        struct span *raws;

        while ((from = strstr(s, open)) && (to = strstr(from, close))) {
                raws = arena_alloc(&template->forest.arena,
                                   (template->raws_n + 1) * sizeof *raws);
                if (!raws)
                        return -ENOMEM;
                if (template->raws_n)
                        memcpy(raws, template->raws, template->raws_n * sizeof *raws);
                from += strlen(open);
                raws[template->raws_n] = (struct span){ from, (size_t)(to - from) };
                template->raws = raws;
                text_add_bytes(&rest, s, (size_t)(from - s) - strlen(open));
                text_addf(&rest, "{%zu}", template->raws_n++);
                s = to + strlen(close);
        }
        if (!template->raws_n)
                return 0;
        text_add(&rest, s);
        template->len = rest.len;
        template->text = rest.failed ? NULL : arena_text(&template->forest.arena, rest.s);
        return template->text ? 0 : -ENOMEM;
}

static json_t *put_raws(const struct template *template, struct run *run, json_t *value)
{
        const char *s = json_string_value(value), *at;
        _text_ struct text made = TEXT_INIT;
        char mark[32];

        for (size_t i = 0; s && i < template->raws_n; i++) {
                snprintf(mark, sizeof mark, "{%zu}", i);
                at = strstr(s, mark);
                if (!at)
                        continue;
                text_add_bytes(&made, s, (size_t)(at - s));
                text_add_bytes(&made, template->raws[i].s, template->raws[i].len);
                s = at + strlen(mark);
        }
        if (!s)
                return value;
        text_add(&made, s);
        return run_take(run, &made);
}

static int compile_workflow(struct template *template, struct fault *fault)
{
        const char *s = template->text, *at = s;
        struct span found;

        template->language = orquesta_language(s, template->len);
        if (template->language == ORQUESTA_JINJA) {
                if (take_raws(template) < 0)
                        return -ENOMEM;
                s = at = template->text;
                if (template->raws_n && orquesta_language(s, template->len) == ORQUESTA_NONE)
                        return 0;
        }
        if (template->language == ORQUESTA_BOTH) {
                template->problem = "Expression with multiple types is not supported.";
                return 0;
        }
        if (template->language == ORQUESTA_YAQL)
                return cut(template, "<%");
        if (template->language == ORQUESTA_NONE)
                return 0;
        return orquesta_find(&at, s + template->len, "{%", &found)
                ? compile_template(template, fault) : cut(template, "{{");
}

int template_compile(const char *s, size_t len, enum expr_rules rules, struct template **ret,
                     struct fault *fault)
{
        struct template *template;
        int r;

        if (len > (size_t)1 << 20 && (is_template(s, len) || memmem(s, len, "<%", 2)))
                return too_much(fault);
        template = calloc(1, sizeof *template);
        if (!template)
                return -ENOMEM;
        r = forest_begin(&template->forest);
        template->rules = rules;
        template->len = len;
        template->text = r ? NULL : arena_bytes(&template->forest.arena, s, len);
        if (!r)
                r = !template->text ? -ENOMEM : rules == EXPR_WORKFLOW
                        ? compile_workflow(template, fault) : compile_template(template, fault);
        if (r) {
                template_free(template);
                return r;
        }
        *ret = template;
        return 0;
}

struct template *template_free(struct template *template)
{
        if (!template)
                return NULL;
        forest_deinit(&template->forest);
        free(template);
        return NULL;
}

bool template_is_constant(const struct template *template)
{
        return !template->tree && !template->expressions && !template->problem &&
                !template->raws_n;
}

static json_t *render(const struct template *template, struct run *run)
{
        _text_ struct text text = TEXT_INIT;
        struct text *outer = run->out;
        struct frame frame;
        bool ok;

        run->out = &text;
        frame_enter(run, &frame);
        ok = run_statement(run, template->tree);
        frame_leave(run, &frame);
        run->out = outer;
        return ok ? run_take(run, &text) : NULL;
}

/* What came out may again hold expressions: that text is a template, too. */
static json_t *again(json_t *value, struct run *run)
{
        struct template *template = NULL;
        json_t *made = NULL;
        int r;

        if (!json_is_string(value) || run_is_undefined(run, value) ||
            orquesta_language(json_string_value(value), json_string_length(value)) == ORQUESTA_NONE)
                return value;
        if (!run->left.depth)
                return run_too_deep(run);
        run->left.depth--;
        run->nesting++;
        r = template_compile(json_string_value(value), json_string_length(value), EXPR_WORKFLOW,
                             &template, NULL);
        if (!r) {
                made = template_eval(template, run);
                if (made)       /* it may be a literal of the template */
                        made = run_keep(run, json_incref(made));
                template_free(template);
        }
        run->left.depth++;
        run->nesting--;
        return r ? run_no_memory(run) : made;
}

/* What upstream calls the exception of a text that is no expression. */
static const char *problem_type(const char *problem, bool is_yaql)
{
        static const char *const types[][2] = {
                { "Lexical error", "YaqlLexicalException" },
                { "No filter named", "TemplateAssertionError" },
                { "No test named", "TemplateAssertionError" },
        };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (strncmp(problem, types[i][0], strlen(types[i][0])) == 0)
                        return types[i][1];
        return is_yaql ? "YaqlGrammarException" : "TemplateSyntaxError";
}

static json_t *fail_piece(struct run *run, const struct piece *piece, bool is_yaql)
{
        if (piece->problem)
                run_raise(run, problem_type(piece->problem, is_yaql), "%s", piece->problem);
        run_blame(run, piece->text, piece->len, is_yaql ? "yaql" : "jinja");
        return NULL;
}

/* As upstream: the text is left with the expression in it, and that is told at the end. */
static json_t *leave_unresolved(const struct piece *piece, struct run *run)
{
        struct span inner = orquesta_strip(&(struct span){ piece->text, piece->len });

        text_add(&run->unresolved, run->unresolved.len ? ", " : "");
        text_add_bytes(&run->unresolved, inner.s, inner.len);
        return run_text(run, piece->text, piece->len);
}

static json_t *eval_piece(const struct template *template, const struct piece *piece,
                          struct run *run)
{
        bool is_yaql = template->language == ORQUESTA_YAQL;
        json_t *value = piece->problem ? NULL : run_node(run, piece->tree);

        if (value && run_is_undefined(run, value))
                return leave_unresolved(piece, run);
        value = value ? again(value, run) : NULL;
        return value && !run->failure ? value : fail_piece(run, piece, is_yaql);
}

static json_t *eval_pieces(const struct template *template, struct run *run)
{
        bool is_yaql = template->language == ORQUESTA_YAQL;
        _text_ struct text text = TEXT_INIT;

        for (size_t i = 0; i < template->n; i++) {
                const struct piece *piece = &template->pieces[i];
                json_t *value;

                if (!piece->tree && !piece->problem) {
                        text_add_bytes(&text, piece->text, piece->len);
                        continue;
                }
                value = eval_piece(template, piece, run);
                if (!value || template->n == 1)
                        return value;
                if (!(is_yaql ? run_print_plain(run, value, &text)
                      : run_print(run, value, false, &text)))
                        return fail_piece(run, piece, is_yaql);
        }
        return run_take(run, &text);
}

static json_t *eval_statements(const struct template *template, struct run *run)
{
        json_t *value = template->problem
                ? run_raise(run, problem_type(template->problem, false), "%s", template->problem)
                : render(template, run);

        value = value ? again(value, run) : NULL;
        if (!value || run->failure)
                run_blame(run, template->text, template->len, "jinja");
        return run->failure ? NULL : value;
}

static json_t *eval_workflow(const struct template *template, struct run *run)
{
        json_t *value;

        if (template->language == ORQUESTA_BOTH)
                return run_raise(run, "", "%s", template->problem);
        if (template->pieces)
                value = eval_pieces(template, run);
        else if (template->tree || template->problem)
                value = eval_statements(template, run);
        else
                value = run_text(run, template->text, template->len);
        if (value && run->unresolved.len && !run->nesting) {
                run_raise(run, "", "There are unresolved variables: %s", run->unresolved.s);
                run->failure = FAILURE_UNDEFINED;
                return NULL;
        }
        return value && template->raws_n ? put_raws(template, run, value) : value;
}

json_t *template_eval(const struct template *template, struct run *run)
{
        json_t *value;

        if (template->rules == EXPR_WORKFLOW)
                return eval_workflow(template, run);
        if (!template->tree)
                return run_text(run, template->text, template->len);
        if (!template->alone)
                return render(template, run);
        value = run_node(run, template->alone);
        if (value && run_is_undefined(run, value))
                return run_is_empty(run, value) ? run_text(run, "", 0)
                        : run_use_undefined(run, value);
        return value;
}

static int fault_of_limit(const struct run *run, struct fault *fault)
{
        fault_set(fault, 422, "expr.limit", "%s: %s", run->blamed ? run->blamed : "an expression",
                  run->message ? run->message : "a limit is hit");
        return fault_try(fault, "make the expression or what it works on smaller, or raise the "
                         "setting");
}

static int fault_of_workflow(const struct run *run, const char *code, struct fault *fault)
{
        bool is_yaql = text_equal(run->language, "yaql");
        _free_ char *sentence = run_sentence(run);

        fault_set(fault, 422, code, "%s", sentence ? sentence : "");
        fault_detail(fault, "exception", json_string(is_yaql ? "YaqlEvaluationException"
                                                     : "JinjaEvaluationException"));
        fault_detail(fault, "type", json_string(run->type));
        fault_detail(fault, "language", json_string(run->language ? run->language : "jinja"));
        return fault_detail(fault, "expression", json_string(run->blamed ? run->blamed : ""));
}

int template_fault(const struct template *template, const struct run *run, struct fault *fault)
{
        const char *code = run->failure == FAILURE_UNDEFINED ? "expr.undefined" : "expr.failed";

        if (run->failure == FAILURE_MEMORY || !run->failure)
                return -ENOMEM;
        if (run->failure == FAILURE_LIMIT)
                fault_of_limit(run, fault);
        else if (template->rules == EXPR_WORKFLOW)
                fault_of_workflow(run, code, fault);
        else
                fault_set(fault, 422, code, "%.*s: %s",
                          (int)(template->len < 200 ? template->len : 200), template->text,
                          run->message ? run->message : "");
        if (template->rules != EXPR_WORKFLOW)
                fault_detail(fault, "type", json_string(run->type));
        if (run->why)
                fault_why(fault, "%s", run->why);
        return run->remedy ? fault_try(fault, "%s", run->remedy) : FAULT;
}
