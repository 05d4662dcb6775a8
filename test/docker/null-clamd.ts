/**
 * Speaks clamd's protocol on `/run/null/null.sock` and has no engine, as a command for the base image: whatever it is sent is
 * clean, and a sample that begins with `#eat` makes it eat memory.
 */
export const NULL_CLAMD: readonly string[] = [
  "perl",
  "-e",
  `use Socket;
my ($server, $client);
socket($server, AF_UNIX, SOCK_STREAM, 0) && bind($server, sockaddr_un("/run/null/null.sock")) && listen($server, 64) or die $!;
while (accept($client, $server)) {
  local $/ = "\\0";
  my $word = <$client>;
  if ($word eq "zPING\\0") { print $client "PONG\\0" }
  elsif ($word eq "zVERSION\\0") { print $client "ClamAV 0\\0" }
  else {
    my ($bytes, @eaten);
    while (read($client, $bytes, 4) == 4 && (my $size = unpack("N", $bytes))) {
      read($client, $bytes, $size);
      push @eaten, "x" x 10_000_000 while $bytes =~ /^#eat/;
    }
    print $client "stream: OK\\0";
  }
  close $client;
}`,
];

/** Where it listens. */
export const NULL_SOCKET = "/run/null/null.sock";
