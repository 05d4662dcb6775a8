import { createServer, type AddressInfo, type Socket } from "node:net";

/** A NATS server that says exactly what a test wants it to. It greets, answers pings and notes what it is told. */
export interface ScriptedServer {
  readonly url: string;
  /** Everything that clients sent but pings. */
  told(): string;
  connections(): number;
  /** Sends to the client that connected last. */
  say(bytes: string | Buffer): void;
  /** Sends to it and ends the connection. */
  hangUp(bytes?: string): void;
  stop(): Promise<void>;
}

export async function startScriptedServer(info: object = {}): Promise<ScriptedServer> {
  let told = "";
  let connections = 0;
  let last: Socket | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    last = socket;
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    const greeting = { server_id: "scripted", version: "2.9.10", headers: true, max_payload: 1_000_000, proto: 1, ...info };
    socket.write(`INFO ${JSON.stringify(greeting)}\r\n`);
    socket.on("data", (data) => {
      const text = data.toString("latin1");
      for (const _ping of text.matchAll(/PING\r\n/g)) socket.write("PONG\r\n");
      told += text.replaceAll("PING\r\n", "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told: () => told,
    connections: () => connections,
    say: (bytes) => void last?.write(bytes),
    hangUp: (bytes = "") => void last?.end(bytes),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
