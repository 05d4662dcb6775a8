/** A relay for TCP connections, which lets somebody look at what passes. */

import { connect, createServer, type AddressInfo } from "node:net";

/** Looks at the bytes of one connection, to the server and from it. */
export interface Onlooker {
  toServer(bytes: Buffer): void;
  fromServer(bytes: Buffer): void;
}

export interface Relay {
  /** The server's address, by way of the relay. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function openRelay(serverUrl: string, look: () => Onlooker): Promise<Relay> {
  const target = new URL(serverUrl);
  const server = createServer({ noDelay: true }, (client) => {
    const onlooker = look();
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    // Passed on first: looking takes time, too.
    client.on("data", (bytes: Buffer) => {
      upstream.write(bytes);
      onlooker.toServer(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      client.write(bytes);
      onlooker.fromServer(bytes);
    });
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href.replace(/\/$/, ""),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
