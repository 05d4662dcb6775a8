import { mkdtempSync, chmodSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { startPostgres, type Postgres } from "../../../standalone/postgres.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { startStage, until, type LocalGateway, type Stage } from "../../stage/stage.js";
import { ask } from "../http/http-client.js";

let folder: string;
let postgres: Postgres;
let stage: Stage;
let gateway: LocalGateway;
let agent: PuppetAgent;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "scanmesh-postgres-"));
  chmodSync(folder, 0o755);
  postgres = await startPostgres({ dir: join(folder, "postgres") });
  stage = await startStage({ postgresUrl: postgres.url });
  gateway = await stage.gateway();
  agent = await startPuppet(stage, "puppet", [engine("Alpha")]);
});

afterAll(async () => {
  await agent.close();
  await stage.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const upload = (text: string) =>
  ask(`${gateway.url}/api/v1/sample`, {
    method: "POST",
    body: JSON.stringify({
      allow_internet: "False",
      minspeed: 3,
      sample: Buffer.from(text).toString("base64"),
      sample_name: "a",
    }),
  });

async function restart(): Promise<void> {
  postgres = await startPostgres({ dir: join(folder, "postgres"), port: Number(new URL(postgres.url).port) });
}

it.each(["SIGINT", "SIGKILL"] as const)(
  "while Postgres is away (%s) uploads are refused, results wait on the bus, and a subscription goes on when it is back",
  async (signal) => {
    const { id } = (await upload(`before ${signal}`)).json<{ id: number }>();
    const watched = (async () => {
      let last;
      for await (const report of gateway.context.watchers.scans.watch(id)) last = report;
      return last;
    })();
    const { ack } = await agent.take("Alpha", { scan: id });
    process.kill(postgres.pid, signal);
    await postgres.exited;
    ack();
    await agent.answer("Alpha", { scan: id, verdict: "INFECTED", signature: "While.Away" });

    const refused = await upload(`during ${signal}`);
    expect(refused.status).toBe(503);
    expect(refused.headers["retry-after"]).toBe("2");
    expect(refused.json()).toEqual({ error: "the database is not reachable" });
    expect((await ask(`${gateway.url}/api/v1/sample/${id}`)).status).toBe(503);
    expect((await ask(`${gateway.url}/readyz`)).status).toBe(503);
    expect((await ask(`${gateway.url}/healthz`)).status).toBe(200);

    await restart();
    expect(await watched).toMatchObject({ verdict: "INFECTED", done: 1, results: [{ signature: "While.Away" }] });
    expect((await readScan(stage.db, id))?.revision).toBe(1);
    await until("uploads are taken again", async () => (await upload(`after ${signal}`)).status === 200);
  },
);

it("a connection that is lost in the middle of a transaction fails that transaction, and not the process", async () => {
  let begun = () => {};
  let goOn = () => {};
  const begins = new Promise<void>((resolve) => (begun = resolve));
  const waits = new Promise<void>((resolve) => (goOn = resolve));
  const held = gateway.context.db.transaction().execute(async (tx) => {
    await tx.selectFrom("scans").select("id").execute();
    begun();
    await waits;
    await tx.selectFrom("scans").select("id").execute();
  });
  await begins;
  process.kill(postgres.pid, "SIGINT");
  await postgres.exited;
  goOn();
  await expect(held).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await restart();
  await until("the database answers", async () => (await upload("after a lost transaction")).status === 200);
});

it("while Postgres takes no changes uploads are refused with 503, and the gateway is not ready", async () => {
  const admin = new pg.Client({ connectionString: stage.databaseUrl, options: "-c default_transaction_read_only=off" });
  await admin.connect();
  const readOnly = async (on: boolean) => {
    await admin.query(`alter system set default_transaction_read_only = ${on ? "on" : "off"}`);
    await admin.query("select pg_reload_conf()");
  };
  const ready = async () => (await ask(`${gateway.url}/readyz`)).status;
  try {
    await readOnly(true);
    await until("it is not ready", async () => (await ready()) === 503);
    const refused = await upload("read-only");
    expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "2"]);
  } finally {
    await readOnly(false);
    await admin.end();
  }
  await until("it is ready", async () => (await ready()) === 200);
  expect((await upload("writable again")).status).toBe(200);
});
