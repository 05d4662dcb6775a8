/** B9: how fast a large sample is taken until it is stored durably, beside the store alone. */

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { openNatsSampleStore } from "../../gateway/bus/nats-sample-store.js";
import { CHUNK_BYTES } from "../../schema/streams.js";
import { readGatewayConfig } from "../../gateway/config.js";
import type { Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { piecesOf, upload } from "./large-upload.js";
import { startMesh } from "./mesh.js";
import { metric, ratioMetric } from "./metric.js";
import { inTurn, type Side } from "./rounds.js";
import { figureOf } from "./statistics.js";

const MB = 1_000_000;
const LARGE_MB = 100;
const LOOK_MS = 20;

export const b9: Benchmark = async ({ rounds, progress, scaled }) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  try {
    const { gateway } = mesh.servers.creds;
    const config = readGatewayConfig({
      DATABASE_URL: mesh.postgresUrl,
      NATS_URL: mesh.natsUrl,
      SCANMESH_NATS_ISOLATED_CREDS: gateway.isolated,
      SCANMESH_NATS_INTERNET_CREDS: gateway.internet,
    });
    const store = openNatsSampleStore(config, pino({ level: "silent" }), {
      problem: () => undefined,
      largestChunk: () => CHUNK_BYTES,
      seals: async () => true,
    });
    try {
      const bytes = scaled(LARGE_MB * MB, MB);
      const side = (name: string, store: (pieces: Buffer[]) => Promise<{ sha256: string }>): Side => ({
        name,
        label: name,
        unit: "MB/s",
        async measure() {
          const pieces = [...piecesOf(bytes)];
          const begun = performance.now();
          const { sha256 } = await store(pieces);
          const seconds = (performance.now() - begun) / 1_000;
          const hash = createHash("sha256");
          for (const piece of pieces) hash.update(piece);
          if (sha256 !== hash.digest("hex")) throw new Error("other bytes were stored than those that were sent");
          return bytes / MB / seconds;
        },
      });
      const product = side("mesh", (pieces) => upload(mesh.url, pieces));
      while (!store.connected()) await pause(LOOK_MS);
      const options = { limit: 2 * bytes, isStored: () => Promise.resolve(false) };
      const alone = side("the store alone", (pieces) => store.put(Readable.from(pieces), options));
      const [found = []] = await inTurn("B9", rounds, product, [alone], progress);
      return [
        ratioMetric({ id: "B9", about: "an upload of 100 MB, stored durably, by the store's own put" }, found, alone),
        metric({
          id: "B9.rate",
          about: "the same as a rate",
          unit: "MB/s",
          figure: figureOf(found.flatMap((round) => round.product)),
        }),
      ];
    } finally {
      await store.close();
    }
  } finally {
    await mesh.stop();
  }
};
