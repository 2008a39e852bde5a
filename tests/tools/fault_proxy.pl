#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# fault_proxy.pl TARGET FILE: a TCP proxy to TARGET (HOST:PORT or unix:PATH) on a port of its own, which
# it prints. What it does to connections stands in FILE, one line that may change at any time; absent or
# empty is "pass". It ends on SIGTERM, with all its connections.
#
#   pass               carry bytes
#   delay [MS]         hold each answer back so long; without MS until FILE changes
#   drip [MS]          answers come a byte at a time, MS (200) apart
#   cut [N]            the request is delivered; after N (0) bytes of the answer the connection is reset
#   end [N]            the same, and the connection ends in good order
#   deaf               the request is taken and never delivered, nothing is answered
#   garble             every seventh byte of an answer is another
#   html [STATUS]      a web page answers (200), the server sees nothing
#   lie [STATUS]       what would change something is taken and never delivered, the answer is {} with 200, or nothing
#                      with 204
#   redirect [URL]     a redirect answers, to http://elsewhere.test/
#   refuse             nobody listens on the port
#
# "MODE … from=N": turns before the Nth pass, so that a fault can meet the second step of an exchange. A
# connection is a turn, and so is what the client says after an answer; FILE.turns has a byte for each, and
# who writes FILE removes it first. What is refused at a later turn is reset without being delivered.
# Connections that are open when FILE changes obey the new line at once. One whose client is gone ends when the
# server has: while the proxy has children, the server may still be at work.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time sleep);

my ($target, $file) = @ARGV;
die "usage: $0 HOST:PORT|unix:PATH FILE\n" unless defined $file;
my $port = 0;
my ($listen, %children);
$| = 1;

sub order {
        open my $in, '<', $file or return ('pass', '', 'none');
        my $line = <$in> // '';
        my $stamp = join '.', (stat $in)[1, 9, 10], $line;
        my $from = $line =~ s/\s+from=(\d+)// ? $1 : 1;
        my ($mode, $argument) = split ' ', $line;
        return ($mode // 'pass', $argument // '', $stamp, $from);
}

sub next_turn {
        open my $turns, '>>', "$file.turns" or die "$file.turns: $!\n";
        syswrite $turns, '.';
        return sysseek $turns, 0, 1;
}

sub start_listening {
        $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64,
                ReuseAddr => 1) or die "listen: $!\n";
        $port = $listen->sockport;
}

my $server;

# Nobody listens to the server any more; what it was asked it does all the same.
sub leave {
        my ($client) = @_;
        close $client;
        exit_now() unless $server;
        $SIG{ALRM} = \&exit_now;
        alarm 10;
        shutdown $server, 1;
        1 while sysread $server, my $rest, 65536;
        exit_now();
}
sub exit_now { POSIX::_exit(0) }

# Closed by a reset, as a machine that died would.
sub reset_socket {
        my ($socket) = @_;
        setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        leave($socket);
}

sub send_all {
        my ($to, $data) = @_;
        while (length $data) {
                my $n = syswrite $to, $data;
                leave($to) unless $n;
                substr $data, 0, $n, '';
        }
}

sub connect_target {
        return $target =~ /^unix:(.*)/s ? IO::Socket::UNIX->new(Peer => $1)
                : IO::Socket::INET->new(PeerAddr => $target);
}

# Answer in the server's place, once there is something to answer.
sub impersonate {
        my ($client, $mode, $argument) = @_;
        my $page = "<!DOCTYPE html><html><title>Sign in</title><p>Please sign in</html>\n";
        my $status = $mode eq 'redirect' ? '302 Found' : ($argument || 200) . ' Page';
        my $where = $mode eq 'redirect' ? 'Location: ' . ($argument || 'http://elsewhere.test/') . "\r\n" : '';
        send_all($client, "HTTP/1.1 $status\r\nContent-Type: text/html\r\n${where}Connection: close\r\n"
                . 'Content-Length: ' . length($page) . "\r\n\r\n$page");
        shutdown $client, 1;
        1 while sysread $client, my $rest, 65536;
        POSIX::_exit(0);
}

