# SPDX-License-Identifier: Apache-2.0
# How Kaname builds itself: warnings, hardening, sanitizers, optional libraries.

AC_DEFUN([KN_TRY_CFLAG], [
  AC_CACHE_CHECK([whether $CC knows $1], [AS_TR_SH([kn_cv_cflag_$1])], [
    kn_save="$CFLAGS"; CFLAGS="$CFLAGS -Werror $1"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_TR_SH([kn_cv_cflag_$1])=yes], [AS_TR_SH([kn_cv_cflag_$1])=no])
    CFLAGS="$kn_save"])
  AS_VAR_IF([AS_TR_SH([kn_cv_cflag_$1])], [yes], [$2="$$2 $1"])
])

AC_DEFUN([KN_WARNINGS], [
  WARN_CFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough],
    [KN_TRY_CFLAG(flag, [WARN_CFLAGS])])
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make warnings errors])],
    [AS_VAR_IF([enable_werror], [yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])])
  AC_SUBST([WARN_CFLAGS])
])

AC_DEFUN([KN_HARDENING], [
  HARDEN_CFLAGS= HARDEN_LDFLAGS=
  AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [no hardening flags])], [], [enable_hardening=yes])
  AS_VAR_IF([enable_hardening], [yes], [
    m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE],
      [KN_TRY_CFLAG(flag, [HARDEN_CFLAGS])])
    HARDEN_LDFLAGS="-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed"
    AS_VAR_IF([enable_sanitizers], [], [HARDEN_CFLAGS="$HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
  ])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
])

AC_DEFUN([KN_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers=LIST], [address,undefined or thread])], [], [enable_sanitizers=no])
  SANITIZE_CFLAGS=
  AS_CASE([$enable_sanitizers], [no], [],
    [SANITIZE_CFLAGS="-fsanitize=$enable_sanitizers -fno-omit-frame-pointer -fno-sanitize-recover=all"])
  AC_SUBST([SANITIZE_CFLAGS])
  AM_CONDITIONAL([SANITIZE], [test "$enable_sanitizers" != no])
])

AC_DEFUN([KN_FUZZER], [
  AC_ARG_ENABLE([fuzzer], [AS_HELP_STRING([--enable-fuzzer], [link the fuzz targets with libFuzzer (needs clang); without it they replay their corpus])],
    [], [enable_fuzzer=no])
  AM_CONDITIONAL([FUZZER], [test "$enable_fuzzer" = yes])
  FUZZER_LIBS= FUZZER_CFLAGS=
  dnl Without counters in the rooms themselves libFuzzer sees nothing of what an input reaches.
  AS_VAR_IF([enable_fuzzer], [yes], [FUZZER_LIBS="-fsanitize=fuzzer" FUZZER_CFLAGS="-fsanitize=fuzzer-no-link"])
  AC_SUBST([FUZZER_LIBS])
  AC_SUBST([FUZZER_CFLAGS])
])

# KN_WITH_PKG(option, VARIABLE, pkg-config spec, what it brings): on where it is found; --with-X makes it required.
AC_DEFUN([KN_WITH_PKG], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [leave out: $4])], [], [AS_TR_SH([with_$1])=auto])
  AS_VAR_COPY([kn_with], [AS_TR_SH([with_$1])])
  AS_VAR_SET([kn_have_$2], [no])
  AS_VAR_IF([kn_with], [no], [], [
    PKG_CHECK_MODULES([$2], [$3], [AS_VAR_SET([kn_have_$2], [yes])
        AC_DEFINE([HAVE_$2], [1], [Define where $3 is used])],
      [AS_VAR_IF([kn_with], [yes], [AC_MSG_ERROR([--with-$1 was asked for, but $3 was not found])])])])
  AM_CONDITIONAL([HAVE_$2], [test "$kn_have_$2" = yes])
  m4_append([KN_SUMMARY_LINES], [  m4_format([%-16s], [$1])$kn_have_$2	$4
])
])

AC_DEFUN([AX_PTHREAD_FLAGS], [
  PTHREAD_CFLAGS="-pthread"
  AC_SUBST([PTHREAD_CFLAGS])
])

AC_DEFUN([KN_SUMMARY], [
AS_ECHO(["
kaname $PACKAGE_VERSION
  prefix          $prefix
  hardening       $enable_hardening
  sanitizers      $enable_sanitizers
  fuzzer          $enable_fuzzer
KN_SUMMARY_LINES"])
])
