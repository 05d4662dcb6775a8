/** A database of the release before agents had keys of their own, with what that release wrote, under today's gateway. */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Migrator, sql, type Kysely, type Migration } from "kysely";
import { expect, it } from "vitest";
import { openDatabase } from "../../../gateway/db/database.js";
import { migrate } from "../../../gateway/db/migrations.js";
import { readScan } from "../../../gateway/db/scans.js";
import { projectPath } from "../../../schema/paths.js";
import { chunkSubject } from "../../../schema/subjects.js";
import { createDatabase } from "../../stage/database.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { connectAsGateway } from "../bus/gateway-user.js";
import { joinHost, named, newToken } from "../join/host.js";
import { operation } from "../keys/keyed-client.js";

/** The last migration of that release. */
const LAST = "0030";
/** An API key that was made by it. */
const KEY = "sm_cg54156l5a1x_n8QaynPam3oBMGRZPr6CXV96iLMtSF6PcKOKYP__YiI";

const stage = useStage();
const database = prepared(
  async () => {
    const url = await createDatabase();
    const db = openDatabase(url, () => {});
    const { error } = await new Migrator({ db, provider: { getMigrations: async () => earlierMigrations() } }).migrateToLatest();
    if (error) throw error;
    await sql.raw(readFileSync(projectPath("test", "gateway", "db", "before-joining.sql"), "utf8")).execute(db);
    await migrate(db);
    return { url, db };
  },
  ({ db }) => db.destroy(),
);
const gateway = prepared(() => stage.gateway({ DATABASE_URL: database.url, SCANMESH_AUTH: "keys" }));

function earlierMigrations(): Record<string, Migration> {
  const names = readdirSync(projectPath("migrations")).filter((name) => name.endsWith(".sql") && name.slice(0, 4) <= LAST);
  return Object.fromEntries(
    names.toSorted().map((name) => {
      const text = readFileSync(projectPath("migrations", name), "utf8");
      return [name.replace(/\.sql$/, ""), { up: async (db: Kysely<unknown>) => void (await sql.raw(text).execute(db)) }];
    }),
  );
}

async function ask<T>(query: string, variables: object = {}): Promise<T> {
  const answer = await operation(gateway, KEY, query, variables);
  expect(answer.status).toBe(200);
  return answer.json<{ data: T }>().data;
}

it("all that was written is read, open scans are finished, old keys and agents with shared credentials go on, and new ones join", async () => {
  const written = await ask<{ scans: { nodes: object[] } }>(
    "{ scans(first: 9) { nodes { scanId name verdict endDate sample { sha256 } proof { text } results { engine state verdict signature details } } } }",
  );
  expect(written.scans.nodes).toMatchObject([
    { scanId: 5, endDate: null },
    { scanId: 4, endDate: null },
    {
      scanId: 3,
      name: "attachment.txt",
      verdict: "INFECTED",
      results: [{ engine: "FileInfo" }, { signature: "EICAR_Test_File" }],
    },
    {
      scanId: 2,
      name: "notes.txt",
      verdict: "INCONCLUSIVE",
      results: [{ details: { size: 12 } }, { engine: "Yara", state: "DONE" }],
    },
    { scanId: 1, name: "eicar.com", verdict: "INCONCLUSIVE", results: [{ engine: "FileInfo", state: "DONE" }] },
  ]);
  // The bytes as they were stored then.
  const bus = await connectAsGateway(stage);
  const open = await database.db.selectFrom("samples").select("blob").where("id", "=", 3).executeTakeFirstOrThrow();
  await bus.jetstream().publish(chunkSubject(open.blob ?? "", 0), "asked for before the upgrade");
  await bus.close();
  await stage.agentProcess({ id: "local-isolated", env: { SCANMESH_ENGINES: "FileInfo,Yara" } });
  await until("its engines are healthy", async () => {
    const { engines } = await ask<{ engines: { name: string; available: boolean }[] }>("{ engines { name available } }");
    return engines.filter(({ available }) => available).length === 2;
  });
  const input = { base64: Buffer.from("after the upgrade").toString("base64"), speed: "ALL" };
  const { submitScan } = await ask<{ submitScan: { scan: { scanId: number } } }>(
    "mutation ($input: SubmitScanInput!) { submitScan(input: $input) { ... on SubmitScanSuccess { scan { scanId } } } }",
    { input },
  );
  for (const scanId of [submitScan.scan.scanId, 4, 5]) {
    await until(`scan ${scanId} is final`, async () => (await readScan(database.db, scanId))?.endDate instanceof Date);
    expect((await readScan(database.db, scanId))?.results).toMatchObject([
      { engine: "FileInfo", state: "DONE", agent: "local-isolated" },
      { engine: "Yara", state: "DONE", agent: "local-isolated" },
    ]);
  }

  await joinHost(named(stage, "new-host"), await newToken(gateway));
  const accounts = await database.db.selectFrom("agent_accounts").select("agent").execute();
  expect(accounts).toEqual([{ agent: "new-host" }]);
  const env = { PATH: process.env["PATH"], DATABASE_URL: database.url };
  const doctor = promisify(execFile)(process.execPath, [projectPath("dist/cli/hosts.js"), "doctor"], { env });
  await expect(doctor).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /^local-isolated \(isolated\) of .* works with the credentials that its class shares/,
    ) as string,
  });
});
