#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# delay.pl HOST:PORT FILE: a TCP proxy on a port of its own (printed). What the server answers is held
# back while FILE exists; what the client sends goes on at once.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($to, $file) = @ARGV;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16, ReuseAddr => 1) or die "listen: $!\n";
$| = 1;
print $listen->sockport, "\n";
$SIG{CHLD} = 'IGNORE';
while (my $client = $listen->accept) {
        next if fork;
        my $server = IO::Socket::INET->new(PeerAddr => $to) or exit 1;
        my $select = IO::Select->new($client, $server);
        while (my @ready = $select->can_read) {
                for my $from (@ready) {
                        my $n = sysread $from, my $data, 65536;
                        exit 0 unless $n;
                        if ($from == $server) {
                                select undef, undef, undef, 0.02 while -e $file;
                                syswrite $client, $data;
                        } else {
                                syswrite $server, $data;
                        }
                }
        }
        exit 0;
}
