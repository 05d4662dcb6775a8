/** A bundle of one mesh, carried in a file to a mesh that the first one never reaches, where an engine serves it. */

import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { listed } from "../gateway/bundles/sending.js";
import { data } from "../gateway/http/http-client.js";
import { base64, submit } from "../gateway/scan/submitting.js";
import { finalScan } from "../gateway/scan/suppressing.js";
import { engine } from "../stage/puppet-agent.js";
import { until } from "../stage/stage.js";
import { prepared, usePuppet, useStage } from "../stage/use-stage.js";

const WORDS = "carried by hand";
const RULES = `rule Carried { meta: verdict = "infected" strings: $a = "${WORDS}" condition: $a }\n`;

const office = useStage();
const officeGateway = prepared(() => office.gateway());
usePuppet(office, "puppet", [engine("Yara", { type: "METADATA", speed: "MEDIUM", detects: true })]);
const lab = useStage();
const labGateway = prepared(async () => {
  const key = join(lab.folder, "bundles.pem");
  writeFileSync(key, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }));
  const gateway = await lab.gateway({ SCANMESH_BUNDLE_KEY: key, SCANMESH_CANARY_WAIT: "1ms" });
  const env = {
    SCANMESH_ENGINES: "Yara",
    SCANMESH_BUNDLES: join(lab.folder, "agent-bundles"),
    SCANMESH_UPDATE_TEST: "1ms",
    SCANMESH_SLOTS: "1",
  };
  await lab.agentProcess({ id: "lab", env });
  await until("the lab has Yara", () =>
    gateway.context.fleet.agents().some(({ engines }) => engines.some(({ healthy }) => healthy)),
  );
  return gateway;
});

async function bundle(url: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = promisify(execFile)(process.execPath, [projectPath("dist", "cli", "bundle.js"), ...args, "--url", url]);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

interface Shown {
  readonly scan: {
    readonly verdict: string;
    readonly results: readonly { signature: string | null; setup: { updatedBy: string; bundles: { digest: string }[] } }[];
  };
}

/** What Yara says of a sample with the words in the lab. */
async function scanned(name: string): Promise<Shown["scan"]> {
  const { scan } = await submit(labGateway.url, { base64: base64(`${name}: ${WORDS}`), engines: ["Yara"] });
  await finalScan(lab, scan.scanId);
  const query = `{ scan(id: ${scan.scanId}) { verdict results { signature setup { updatedBy bundles { digest } } } } }`;
  return (await data<Shown>(labGateway.url, query)).scan;
}

it("what one mesh exports is served by another that trusts its key; what was altered on the way is refused", async () => {
  const folder = join(office.folder, "rules");
  mkdirSync(folder);
  writeFileSync(join(folder, "carried.yar"), RULES);
  const file = join(lab.folder, "yara.bundle");
  expect((await bundle(officeGateway.url, "publish", "Yara", folder)).code).toBe(0);
  expect((await bundle(officeGateway.url, "export", file, "Yara")).code).toBe(0);
  expect(await scanned("before")).toMatchObject({ results: [{ signature: null, setup: { bundles: [] } }] });

  const [mine, key] = (await bundle(officeGateway.url, "keys")).stdout.split("\n");
  expect((await bundle(labGateway.url, "import", file)).stderr).toContain(`which this mesh does not trust`);
  expect((await bundle(labGateway.url, "trust", key?.trim() ?? "", "--name", "head office")).code).toBe(0);
  expect(mine).toBe(`this mesh  ${officeGateway.context.bundleKey?.fingerprint}`);
  const altered = join(lab.folder, "altered.bundle");
  const bytes = readFileSync(file);
  bytes.write("x", bytes.indexOf(WORDS));
  writeFileSync(altered, bytes);
  expect(await bundle(labGateway.url, "import", altered)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("was altered or damaged: its file carried.yar is not as it was signed") as string,
  });
  expect(await listed(labGateway.url)).toEqual([]);

  const imported = await bundle(labGateway.url, "import", file);
  expect([imported.code, imported.stderr]).toEqual([0, expect.stringContaining("Published as bundle 1 of Yara main.")]);
  const [{ digest, source } = {}] = await listed(labGateway.url);
  expect(source).toBe("imported from head office, bundle 1");
  const begin = `mutation { updateEngines(input: { engines: ["Yara"] }) { ... on UpdateEnginesSuccess { updates { state } } } }`;
  expect(await data(labGateway.url, begin)).toEqual({ updateEngines: { updates: [{ state: "PENDING" }] } });
  const updated = "{ engineUpdates(first: 1) { nodes { state toBundle { digest } } } }";
  const done = { engineUpdates: { nodes: [{ state: "DONE", toBundle: { digest } }] } };
  await until("it is done", async () => JSON.stringify(await data(labGateway.url, updated)) === JSON.stringify(done));
  expect(await scanned("after")).toMatchObject({
    verdict: "INFECTED",
    results: [{ signature: "Carried", setup: { updatedBy: "MESH", bundles: [{ digest }] } }],
  });
});
