/** NATS: what requests take of the processor of whoever sends them, beside the client's own way. */

import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, credsAuthenticator, DiscardPolicy, StorageType, type NatsConnection } from "nats";
import { connectNats } from "../../schema/nats/connect.js";
import { recycle } from "../../schema/nats/payloads.js";
import { sendRequest } from "../../schema/nats/requests.js";
import { publishStored } from "../../schema/nats/stored.js";
import { GATEWAY_INBOX_PREFIX } from "../../schema/subjects.js";
import { makeKeys } from "../../standalone/keys.js";
import { startNats } from "../../standalone/nats.js";
import type { Benchmark } from "./bench.js";
import { ratioMetric, type Metric } from "./metric.js";
import { inTurn, type Side } from "./rounds.js";

const SMALL_BYTES = 512;
const LARGE_BYTES = 960 * 1024;
const TIMEOUT_MS = 10_000;
const STREAM = "BENCH";

/** How a message is published and read; both resolve when the server has answered. */
interface Way {
  publish(payload: Uint8Array): Promise<unknown>;
  read(subject: string): Promise<unknown>;
}

interface Kind {
  readonly id: string;
  readonly about: string;
  readonly requests: number;
  readonly inFlight: number;
  send(way: Way): Promise<unknown>;
}

const small = Buffer.alloc(SMALL_BYTES, "s");
const large = Buffer.alloc(LARGE_BYTES, "l");
const KINDS: readonly Kind[] = [
  { id: "publish", about: "512 bytes stored, 64 in flight", requests: 20_000, inFlight: 64, send: (way) => way.publish(small) },
  { id: "read", about: "512 bytes read, 64 in flight", requests: 20_000, inFlight: 64, send: (way) => way.read("kept.small") },
  { id: "readAlone", about: "the same one at a time", requests: 5_000, inFlight: 1, send: (way) => way.read("kept.small") },
  { id: "publishLarge", about: "960 KiB stored, 4 in flight", requests: 300, inFlight: 4, send: (way) => way.publish(large) },
  { id: "readLarge", about: "960 KiB read, 2 in flight", requests: 300, inFlight: 2, send: (way) => way.read("kept.large") },
];

export const nats: Benchmark = async ({ rounds, progress, scaled }) => {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-nats-"));
  const keys = await makeKeys(join(folder, "keys"));
  const server = await startNats({ dir: join(folder, "nats"), keys });
  const authenticator = credsAuthenticator(await readFile(keys.creds.gateway.isolated));
  const options = { servers: server.url, authenticator, inboxPrefix: GATEWAY_INBOX_PREFIX, noAsyncTraces: true };
  const [own, plain] = [await connectNats(options, console), await connect(options)];
  try {
    await store(plain);
    const metrics: Metric[] = [];
    for (const { id, about, requests, inFlight, send } of KINDS) {
      const side = (name: string, label: string, way: Way): Side => ({
        name,
        label,
        unit: "CPU-ms/request",
        measure: (_round, advance) => costOf(scaled(requests, 50), inFlight, () => send(way), advance),
      });
      const [product, baseline] = [
        side("the mesh", "mesh", ownWay(own)),
        side("the client's own way", "client", plainWay(plain)),
      ];
      const [found = []] = await inTurn(`NATS.${id}`, rounds, product, [baseline], progress);
      metrics.push(ratioMetric({ id: `NATS.${id}`, about: `processor time of a request: ${about}` }, found, baseline));
    }
    return metrics;
  } finally {
    await Promise.all([own.close(), plain.close()]);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** In memory, so that the disk does not decide. */
async function store(nc: NatsConnection): Promise<void> {
  const jsm = await nc.jetstreamManager();
  const settings = { storage: StorageType.Memory, discard: DiscardPolicy.Old, max_bytes: 64 * 1024 * 1024, allow_direct: true };
  await jsm.streams.add({ ...settings, name: STREAM, subjects: ["bench.>"] });
  await jsm.streams.add({ ...settings, name: `${STREAM}_KEPT`, subjects: ["kept.>"] });
  await nc.jetstream().publish("kept.small", small);
  await nc.jetstream().publish("kept.large", large);
}

function ownWay(nc: NatsConnection): Way {
  return {
    publish: (payload) => publishStored(nc, "bench.own", [payload], { messageId: randomUUID(), timeoutMs: TIMEOUT_MS }),
    async read(subject) {
      const { data } = await sendRequest(nc, directGet(subject), [], { timeoutMs: TIMEOUT_MS });
      recycle(data);
    },
  };
}

function plainWay(nc: NatsConnection): Way {
  const js = nc.jetstream();
  return {
    publish: (payload) => js.publish("bench.plain", payload, { msgID: randomUUID(), timeout: TIMEOUT_MS }),
    read: (subject) => nc.request(directGet(subject), undefined, { timeout: TIMEOUT_MS }),
  };
}

function directGet(subject: string): string {
  return `$JS.API.DIRECT.GET.${STREAM}_KEPT.${subject}`;
}

async function costOf(
  requests: number,
  inFlight: number,
  send: () => Promise<unknown>,
  advance: (done: number, of: number) => void,
): Promise<number> {
  const before = process.cpuUsage();
  let begun = 0;
  const loop = async () => {
    while (begun < requests) {
      begun += 1;
      await send();
      if (begun % 100 === 0) advance(begun, requests);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / requests;
}
