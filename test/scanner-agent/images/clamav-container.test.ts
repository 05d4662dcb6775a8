/** Our image of ClamAV, run as its manifest says. */

import { execFileSync } from "node:child_process";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../../../schema/paths.js";
import type { Outcome, Runner } from "../../../scanner-agent/contract.js";
import { parseClamd } from "../../../scanner-agent/parsers/clamd.js";
import { containersOf } from "../../docker/agent-containers.js";
import { hasDocker } from "../../docker/base-image.js";
import { productImage } from "../../docker/images.js";
import { EICAR } from "../eicar.js";
import { startBusStage, until } from "../stage/bus-stage.js";
import { containerAgent, engineManifest } from "../stage/container-stage.js";
import { orderBundles, publishBundle, untilBundles } from "../stage/ordered-bundles.js";
import { containerCase, type ContainerCase } from "../runners/container/case.js";
import { makeDatabase, type Database } from "../runners/clamd/clamav-database.js";

const OTHER = Buffer.from("a word of the test's own");
let here: ContainerCase;
let image: string;
let signatures: Database;
let on: Runner;

beforeAll(async () => {
  if (!hasDocker) return;
  image = await productImage("clamav");
  here = await containerCase();
});
beforeEach(async () => {
  if (!hasDocker) return;
  signatures = await makeDatabase();
  await signatures.addEicar();
  const manifest = parse(await readFile(projectPath("scanner-agent", "engines", "clamav.yaml"), "utf8")) as {
    run: { container: Record<string, unknown> };
  };
  const limits = { memory: "512MiB", tmp: "64MiB", pids: 256 };
  on = here.runner({ ...manifest.run.container, image, limits, ready: "30s" }, { clamavDb: signatures.folder });
});
afterEach(async () => {
  await on?.stop();
  await signatures?.remove();
});
afterAll(() => here?.stop());

const scan = async (bytes: Buffer): Promise<Outcome> => parseClamd(await here.scan(on, bytes));

describe.skipIf(!hasDocker)("ClamAV's own container", () => {
  test("goes on with all other signatures beside entries that it cannot read, which are told", async () => {
    const entry = (name: string) => join(signatures.folder, name);
    await symlink("/nowhere", entry("a.ndb"));
    await mkdir(entry("b.ndb"));
    execFileSync("mkfifo", [entry("c.ndb")]);
    await writeFile(entry("d.ndb"), "secret", { mode: 0o000 });
    await on.start();
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    expect(on.warnings?.()).toEqual(["a", "b", "c", "d"].map((name) => expect.stringContaining(entry(`${name}.ndb `)) as string));
    for (const name of ["a", "b", "c", "d"]) await rm(entry(`${name}.ndb`), { recursive: true });
    await on.versions();
    expect(on.warnings?.()).toEqual([]);
  });

  test("is replaced when its signatures change in place, and kept while they do not load, which is told", async () => {
    await on.start();
    const [first] = await containersOf(here.agent);
    const bad = join(signatures.folder, "daily.cvd");
    await writeFile(bad, "nonsense");
    const [warning] = await until("it is told", async () => {
      await on.versions();
      return on.warnings?.().length === 1 && on.warnings();
    });
    expect(warning).toMatch(
      /keeps serving as it is; it would not start again: its container does not start: .*daily.cvd.*[Mm]alformed/,
    );
    expect(await containersOf(here.agent)).toEqual([first]);
    expect(await scan(EICAR)).toMatchObject({ verdict: "INFECTED" });
    await on.versions();
    await rename(bad, `${bad}-off`);
    await on.versions();
    expect(on.warnings?.()).toEqual([]);
    await signatures.addOther();
    await until("the new signatures are used", async () => {
      await on.versions();
      return (await scan(OTHER)).verdict === "INFECTED";
    });
  });
});

describe.skipIf(!hasDocker)("ClamAV in a container, with signatures of the mesh", () => {
  test("serves them from a folder that it mounts, and those that follow from another container", async () => {
    const stage = await startBusStage();
    const container = { image, mode: "service", socket: "/run/clamav/clamd.sock", ready: "60s" };
    const mounts = [{ from: "{clamav-db}", at: "/var/lib/clamav" }];
    const limits = { memory: "512MiB", tmp: "64MiB", pids: 256 };
    const manifest = engineManifest("Contained", { ...container, mounts, limits });
    const env = { SCANMESH_CLAMAV_DB: join(here.folder, "none"), SCANMESH_UPDATE_TEST: "1ms" };
    const agent = await containerAgent(stage, [manifest], env);
    try {
      const id = agent.config.agent;
      const eicar = await readFile(join(signatures.folder, "Eicar-Test.ndb"));
      const own = (version: number) => `Version-${version}:0:*:${OTHER.toString("hex")}\n`;
      for (const version of [1, 2]) {
        const files = { "eicar.ndb": eicar, [`own-${version}.ndb`]: own(version) };
        const bundles = [await publishBundle(stage, { engine: "Contained", sequence: version, files })];
        orderBundles(stage, id, "Contained", bundles);
        expect(await untilBundles(stage, id, "Contained", { state: "SERVING", serving: bundles })).toMatchObject({
          healthy: true,
          setup: { updatedBy: "MESH", bundles },
        });
        expect((await agent.scan("Contained", OTHER)).signature).toMatch(`Version-${version}`);
        await until("the container before is gone", async () => (await agent.containers()).length === 1);
      }
    } finally {
      await agent.stop();
      await stage.stop();
    }
  });
});
