import { join } from "node:path";
import { Writable } from "node:stream";
import { pino } from "pino";
import { expect, it } from "vitest";
import { createGateway } from "../../../gateway/gateway.js";
import { startNats } from "../../../standalone/nats.js";
import { until } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";

const MIB = 1024 ** 2;
const SENTENCE =
  "NATS has no room for the stream SCANS of ISOLATED: all streams together reserve 56 MiB (four times SCANMESH_SCANS_MAX, " +
  "twice SCANMESH_SAMPLES_MAX, and 32 MiB), more than nats-server may use. Raise its max_file_store (with docker compose SCANMESH_NATS_STORE) " +
  "or lower these settings.";

const stage = useStage();
it("a gateway says once what to change when NATS has no room for its streams, and is up as soon as there is some", async () => {
  const dir = join(stage.folder, "small");
  const nats = (port: number | undefined, limit: number) =>
    startNats({ dir, keys: stage.keys, ...(port && { port }), room: { free: limit, limit, reservable: limit } });
  const small = await nats(undefined, 3 * MIB);
  const lines: string[] = [];
  const log = pino(
    { level: "error" },
    new Writable({ write: (line: Buffer, _encoding, done) => (lines.push(line.toString()), done()) }),
  );
  const limits = { SCANMESH_SCANS_MAX: "4MiB", SCANMESH_SAMPLES_MAX: "4MiB" };
  const gateway = await createGateway(stage.config({ NATS_URL: small.url, ...limits }), log);
  const url = await gateway.start();
  const ready = async () => (await ask(`${url}/readyz`)).json<{ status: string; reason?: string }>();

  const answer = await until("it has been refused", async () => {
    const body = await ready();
    return body.reason === SENTENCE && body;
  });
  expect(answer).toEqual({ status: "degraded", reason: SENTENCE, nats: "away" });
  const port = Number(new URL(small.url).port);
  await small.stop();
  const larger = await nats(port, 100 * MIB);
  expect(await until("it is up", async () => (await ready()).status === "ok" && ready())).toEqual({ status: "ok", nats: "ok" });
  const told = lines.map((line) => JSON.parse(line) as { msg: string; account: string });
  expect(told.filter(({ account }) => account === "ISOLATED").map(({ msg }) => msg)).toEqual([SENTENCE]);
  await gateway.stop();
  await larger.stop();
});
