/** How many messages nats-server has taken and given, as it says itself to its system account. */

import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator } from "nats";
import type { Servers } from "./servers.js";

const VARZ = "$SYS.REQ.SERVER.PING.VARZ";

interface Varz {
  readonly data: { readonly in_msgs: number; readonly out_msgs: number };
}

export async function openMessageCount({ natsUrl, creds }: Pick<Servers, "natsUrl" | "creds">) {
  const authenticator = credsAuthenticator(await readFile(creds.system));
  const nc = await connect({ servers: natsUrl, authenticator, noAsyncTraces: true });
  return {
    async read() {
      const { data } = (await nc.request(VARZ, "", { timeout: 5_000 })).json<Varz>();
      return { "NATS messages in": data.in_msgs, "NATS messages out": data.out_msgs };
    },
    close: () => nc.close(),
  };
}
