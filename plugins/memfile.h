/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A text under a file's name, for libraries that read certificates from files only: a plugin in its
 * sandbox can neither write one nor read just any.
 */

#ifndef PLUGINS_MEMFILE_H
#define PLUGINS_MEMFILE_H

#define MEMFILE_PATH 40

/* A descriptor to close after use, and its path; -1: out of memory or descriptors. */
int memfile_open(const char *text, char path[MEMFILE_PATH]);

#endif
