/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/version.h"

#include <kaname/plugin.h>

#include <curl/curl.h>
#include <jansson.h>
#include <libconfig.h>
#include <microhttpd.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>

int version_print(const char *program)
{
        printf("%s %s\nplugin ABI %u.%u\n", program, PACKAGE_VERSION,
               (unsigned)KN_ABI_VERSION >> 16, (unsigned)KN_ABI_VERSION & 0xffff);
        printf("jansson %s, libcurl %s, libmicrohttpd %s, SQLite %s, libsodium %s, libconfig %d.%d"
               "\n",
               jansson_version_str(), curl_version_info(CURLVERSION_NOW)->version,
               MHD_get_version(), sqlite3_libversion(), sodium_version_string(),
               LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR);
        return 0;
}
