import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pino } from "pino";
import { expect, it } from "vitest";
import { FULL } from "../../../gateway/bus/write-probe.js";
import { createGateway } from "../../../gateway/gateway.js";
import { SAMPLES } from "../../../schema/subjects.js";
import { startNats } from "../../../standalone/nats.js";
import { until } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";

const MIB = 1024 ** 2;
const SENTENCE =
  "NATS has no room for the stream SCANS of ISOLATED: all streams together reserve 64 MiB (four times SCANMESH_SCANS_MAX, " +
  "twice SCANMESH_SAMPLES_MAX and SCANMESH_BUNDLES_MAX, and 32 MiB), more than nats-server may use. Raise its max_file_store (with docker compose SCANMESH_NATS_STORE) " +
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
  const limits = { SCANMESH_SCANS_MAX: "4MiB", SCANMESH_SAMPLES_MAX: "4MiB", SCANMESH_BUNDLES_MAX: "4MiB" };
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

it("a NATS at its max_file_store is named, refuses uploads with 507, and is well again once there is room", async () => {
  const limit = 40 * MIB;
  const small = await startNats({
    dir: join(stage.folder, "filled"),
    keys: stage.keys,
    room: { free: limit, limit, reservable: limit },
  });
  const gateway = await stage.gateway({ NATS_URL: small.url, SCANMESH_SCANS_MAX: "1MiB", SCANMESH_BUNDLES_MAX: "1MiB" });
  const upload = async () => {
    const { createUpload } = await data<{ createUpload: { url: string } }>(gateway.url, "mutation { createUpload { url } }");
    return ask(createUpload.url, { method: "PUT", body: randomBytes(8 * MIB) });
  };
  const refused = await until("an upload is refused", async () => {
    const answer = await upload();
    return answer.status === 201 ? undefined : answer;
  });
  expect([refused.status, refused.headers["retry-after"], refused.json()]).toEqual([
    507,
    "30",
    { error: "the sample store is full" },
  ]);
  const answer = await until("it is named", async () => {
    const found = await ask(`${gateway.url}/readyz`);
    return found.status === 503 ? found : undefined;
  });
  expect(answer.json()).toEqual({ status: "unavailable", reason: FULL, nats: "full" });

  const jsm = await gateway.context.bus.account("isolated").connection.up().jetstreamManager({ checkAPI: false });
  await jsm.streams.purge(SAMPLES);
  await until("it is ready", async () => (await ask(`${gateway.url}/readyz`)).status === 200);
  expect((await upload()).status).toBe(201);
  await gateway.stop();
  await small.stop();
});
