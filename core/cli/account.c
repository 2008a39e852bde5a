/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/account.h"

#include "base/text.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *env(const char *name)
{
        const char *value = getenv(name);

        return value && *value ? value : NULL;
}

static char *file_path(void)
{
        const char *base = env("XDG_CONFIG_HOME"), *home = env("HOME");
        char *path = NULL;

        if (base && asprintf(&path, "%s/kaname/config", base) < 0)
                return NULL;
        if (!base && home && asprintf(&path, "%s/.config/kaname/config", home) < 0)
                return NULL;
        return path;
}

/* What login wrote. */
struct saved {
        config_t config;
        const char *url, *token;
};

static int saved_check(const char *path, FILE *file, struct fault *fault)
{
        struct stat st;

        if (fstat(fileno(file), &st))
                return -errno;
        if (!(st.st_mode & 077))
                return 0;
        fault_set(fault, 403, "account.open",
                  "%s holds a token and can be read by others (mode %04o)", path,
                  (unsigned)(st.st_mode & 07777));
        return fault_try(fault, "chmod 600 %s", path);
}

static int saved_read(const char *path, struct saved *ret, struct fault *fault)
{
        FILE *file = path ? fopen(path, "re") : NULL;
        int r;

        if (!file)
                return 0;
        r = saved_check(path, file, fault);
        if (!r && !config_read(&ret->config, file))
                r = fault_set(fault, 400, "account.damaged", "%s:%d: %s", path,
                              config_error_line(&ret->config),
                              config_error_text(&ret->config));
        fclose(file);
        if (r)
                return r;
        config_lookup_string(&ret->config, "url", &ret->url);
        config_lookup_string(&ret->config, "token", &ret->token);
        return 0;
}

static int set_url(struct account *account, const char *url, struct fault *fault)
{
        size_t len = strlen(url);

        if (text_starts_with(url, "unix:")) {
                account->socket = strdup(url + 5);
                account->url = strdup("http://localhost");
                return account->socket && account->url ? 0 : -ENOMEM;
        }
        if (!text_starts_with(url, "http://") && !text_starts_with(url, "https://")) {
                fault_set(fault, 400, "usage.url", "\"%s\" is no address of a hub", url);
                return fault_try(fault,
                                 "--url http://127.0.0.1:8470   (or https://…, or unix:/path)");
        }
        while (len && url[len - 1] == '/')
                len--;
        account->url = strndup(url, len);
        return account->url ? 0 : -ENOMEM;
}

const char *account_socket(const char *const paths[])
{
        for (size_t i = 0; paths[i]; i++)
                if (access(paths[i], F_OK) == 0)
                        return paths[i];
        return paths[0];
}

/* Where a hub without a setting for it listens: the service's folder, else its own state. */
static int find_where(const struct cli *cli, const struct saved *saved, struct account *account,
                      struct fault *fault)
{
        static const char *const sockets[] = { KN_RUNDIR "/kanamed.sock",
                                               KN_STATEDIR "/kanamed.sock", NULL };
        const char *url = cli_option(cli, "url"), *path = env("KANAME_SOCKET");
        _free_ char *text = NULL;

        if (!url)
                url = env("KANAME_URL");
        if (!url && (path || !saved->url)) {
                if (asprintf(&text, "unix:%s", path ? path : account_socket(sockets)) < 0)
                        return -ENOMEM;
                url = text;
        }
        return set_url(account, url ? url : saved->url, fault);
}

/* Is this the hub that login spoke to? */
static bool is_saved_hub(const struct saved *saved, const struct account *account)
{
        struct account other = ACCOUNT_INIT;
        bool is;

        if (!saved->url || set_url(&other, saved->url, NULL))
                return false;
        is = text_equal(other.url, account->url) && text_equal(other.socket, account->socket);
        account_deinit(&other);
        return is;
}

static int find_who(const struct cli *cli, const struct saved *saved, struct account *account,
                    struct fault *fault)
{
        const char *token = cli_option(cli, "token");

        account->origin = "--token";
        if (!token) {
                token = env("KANAME_TOKEN");
                account->origin = "$KANAME_TOKEN";
        }
        if (!token && saved->token && is_saved_hub(saved, account)) {
                token = saved->token;
                account->origin = "`kaname login`";
        }
        if (!token) {
                account->origin = NULL;
                return 0;
        }
        for (const char *s = token; *s; s++)
                if (*s <= ' ' || *s > '~') {
                        fault_set(fault, 400, "usage.token", "the token from %s holds a space or "
                                  "what is not ASCII", account->origin);
                        return fault_try(fault, "copy it again: a token is one word");
                }
        account->token = strdup(token);
        return account->token ? 0 : -ENOMEM;
}

int account_find(const struct cli *cli, struct account *ret, struct fault *fault)
{
        struct account account = ACCOUNT_INIT;
        struct saved saved = { .url = NULL };
        int r;

        config_init(&saved.config);
        account.file = file_path();
        r = saved_read(account.file, &saved, fault);
        if (!r)
                r = find_where(cli, &saved, &account, fault);
        if (!r)
                r = find_who(cli, &saved, &account, fault);
        config_destroy(&saved.config);
        if (r)
                account_deinit(&account);
        else
                *ret = account;
        return r;
}

static int make_folders(const char *path)
{
        _free_ char *dir = strdup(path);

        if (!dir)
                return -ENOMEM;
        for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(dir, 0700) && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return 0;
}

static void config_fill(config_t *config, const struct account *account)
{
        config_setting_t *root = config_root_setting(config);
        _free_ char *url = NULL;

        if (asprintf(&url, "%s%s", account->socket ? "unix:" : "", account->socket ? account->socket
                     : account->url) < 0)
                url = NULL;
        if (url)
                config_setting_set_string(config_setting_add(root, "url", CONFIG_TYPE_STRING), url);
        if (account->token)
                config_setting_set_string(config_setting_add(root, "token", CONFIG_TYPE_STRING),
                                          account->token);
}

/* Beside it and renamed, so that a full disk never leaves half a file. */
static int write_file(const char *path, const struct account *account)
{
        _free_ char *beside = NULL;
        config_t config;
        FILE *file;
        int fd, r = 0;

        if (asprintf(&beside, "%s.XXXXXX", path) < 0)
                return -ENOMEM;
        fd = mkostemp(beside, O_CLOEXEC);
        file = fd < 0 ? NULL : fdopen(fd, "w");
        if (!file)
                return -errno;
        config_init(&config);
        config_fill(&config, account);
        config_write(&config, file);
        config_destroy(&config);
        if (ferror(file) || fflush(file) || fsync(fd))
                r = -(errno ? errno : EIO);
        if (fclose(file) && !r)
                r = -errno;
        if (!r && rename(beside, path))
                r = -errno;
        if (r)
                unlink(beside);
        return r;
}

int account_save(const struct account *account, struct fault *fault)
{
        int r;

        if (!account->file)
                return fault_set(fault, 400, "account.no-home",
                                 "neither $HOME nor $XDG_CONFIG_HOME is set");
        r = make_folders(account->file);
        if (!r)
                r = write_file(account->file, account);
        return r ? fault_set(fault, 500, "account.unwritable", "%s: %s", account->file,
                             strerror(-r)) : 0;
}

void account_deinit(struct account *account)
{
        free(account->url);
        free(account->socket);
        if (account->token)
                explicit_bzero(account->token, strlen(account->token));
        free(account->token);
        free(account->file);
        *account = (struct account)ACCOUNT_INIT;
}
