import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failed, TimedOut } from "../../../../scanner-agent/contract.js";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { EICAR } from "../../eicar.js";
import { containerCase, type ContainerCase } from "./case.js";

/** Answers as malice's web mode does: one request a connection. A sample with `fail`, `hang` or `flood` in it is obeyed. */
const SERVER = `
use IO::Socket::INET; $SIG{PIPE} = "IGNORE";
my $listen = IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => 3993, Listen => 16, ReuseAddr => 1) or die;
while (my $c = $listen->accept) {
  my ($line, $length) = (scalar <$c>, 0);
  while (my $h = <$c>) { last if $h =~ /^\\r\\n$/; $length = $1 if $h =~ /^content-length: (\\d+)/i; }
  my $body = ""; read($c, $body, $length) if $length;
  sleep 600 if $body =~ /hang/;
  my ($status, $answer) = (200, $line =~ m{/lookup/(\\w+)} ? qq({"hash":"$1"}) : sprintf(qq({"infected":%s,"size":%d}), $body =~ /EICAR-/ ? "true" : "false", length $body));
  ($status, $answer) = (500, "broken") if $body =~ /fail/;
  $answer = "x" x 3_000_000 if $body =~ /flood/;
  print $c "HTTP/1.1 $status X\\r\\nContent-Length: ", length $answer, "\\r\\nConnection: close\\r\\n\\r\\n$answer";
  close $c;
}`;

let internet: ContainerCase;
let image: string;

beforeAll(async () => {
  if (!hasDocker) return;
  image = await baseImage();
  internet = await containerCase({ internet: true });
});
afterAll(() => internet?.stop());

describe.skipIf(!hasDocker)("an internet engine in web mode", () => {
  test("is given samples over its bridge; its failures are its own", async () => {
    const on = internet.runner({
      image,
      mode: "service",
      port: 3993,
      command: ["perl", "-e", SERVER],
      ready: "20s",
      limits: { output: "1MiB" },
    });
    await on.start();
    expect(JSON.parse((await internet.scan(on, EICAR)).stdout)).toMatchObject({ infected: true });
    expect(JSON.parse((await internet.scan(on, Buffer.from("clean"))).stdout)).toMatchObject({ infected: false });
    await expect(internet.scan(on, Buffer.from("fail"))).rejects.toThrow(new Failed("it answered 500: broken"));
    await expect(internet.scan(on, Buffer.from("flood"))).rejects.toThrow(new Failed("answered with more than 1048576 bytes"));
    await expect(internet.scan(on, Buffer.from("hang"), { timeoutMs: 500 })).rejects.toThrow(TimedOut);
    await on.start();
    expect(JSON.parse((await internet.scan(on, EICAR)).stdout)).toMatchObject({ infected: true });
  });

  test("that looks at hashes is asked for one", async () => {
    const on = internet.runner({ image, mode: "service", port: 3993, command: ["perl", "-e", SERVER], ready: "20s" });
    await on.start();
    const sample = { path: null, sha256: "0".repeat(64), sha1: "1".repeat(40), md5: "2".repeat(32), size: 1 };
    const { stdout } = await on.run(sample, { timeoutMs: 5_000, signal: new AbortController().signal, alone: false });
    expect(stdout).toBe(`{"hash":"${"1".repeat(40)}"}`);
  });
});
