/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What accept.ratio is measured against: a libmicrohttpd handler that reads the body, checks
 * nothing, stores nothing and answers. Prints its port, serves until its standard input ends.
 */

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **request)
{
        static char answer[] = "{\"id\":\"0123456789abcdef01234567\"}";
        struct MHD_Response *response;
        enum MHD_Result r;

        (void)arg;
        (void)url;
        (void)method;
        (void)version;
        (void)data;
        if (!*request) {
                *request = answer;
                return MHD_YES;
        }
        if (*size) {
                *size = 0;
                return MHD_YES;
        }
        response =
                MHD_create_response_from_buffer(sizeof answer - 1, answer, MHD_RESPMEM_PERSISTENT);
        MHD_add_response_header(response, "Content-Type", "application/json");
        r = MHD_queue_response(connection, 202, response);
        MHD_destroy_response(response);
        return r;
}

int main(void)
{
        struct MHD_Daemon *daemon =
                MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
                                 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
        char c;

        if (!daemon)
                return 1;
        printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
        fflush(stdout);
        while (read(STDIN_FILENO, &c, 1) > 0)
                ;
        MHD_stop_daemon(daemon);
        return 0;
}
