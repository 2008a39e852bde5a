/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/login.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client_i.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

const struct verb_option login_options[] = {
        { .name = "token-file", .argument = "FILE", .complete = COMPLETE_FILE,
          .summary = "read the token from a file, such as the hub's admin-token" },
        { .name = "user", .letter = 'u', .argument = "NAME",
          .summary = "trade the key of this user for a token that expires" },
        { .name = "ttl", .argument = "TIME", .summary = "how long the traded token is good" },
        { .name = NULL }
};

static int read_line(FILE *from, char **ret, struct fault *fault)
{
        char line[4096];

        if (!fgets(line, sizeof line, from))
                return fault_set(fault, 400, "login.empty", "no token was given");
        line[strcspn(line, "\r\n")] = '\0';
        if (!*line)
                return fault_set(fault, 400, "login.empty", "the token is empty");
        *ret = strdup(line);
        explicit_bzero(line, sizeof line);
        return *ret ? 0 : -ENOMEM;
}

/* Typed without showing; what is piped in is read as it is. */
static int ask(struct cli *cli, char **ret, struct fault *fault)
{
        struct termios was, quiet;
        bool is_tty = tcgetattr(fileno(cli->in), &was) == 0;
        int r;

        if (is_tty) {
                fputs("Token or key: ", cli->err);
                fflush(cli->err);
                quiet = was;
                quiet.c_lflag &= ~(tcflag_t)ECHO;
                tcsetattr(fileno(cli->in), TCSAFLUSH, &quiet);
        }
        r = read_line(cli->in, ret, fault);
        if (is_tty) {
                tcsetattr(fileno(cli->in), TCSAFLUSH, &was);
                fputc('\n', cli->err);
        }
        return r;
}

static int read_file(const char *path, char **ret, struct fault *fault)
{
        FILE *file = fopen(path, "re");
        int r;

        if (!file) {
                fault_set(fault, errno == EACCES ? 403 : 404, "login.file", "%s: %s", path,
                          strerror(errno));
                return errno == EACCES ? fault_try(fault, "sudo cat %s | kaname login", path)
                        : FAULT;
        }
        r = read_line(file, ret, fault);
        fclose(file);
        return r;
}

static int find_secret(struct cli *cli, char **ret, struct fault *fault)
{
        const char *path = cli_option(cli, "token-file"), *given = cli_option(cli, "token");

        if (path)
                return read_file(path, ret, fault);
        if (!given)
                return ask(cli, ret, fault);
        *ret = strdup(given);
        return *ret ? 0 : -ENOMEM;
}

/* Trade a key for a token with an end: what lies on this disk is then worth little tomorrow. */
static int trade(struct cli *cli, char **secret, struct fault *fault)
{
        _free_ char *basic = NULL;
        _json_ json_t *body = json_object();
        struct request request = { .method = "POST", .path = "/auth/v1/tokens", .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int64_t ttl_ms = 0;
        int r = body ? cli_duration(cli, "ttl", &ttl_ms, fault) : -ENOMEM;

        if (!r && asprintf(&basic, "%s:%s", cli_option(cli, "user"), *secret) < 0)
                return -ENOMEM;
        if (ttl_ms)
                json_object_set_new(body, "ttl", json_integer(ttl_ms / 1000));
        request.basic = basic;
        if (!r)
                r = client_call(cli, &request, &answer, fault);
        if (r)
                return r;
        free(*secret);
        *secret = strdup(json_text_of(answer.json, "token", ""));
        return *secret ? 0 : -ENOMEM;
}

int verb_login(struct cli *cli, struct fault *fault)
{
        _free_ char *secret = NULL;
        _json_ json_t *user = NULL;
        struct account *account;
        int r = find_secret(cli, &secret, fault);

        if (!r)
                r = client_open(cli, fault);
        if (!r && cli_option(cli, "user"))
                r = trade(cli, &secret, fault);
        if (r)
                return r;
        account = &cli->client->account;
        free(account->token);
        account->token = TAKE(secret);
        r = client_get(cli, "/api/v1/user", NULL, &user, fault);
        if (!r)
                r = account_save(account, fault);
        if (!r)
                cli_note(cli, "logged in at %s as %s; kept in %s", client_where(cli),
                         json_text_of(user, "username", json_text_of(user, "user", "?")),
                         account->file);
        return r;
}