# That it is done, of what is not.
sub lie {
        my ($client, $status) = @_;
        my $body = $status == 204 ? '' : '{}';
        my $length = $status == 204 ? '' : "Content-Type: application/json\r\nContent-Length: 2\r\n";
        send_all($client, "HTTP/1.1 $status Done\r\n${length}Connection: close\r\n\r\n$body");
        shutdown $client, 1;
        1 while sysread $client, my $rest, 65536;
        POSIX::_exit(0);
}

my $answered = 0;

sub answer {
        my ($client, $data, $mode, $argument, $stamp) = @_;
        if ($mode eq 'delay') {
                my $end = $argument ne '' ? time + $argument / 1000 : 9e18;
                sleep 0.02 while time < $end && (order())[2] eq $stamp;
        } elsif ($mode eq 'drip') {
                for my $byte (split //, $data) {
                        send_all($client, $byte);
                        sleep(($argument || 200) / 1000) if (order())[2] eq $stamp;
                }
                return;
        } elsif ($mode eq 'garble') {
                for (my $i = 6 - $answered % 7; $i < length $data; $i += 7) {
                        substr($data, $i, 1) = chr(ord(substr $data, $i, 1) ^ 0x55);
                }
        } elsif ($mode =~ /^(cut|end)$/ && $answered + length $data >= ($argument || 0)) {
                send_all($client, substr $data, 0, ($argument || 0) - $answered) if ($argument || 0) > $answered;
                leave($client) if $mode eq 'end';
                reset_socket($client);
        }
        $answered += length $data;
        send_all($client, $data);
}

# What FILE says for this turn, and whether it has come to that.
sub now {
        my ($number, $born) = @_;
        my ($mode, $argument, $stamp, $from) = order();
        return $stamp eq $born && $number < $from ? ('pass', '', $stamp) : ($mode, $argument, $stamp);
}

sub carry {
        my ($client, $born) = @_;
        my ($number, $is_answered) = (next_turn(), 0);
        reset_socket($client) if (now($number, $born))[0] eq 'refuse';
        $server = connect_target() or reset_socket($client);
        my $select = IO::Select->new($client, $server);
        while (my @ready = $select->can_read) {
                for my $socket (@ready) {
                        my ($mode, $argument, $stamp) = now($number, $born);
                        my $n = sysread $socket, my $data, 65536;
                        if ($socket == $client && !$n) {        # half closed: answers may go on
                                leave($client) unless defined $n;
                                shutdown $server, 1;
                                $select->remove($client);
                        } elsif ($socket == $client) {
                                ($number, $is_answered, $answered) = (next_turn(), 0, 0) if $is_answered;
                                ($mode, $argument, $stamp) = now($number, $born);
                                impersonate($client, $mode, $argument) if $mode =~ /^(html|redirect)$/;
                                lie($client, $argument || 200) if $mode eq 'lie' && $data =~ /^(PUT|POST|PATCH|DELETE) /;
                                reset_socket($client) if $mode eq 'refuse';
                                send_all($server, $data) unless $mode eq 'deaf';
                        } elsif ($n) {
                                $is_answered = 1;
                                answer($client, $data, $mode, $argument, $stamp);
                        } else {
                                reset_socket($client) if !defined $n || $mode eq 'cut';
                                leave($client);
                        }
                }
        }
}

sub end_children {
        kill 'TERM', keys %children;
        exit 0;
}

start_listening();
print "$port\n";
$SIG{TERM} = $SIG{INT} = \&end_children;
$SIG{PIPE} = 'IGNORE';
while (1) {
        while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) { delete $children{$pid} }
        my ($mode, undef, $stamp, $from) = order();
        if ($mode eq 'refuse' && $from <= 1) {
                undef $listen;
                sleep 0.02;
                next;
        }
        start_listening() unless $listen;
        next unless IO::Select->new($listen)->can_read(0.05);
        ($mode, undef, $stamp, $from) = order();
        next if $mode eq 'refuse' && $from <= 1;
        my $client = $listen->accept or next;
        my $pid = fork // die "fork: $!\n";
        if ($pid) {
                $children{$pid} = 1;
                next;
        }
        $SIG{TERM} = $SIG{INT} = 'DEFAULT';
        undef $listen;
        carry($client, $stamp);
}
