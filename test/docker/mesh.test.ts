/** Engines in containers through the whole mesh: gateway and agent as processes, and a real Docker Engine. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDatabase, type Database } from "../scanner-agent/runners/clamd/clamav-database.js";
import { CLEAN, EICAR } from "../scanner-agent/eicar.js";
import { startStage, until, type Part, type Stage } from "../stage/stage.js";
import { baseImage, docker, hasDocker } from "./base-image.js";
import { maliceImage, productImage, STAND_IN } from "./images.js";

const ENGINES = ["ClamAV", "Fresh", "Many", "StandIn"];
const BUILD_MS = 1_200_000;

interface Result {
  readonly engine: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly signature: string | null;
  readonly image: { readonly id: string } | null;
}

let stage: Stage;
let gateway: Part;
let signatures: Database;
/** The image of each engine. */
let images: Record<string, string>;

/** A scanner whose signatures name the container that it runs in. */
const shell = (name: string, image: string, scans: number) => `name: ${name}
type: AV
speed: FAST
internet: false
timeout: 60s
slots: 1
output: clamd
run:
  container:
    image: ${image}
    mode: exec
    command:
      - sh
      - -c
      - if grep -q EICAR- "$1"; then printf "stream:\\040Eicar-$(cat /etc/hostname)\\040FOUND\\000"; else printf "stream:\\040OK\\000"; fi
      - scanner
      - "{file}"
    recycle: { scans: ${scans} }
    spares: 0
    limits: { memory: 64MiB, cpus: 0.5 }
`;

describe.skipIf(!hasDocker)("engines in containers", () => {
  beforeAll(async () => {
    const [base, clamav, malice] = [await baseImage(), await productImage("clamav"), await maliceImage()];
    images = { ClamAV: clamav, Fresh: base, Many: base, StandIn: malice };
    signatures = await makeDatabase();
    await signatures.addEicar();
    stage = await startStage();
    gateway = await stage.gatewayProcess();
    const choice = join(stage.folder, "engines.yaml");
    const limits = "{ memory: 1GiB, tmp: 64MiB, cpus: 1 }";
    await writeFile(choice, `engines:\n  ClamAV: { run: container, image: ${clamav}, limits: ${limits} }\n`);
    await stage.agentProcess({
      id: "containers",
      engines: { fresh: shell("Fresh", base, 1), many: shell("Many", base, 100_000), standin: STAND_IN },
      env: {
        SCANMESH_ENGINES: ENGINES.join(),
        SCANMESH_ENGINES_FILE: choice,
        SCANMESH_CLAMAV_DB: signatures.folder,
        ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
      },
    });
    await until("all engines are healthy", async () => {
      const { engines } = await graphql<{ engines: { name: string; lastHealthyAt: string | null }[] }>(
        "{ engines { name lastHealthyAt } }",
      );
      return engines.length === ENGINES.length && engines.every(({ lastHealthyAt }) => lastHealthyAt !== null);
    });
  }, BUILD_MS);
  afterAll(async () => {
    await stage?.stop();
    await signatures?.remove();
  });

  async function graphql<T>(query: string): Promise<T> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${gateway.url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
    const { data, errors } = (await answer.json()) as { data: T; errors?: unknown };
    expect(errors).toBeUndefined();
    return data;
  }

  /** Uploads a file and waits for its report: the verdict, and each engine's result. */
  async function scan(bytes: Buffer): Promise<{ verdict: string; of: Record<string, Result> }> {
    const form = new FormData();
    form.set("file_upload", new File([Uint8Array.from(bytes)], "sample"));
    form.set("minspeed", "3");
    const { id } = (await (await fetch(`${gateway.url}/api/v1/sample`, { method: "POST", body: form })).json()) as {
      id: number;
    };
    const report = await until(`scan ${id} is final`, async () => {
      const { scan: found } = await graphql<{ scan: { verdict: string; endDate: string | null; results: Result[] } }>(
        `{ scan(id: ${id}) { verdict endDate results { engine state verdict signature image { id } } } }`,
      );
      return found.endDate === null ? undefined : found;
    });
    return { verdict: report.verdict, of: Object.fromEntries(report.results.map((result) => [result.engine, result])) };
  }

  test("each find EICAR: clamd as a service, warm containers, a fresh one, and an image of the malice contract", async () => {
    const { verdict, of } = await scan(EICAR);
    expect(verdict).toBe("INFECTED");
    expect(Object.keys(of).toSorted()).toEqual(ENGINES);
    for (const result of Object.values(of)) expect(result).toMatchObject({ state: "DONE", verdict: "INFECTED" });
  });

  test("each find nothing in a clean file", async () => {
    const { verdict, of } = await scan(CLEAN);
    expect(verdict).toBe("CLEAN");
    for (const name of ENGINES) expect(of[name]).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  });

  test("have the image that they ran in on every result", async () => {
    const { of } = await scan(EICAR);
    for (const name of ENGINES) {
      const id = await docker("image", "inspect", "--format", "{{.Id}}", images[name] ?? "");
      expect(of[name]?.image).toEqual({ id });
    }
  });

  test("have one container for many samples, or one for each", async () => {
    const reports = [await scan(EICAR), await scan(EICAR), await scan(EICAR)];
    const containers = (name: string) => new Set(reports.map(({ of }) => of[name]?.signature));
    expect(containers("Many").size).toBe(1);
    expect(containers("Fresh").size).toBe(3);
  });
});
