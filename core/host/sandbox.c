/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The system call filter answers EPERM where it can, so that a library that tries says so instead
 * of dying; it kills nothing. What plugins may call is a list of what threads, memory, files that
 * are open already, clocks and descriptors from the doors need. glibc falls back from clone3 and
 * openat2, whose arguments a filter cannot read, to clone and openat, which are filtered by flags.
 */

#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

#define NOFILE 256
#define FILE_MAX (64u << 20)

static bool sandbox_wants_writing(const struct sandbox *sandbox)
{
        const json_t *file;
        size_t i;

        json_array_foreach(json_object_get(sandbox->access, "files"), i, file)
                if (json_is_true(json_object_get(file, "write")))
                        return true;
        return false;
}

static bool limit(int resource, uint64_t value)
{
        struct rlimit now, wanted;

        if (getrlimit(resource, &now) < 0)
                return false;
        wanted.rlim_cur = wanted.rlim_max = value < now.rlim_max ? value : now.rlim_max;
        return setrlimit(resource, &wanted) == 0;
}

/* A sanitizer's shadow memory is larger than any limit on address space. */
static json_t *set_limits(const struct sandbox *sandbox)
{
        json_t *report = json_object();
        bool memory = sandbox->memory_max && !UNDER_SANITIZER;

        json_object_set_new(report, "core", json_boolean(limit(RLIMIT_CORE, 0)));
        json_object_set_new(report, "files", json_boolean(limit(RLIMIT_NOFILE, NOFILE)));
        json_object_set_new(report, "file_size", json_boolean(limit(RLIMIT_FSIZE, FILE_MAX)));
        if (memory)
                memory = limit(RLIMIT_AS, sandbox->memory_max);
        json_object_set_new(report, "memory", json_boolean(memory));
        if (sandbox->cpu_seconds)
                limit(RLIMIT_CPU, (uint64_t)sandbox->cpu_seconds);
        return report;
}

#ifdef HAVE_SECCOMP

static const char *const calls_always[] = {
        /* memory */
        "brk",
        "mmap",
        "munmap",
        "mremap",
        "mprotect",
        "madvise",
        "mincore",
        "memfd_create",
        "msync",
        "membarrier",
        /* threads and the end of them */
        "futex",
        "set_robust_list",
        "get_robust_list",
        "rseq",
        "sched_yield",
        "sched_getaffinity",
        "set_tid_address",
        "exit",
        "exit_group",
        "gettid",
        "getpid",
        "getppid",
        "restart_syscall",
        /* signals */
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "rt_sigpending",
        "rt_sigtimedwait",
        "sigaltstack",
        /* descriptors */
        "read",
        "write",
        "readv",
        "writev",
        "pread64",
        "pwrite64",
        "preadv",
        "pwritev",
        "close",
        "close_range",
        "dup",
        "dup2",
        "dup3",
        "lseek",
        "fstat",
        "fsync",
        "fdatasync",
        "ftruncate",
        "flock",
        "fadvise64",
        "fallocate",
        "pipe2",
        "eventfd2",
        "timerfd_create",
        "timerfd_settime",
        "timerfd_gettime",
        "sendfile",
        "poll",
        "ppoll",
        "select",
        "pselect6",
        "epoll_create1",
        "epoll_ctl",
        "epoll_wait",
        "epoll_pwait",
        "epoll_pwait2",
        /* files: to look; opening stands below */
        "newfstatat",
        "stat",
        "lstat",
        "statx",
        "access",
        "faccessat",
        "faccessat2",
        "readlink",
        "readlinkat",
        "getdents64",
        "statfs",
        "fstatfs",
        "getcwd",
        /* sockets that the doors gave */
        "recvmsg",
        "recvfrom",
        "recvmmsg",
        "sendmsg",
        "sendto",
        "sendmmsg",
        "shutdown",
        "getsockopt",
        "setsockopt",
        "getsockname",
        "getpeername",
        /* who, when, chance */
        "clock_gettime",
        "clock_getres",
        "clock_nanosleep",
        "nanosleep",
        "gettimeofday",
        "time",
        "getrandom",
        "getuid",
        "geteuid",
        "getgid",
        "getegid",
        "getresuid",
        "getresgid",
        "uname",
        "sysinfo",
        "getrusage",
        "times",
        "getrlimit",
        "getcpu",
        "arch_prctl",
};

static const char *const calls_of_sockets[] = {
        "connect", "bind", "listen", "accept", "accept4", "socketpair",
};

