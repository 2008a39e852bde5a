#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# proxy.pl LOG: an HTTP proxy on a port of 127.0.0.1, which it prints. It notes each request line in LOG, answers
# plain requests itself with "via proxy" and carries CONNECT through.
use strict;
use warnings;
use IO::Socket::INET;

my ($log) = @ARGV;
$SIG{CHLD} = 'IGNORE';
$| = 1;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16) or die "listen: $!\n";
print $listener->sockport, "\n";

while (my $client = $listener->accept) {
        next if fork;
        my ($head, $byte) = ('');
        while ($head !~ /\r\n\r\n/ && sysread $client, $byte, 1) { $head .= $byte }
        my ($line) = split /\r\n/, $head;
        open my $out, '>>', $log or die "$log: $!\n";
        syswrite $out, "$line\n";
        if ($line =~ /^CONNECT (\S+) /) {
                syswrite $client, "HTTP/1.1 200 Connected\r\n\r\n";
                open STDIN, '<&', $client;
                open STDOUT, '>&', $client;
                exec 'socat', 'STDIO', "TCP:$1";
        }
        syswrite $client, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nvia proxy";
        exit;
}
