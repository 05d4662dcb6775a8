import { connect, createServer, type AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What crosses a proxy between a host and a port of this machine, both ways, until the test has ended. */
export async function recordingProxy(port: number): Promise<{ port: number; recorded: () => string }> {
  const chunks: Buffer[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("data", (data: Buffer) => {
        chunks.push(data);
        to.write(data);
      });
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, recorded: () => Buffer.concat(chunks).toString("latin1") };
}
