/** A mesh whose ClamAV is updated to newer signatures, again and again. */

import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { SwitchWay } from "../../schema/bundle-presence.js";
import { projectPath } from "../../schema/paths.js";
import type { Bench } from "./bench.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { makeSignatures, type SignatureCounts } from "./signatures.js";

const LOOK_MS = 200;
const BEGIN = `mutation { updateEngines(input: { engines: ["ClamAV"], skipCanary: true }) {
  ... on UpdateEnginesSuccess { updates { id } refused { message } } ... on UserError { message } } }`;
const LAST = "{ engineUpdates(first: 1) { nodes { id state reason } } }";

export interface UpdatedMesh {
  readonly mesh: BenchMesh;
  setWay(way: SwitchWay): Promise<void>;
  /** Publishes the signatures with one more, and begins an update to them; the update's id. */
  begin(): Promise<string>;
  /** Waits until an update has gone well. */
  end(id: string): Promise<void>;
}

/** Starts it for some work. `counts` are of what is published, and `testSeconds` is how long programs of the host are scanned before a version serves. */
export async function withUpdates<T>(
  { seed }: Pick<Bench, "seed">,
  { counts, testSeconds }: { counts?: SignatureCounts; testSeconds: number },
  work: (updated: UpdatedMesh) => Promise<T>,
): Promise<T> {
  // What is published is not what the host has: clamd would read that again.
  const [own, published] = [await makeSignatures(seed), await makeSignatures(seed, counts)];
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-bench-updates-"));
  try {
    const key = join(folder, "bundles.pem");
    await writeFile(key, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }));
    const settings = {
      SCANMESH_BUNDLE_KEY: key,
      SCANMESH_BUNDLES: join(folder, "bundles"),
      SCANMESH_UPDATE_TEST: `${testSeconds}s`,
    };
    const mesh = await startMesh({ signatures: own.folder }, Buffer.from("first"), { settings });
    try {
      return await work(updatesOf(mesh, published.folder));
    } finally {
      await mesh.stop();
    }
  } finally {
    await own.remove();
    await published.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function updatesOf(mesh: BenchMesh, signatures: string): UpdatedMesh {
  const { api, url } = mesh;
  return {
    mesh,
    async setWay(way) {
      await api.query(`mutation { setUpdatePolicy(input: { engine: "ClamAV", switch: ${way} }) { __typename } }`);
    },
    async begin() {
      const word = Buffer.from(String(performance.now())).toString("hex");
      await appendFile(join(signatures, "bench.ndb"), `Bench-Update:0:*:${word}\n`);
      const publish = ["publish", "ClamAV", signatures, "--url", url];
      await promisify(execFile)(process.execPath, [projectPath("dist", "cli", "bundle.js"), ...publish]);
      const { updateEngines } = await api.query<{ updateEngines: { updates?: { id: string }[] } }>(BEGIN);
      const id = updateEngines.updates?.[0]?.id;
      if (id === undefined) throw new Error(`the update was refused: ${JSON.stringify(updateEngines)}`);
      return id;
    },
    async end(id) {
      for (;;) {
        const { engineUpdates } = await api.query<{
          engineUpdates: { nodes: { id: string; state: string; reason: string }[] };
        }>(LAST);
        const [last] = engineUpdates.nodes;
        if (last?.id === id && last.state === "DONE") return;
        if (last?.id !== id || last.state === "ROLLED_BACK")
          throw new Error(`the update did not go well: ${JSON.stringify(last)}`);
        await pause(LOOK_MS);
      }
    },
  };
}