static const char *const calls_of_writers[] = {
        "rename", "renameat", "renameat2", "unlink",    "unlinkat", "mkdir",     "mkdirat", "rmdir",
        "chmod",  "fchmod",   "fchmodat",  "utimensat", "truncate", "symlinkat", "linkat",  "umask",
};

static int allow_all(scmp_filter_ctx filter, const char *const *names, size_t n)
{
        int r = 0;

        /* A name that this architecture does not have is no loss. */
        for (size_t i = 0; r == 0 && i < n; i++) {
                int call = seccomp_syscall_resolve_name(names[i]);

                if (call != __NR_SCMP_ERROR)
                        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
                if (r == -EDOM || r == -EOPNOTSUPP)
                        r = 0;
        }
        return r;
}

#define ALLOW_ALL(filter, names) allow_all(filter, names, sizeof (names) / sizeof *(names))

static int allow_opening(scmp_filter_ctx filter, bool writing)
{
        const unsigned writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
        int r;

        if (writing) {
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 0);
                return r < 0 ? r : ALLOW_ALL(filter, calls_of_writers);
        }
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, writes, 0));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                     SCMP_A1(SCMP_CMP_MASKED_EQ, writes, 0));
        return r == -EDOM ? 0 : r;
}

/*
 * Not F_SETOWN and F_SETSIG: with them a process signals others, such as the hub, with what it
 * likes.
 */
static int allow_fcntl(scmp_filter_ctx filter)
{
        static const int commands[] = {
                F_DUPFD,     F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,      F_GETFL,     F_SETFL,
                F_GETLK,     F_SETLK,         F_SETLKW,     F_OFD_GETLK,  F_OFD_SETLK, F_OFD_SETLKW,
                F_ADD_SEALS, F_GET_SEALS,     F_GETPIPE_SZ, F_SETPIPE_SZ,
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof commands / sizeof *commands; i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                     SCMP_A1(SCMP_CMP_EQ, (unsigned)commands[i]));
        return r;
}

static int allow_some(scmp_filter_ctx filter, bool own_sockets)
{
        int r = allow_fcntl(filter);

        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                     SCMP_A0(SCMP_CMP_EQ, (unsigned)getpid()));
        if (r < 0)
                return r;
        /* New threads, no new processes. */
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                                     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                     SCMP_A1(SCMP_CMP_EQ, FIONREAD));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                     SCMP_A1(SCMP_CMP_EQ, FIONBIO));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                                     SCMP_A2(SCMP_CMP_EQ, 0));
        if (r == 0 && own_sockets)
                for (int family = 1; r == 0 && family < 17; family++)
                        if (family == 1 || family == 2 || family == 10 ||
                            family == 16) /* unix, inet, inet6, netlink */
                                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                                     SCMP_A0(SCMP_CMP_EQ, (unsigned)family));
        if (r == 0 && own_sockets)
                r = ALLOW_ALL(filter, calls_of_sockets);
        /*
         * Without socket() every socket here came from dial, connected. Libraries that make sure
         * (libcurl does) are told what the kernel tells them in the core: that it is. Nothing is
         * carried out.
         */
        else if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(connect), 0);
        return r;
}

static void set_filter(const struct sandbox *sandbox, char ret[96])
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        int r = filter ? ALLOW_ALL(filter, calls_always) : -ENOMEM;

        if (r == 0)
                r = allow_some(filter, sandbox->own_sockets);
        if (r == 0)
                r = allow_opening(filter, sandbox_wants_writing(sandbox));
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        snprintf(ret, 96, r == 0 ? "on" : "off: %s", strerror(-r));
}

#else

static void set_filter(const struct sandbox *sandbox, char ret[96])
{
        (void)sandbox;
        snprintf(ret, 96, "off: built without libseccomp");
}

#endif

void sandbox_enter(const struct sandbox *sandbox, json_t **ret)
{
        json_t *report = json_object();
        char filter[96], files[96];
        bool quiet = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;

        /* Not for other processes of the same user to read: secrets pass through here. */
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        json_object_set_new(report, "no_new_privs", json_boolean(quiet));
        json_object_set_new(report, "limits", set_limits(sandbox));
        sandbox_landlock(sandbox, files);
        json_object_set_new(report, "landlock", json_string(files));
        set_filter(sandbox, filter);
        json_object_set_new(report, "seccomp", json_string(filter));
        json_object_set_new(report, "profile",
                            json_string(sandbox->own_sockets ? "own_sockets" : "closed"));
        *ret = report;
}
