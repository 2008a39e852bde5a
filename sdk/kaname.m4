# SPDX-License-Identifier: Apache-2.0
#
# KANAME_PLUGIN([ABI], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
# Find what a Kaname plugin needs to be built by autoconf: KANAME_CFLAGS, KANAME_LDFLAGS, and plugindir, where kanamed
# looks. ABI is the least version of the plugin interface, such as 1.0.
AC_DEFUN([KANAME_PLUGIN], [
  AC_REQUIRE([PKG_PROG_PKG_CONFIG])
  PKG_CHECK_MODULES([KANAME], [kaname-plugin], [
    kaname_abi=$($PKG_CONFIG --variable=abi kaname-plugin)
    AS_VERSION_COMPARE([$kaname_abi], [m4_default([$1], [1.0])],
      [m4_default([$3], [AC_MSG_ERROR([kaname's plugin interface is $kaname_abi, $1 is wanted])])],
      [kaname_ok=yes], [kaname_ok=yes])
    KANAME_CFLAGS="$KANAME_CFLAGS -fPIC -fvisibility=hidden"
    KANAME_LDFLAGS="-shared -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,--version-script=$($PKG_CONFIG --variable=syms kaname-plugin)"
    AC_SUBST([KANAME_LDFLAGS])
    AC_SUBST([plugindir], [$($PKG_CONFIG --variable=plugindir kaname-plugin)])
    $2
  ], [m4_default([$3], [AC_MSG_ERROR([kaname-plugin was not found; install the development files of kaname])])])
])
