/* SPDX-License-Identifier: Apache-2.0 */

/*
 * --curl: the request as a line for the shell. The token is named, never shown, so that the line
 * can be pasted into a ticket.
 */

#include "cli/client_i.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* 'it'\''s': nothing inside single quotes means anything to a shell. */
static void print_quoted(FILE *to, const char *s)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789-_./:@=";

        if (*s && strspn(s, plain) == strlen(s)) {
                fputs(s, to);
                return;
        }
        fputc('\'', to);
        for (; *s; s++)
                fputs(*s == '\'' ? "'\\''" : (const char[]){ *s, 0 }, to);
        fputc('\'', to);
}

static void print_body(FILE *to, const struct request *request)
{
        _free_ char *body = request->body ? json_compact(request->body) : NULL;

        if (!body && !request->file)
                return;
        fprintf(to, " -H 'Content-Type: %s'", request->type ? request->type : "application/json");
        fputs(request->file ? " --data-binary @" : " -d ", to);
        print_quoted(to, request->file ? request->file : body);
}

int client_print_curl(struct cli *cli, const struct request *request)
{
        const struct account *account = &cli->client->account;
        _free_ char *url = client_url(cli->client, request);
        FILE *to = cli->out;

        fputs("curl -sS", to);
        if (request->method && strcmp(request->method, "GET"))
                fprintf(to, " -X %s", request->method);
        if (account->socket) {
                fputs(" --unix-socket ", to);
                print_quoted(to, account->socket);
        }
        if (request->basic)
                fputs(" -u \"$KANAME_USER\"", to);
        else if (account->token || !account->socket)
                fputs(" -H \"Authorization: Bearer $KANAME_TOKEN\"", to);
        if (request->once)
                fprintf(to, " -H 'Idempotency-Key: %s'", request->once);
        print_body(to, request);
        fputc(' ', to);
        print_quoted(to, url ? url : "");
        fputc('\n', to);
        return CLI_DONE;
}
