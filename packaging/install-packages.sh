#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-packages.sh PURPOSE…: install what packaging/debian-packages.txt lists for it, where it is
# missing. As root, or as a user with sudo. Servers that come with it are not started: policy-rc.d
# says no for the time of the installation, and what stood there before is put back.
set -eu
# redmine asks bundler for its gems while it is set up. Of the two that Debian 12 has since an update of ruby,
# the newer one does not see Debian's gems, and fails.
bundler=2.3.15
here=$(dirname "$0")
missing=
for purpose; do
        for package in $(awk -v p="$purpose" '$1 == p { print $2 }' "$here/debian-packages.txt"); do
                dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
                        missing="$missing $package"
        done
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || {
        echo "error: these packages are missing and apt-get is not here to install them:$missing" >&2
        exit 1
}
as_root=
if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
                echo "error: these packages are missing:$missing" >&2
                echo "  try: apt-get install$missing    (as root)" >&2
                exit 1
        }
        as_root=sudo
fi
policy=/usr/sbin/policy-rc.d
restore() {
        $as_root rm -f "$policy"
        [ ! -e "$policy.kaname" ] || $as_root mv "$policy.kaname" "$policy"
}
echo "installing:$missing"
[ ! -e "$policy" ] || $as_root mv "$policy" "$policy.kaname"
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
$as_root chmod 755 "$policy"
log=$(mktemp)
{
        $as_root apt-get update -qq &&
                $as_root env DEBIAN_FRONTEND=noninteractive BUNDLER_VERSION=$bundler apt-get install -y -qq --no-install-recommends $missing
} >"$log" 2>&1 </dev/null || {
        tail -20 "$log" >&2
        exit 1
}
rm -f "$log"
