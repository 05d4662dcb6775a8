/** Connections to the bus that are none of the mesh's own. */

import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import type { Mesh } from "./mesh.js";

export async function connectAs(mesh: Pick<Mesh, "natsUrl">, credsFile: string): Promise<NatsConnection> {
  return connect({
    servers: mesh.natsUrl,
    authenticator: credsAuthenticator(await readFile(credsFile)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    noAsyncTraces: true,
  });
}

/** Does something with a connection, and closes it. */
export async function withPeer<T>(mesh: Mesh, credsFile: string, work: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const nc = await connectAs(mesh, credsFile);
  try {
    return await work(nc);
  } finally {
    await nc.close();
  }
}
