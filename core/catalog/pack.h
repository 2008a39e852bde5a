/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs on disk. An archive NAME-VERSION.kpack is tar + zstd (libarchive) of pack.yaml, plugins,
 * rules/, actions/, … and CHECKSUMS (sha256sum's format, of every other file). Installed versions
 * lie side by side, STATE/packs/NAME/VERSION/, and STATE/packs/NAME/active is a symbolic link that
 * is renamed into place: install, upgrade, roll back and remove are each one rename.
 */

#ifndef CATALOG_PACK_H
#define CATALOG_PACK_H

#include "base/fault.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * Build an archive from a folder; *ret_path is a new string. FAULT 422 for a bad pack.yaml or name.
 */
int pack_build(const char *dir, const char *out_dir, char **ret_path, struct fault *fault);
/*
 * Check and unpack an archive (a file descriptor) or a folder into STATE/packs/NAME/VERSION.
 * Refuses absolute and .. paths, links, devices, more than 10,000 files, 1 GiB, checksum
 * mismatches, files that CHECKSUMS does not name, a wrong pack.yaml. Nothing is active yet.
 * *ret_meta: pack.yaml as JSON ("ref" is its short name, "version" three numbers at least);
 * *ret_dir: where it lies; both new. The same content again is no fault; other content under an
 * active version is 409.
 */
int pack_unpack(const char *state_dir, int archive_fd, const char *folder, json_t **ret_meta,
                char **ret_dir, struct fault *fault);
int pack_activate(const char *state_dir, const char *name, const char *version,
                  struct fault *fault);
/* The version that was active before this one; FAULT 409 where there is none. New string. */
int pack_previous(const char *state_dir, const char *name, char **ret_version, struct fault *fault);
int pack_deactivate(const char *state_dir, const char *name, struct fault *fault);
/* A version that was refused: its files go, unless it is active or what the active one followed. */
int pack_discard(const char *state_dir, const char *name, const char *version, struct fault *fault);
/*
 * Remove the files of versions that are neither active nor keep_version (NULL: none); of all, the
 * folder too.
 */
int pack_prune(const char *state_dir, const char *name, const char *keep_version,
               struct fault *fault);
/*
 * Remove the versions that nobody needs: not active, not what a rollback goes to, not wanted; and
 * packs without an active version, which a crash kept from being installed or removed.
 */
int pack_sweep(const char *state_dir,
               bool (*is_wanted)(void *arg, const char *name, const char *version), void *arg,
               struct fault *fault);
/* Every active pack: visit(dir). */
int pack_each_active(const char *state_dir,
                     int (*visit)(void *arg, const char *name, const char *dir), void *arg);
/*
 * pack.yaml read and checked: name, version (semver), description, … FAULT 422 with file and line.
 */
int pack_read_meta(const char *dir, json_t **ret, struct fault *fault);

/* Which version of a pack is installed: *ret_version is a new string, NULL where it is not. */
struct packs_there {
        int (*version)(void *arg, const char *name, char **ret_version, struct fault *fault);
        void *arg;
};
/*
 * In which order to install these packs, so that each finds what it needs: ret_order gets the
 * indexes of metas, an array of what pack_read_meta() gives, and keeps their order where it can.
 * FAULT 422 pack.twice, pack.circle, pack.dependency: no order serves them.
 */
int packs_order(const json_t *metas, const struct packs_there *there, size_t *ret_order,
                struct fault *fault);

#endif
