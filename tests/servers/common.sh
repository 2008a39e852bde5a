# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it. Each of them is called as
#
#   eval "$(NAME.sh start DIR …)"      a real server in the scratch directory DIR, on loopback ports
#                                      that the kernel said are free; prints facts as assignments
#   NAME.sh stop DIR                   ends what start began; the directory stays, with the logs
#
# Daemons stay in the foreground of a session of their own; DIR/NAME.pid is who to end. Between the
# kernel's answer and the daemon's bind somebody else may take a port, so start tries three times.

set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL=C

me=${0##*/}
say() { echo "$me: $*" >&2; }
die() { say "$*"; exit 1; }

# free_ports N: so many different TCP ports of 127.0.0.1 whose UDP twin is free too
free_ports() {
        perl -MIO::Socket::INET -e '
                my @held;
                my $n = shift;
                for (1 .. 200) {
                        last if @held == $n;
                        my $t = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0,
                                Proto => "tcp", Listen => 1) or next;
                        my $u = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                LocalPort => $t->sockport, Proto => "udp") or next;
                        push @held, [$t, $u];
                }
                die "no free ports\n" if @held < $n;
                print join(" ", map { $_->[0]->sockport } @held), "\n"' "$1"
}

# until_true SECONDS COMMAND…: poll, 50 times a second
until_true() {
        local tries=$(($1 * 50))
        shift
        while ! "$@" >/dev/null 2>&1; do
                tries=$((tries - 1))
                [ $tries -gt 0 ] || return 1
                sleep 0.02
        done
}

# An orphan that has ended stays a zombie until process 1 looks, which can take seconds in a container.
alive() { [ -s "$1" ] && grep -qs '^State:[[:space:]]*[RSDTtIWKP]' "/proc/$(cat "$1")/status"; }
gone() { ! alive "$1"; }

# spawn DIR NAME COMMAND…: in the background, log to DIR/NAME.log, pid in DIR/NAME.pid
spawn() {
        local dir=$1 name=$2
        shift 2
        setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 3>&- &
        echo $! >"$dir/$name.pid"
}

# reap DIR NAME [SIGNAL]: ask it to end, insist after five seconds
reap() {
        local pidfile=$1/$2.pid
        alive "$pidfile" || { rm -f "$pidfile"; return 0; }
        kill -s "${3:-TERM}" "$(cat "$pidfile")" 2>/dev/null || true
        until_true 5 gone "$pidfile" || kill -s KILL "$(cat "$pidfile")" 2>/dev/null || true
        rm -f "$pidfile"
}

# try_start FUNCTION…: three times, since ports can be lost between asking and binding
try_start() {
        local n
        for n in 1 2 3; do
                if "$@"; then return 0; fi
                say "attempt $n did not come up"
        done
        return 1
}

need() {
        local program
        for program; do
                command -v "$program" >/dev/null || die "needs $program, which is not installed"
        done
}

scratch() {
        [ -n "${1:-}" ] || die "usage: $me start DIR | stop DIR"
        mkdir -p "$1"
        cd "$1" && pwd -P
}
