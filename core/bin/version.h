/* SPDX-License-Identifier: Apache-2.0 */

#ifndef BIN_VERSION_H
#define BIN_VERSION_H

/* What a bug report needs: this program, the plugin ABI, the libraries that are in use. 0. */
int version_print(const char *program);

#endif
