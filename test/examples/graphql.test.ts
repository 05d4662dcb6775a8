/** The clients of examples/graphql as their users run them, against a mesh that asks for keys. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { keyWith } from "../gateway/keys/keyed-client.js";
import { CLEAN, EICAR } from "../scanner-agent/eicar.js";
import { until } from "../stage/stage.js";
import { prepared, useStage } from "../stage/use-stage.js";

let key: string;
let eicar: string;
let clean: string;
let built: string;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));

beforeAll(async () => {
  key = await keyWith(gateway, ["scan:read", "scan:write"]);
  // In the project, where the packages are that it imports.
  built = projectPath("dist", "examples");
  await run(process.execPath, [
    projectPath("node_modules/typescript/bin/tsc"),
    "-p",
    example("tsconfig.json"),
    "--outDir",
    built,
  ]);
  await stage.agentProcess({ env: { SCANMESH_ENGINES: "Yara,FileInfo" } });
  await until("the engines are healthy", async () => {
    const rows = await stage.db.selectFrom("engines").select("name").where("last_healthy_at", "is not", null).execute();
    return rows.length === 2;
  });
  [eicar, clean] = [join(stage.folder, "eicar.com"), join(stage.folder, "clean file.txt")];
  writeFileSync(eicar, EICAR);
  writeFileSync(clean, CLEAN);
});

const example = (name: string) => projectPath("examples", "graphql", name);
/** The system's Python is the one that has requests from its package. */
const PATH = `/usr/bin:/bin:${process.env["PATH"] ?? ""}`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, args: readonly string[], apiKey?: string): Promise<Ended> {
  const env = { PATH, LC_ALL: "C.UTF-8", ...(apiKey === undefined ? {} : { SCANMESH_API_KEY: apiKey }) };
  try {
    return { code: 0, ...(await promisify(execFile)(program, args, { env })) };
  } catch (error) {
    return error as Ended;
  }
}

const CLIENTS: Record<string, (...args: string[]) => [program: string, args: string[]]> = {
  "the TypeScript client": (...args) => [process.execPath, [join(built, "scan.mjs"), ...args]],
  "the Python client": (...args) => ["python3", [example("scan.py"), ...args]],
  "the shell client": (...args) => ["sh", [example("scan.sh"), ...args]],
};

describe.each(Object.entries(CLIENTS))("%s", (name, command) => {
  const scan = (file: string, apiKey?: string) => run(...command(file, gateway.url), apiKey);

  it("follows a scan to its verdict", async () => {
    const [infected, harmless] = [await scan(eicar, key), await scan(clean, key)];
    if (name === "the shell client") {
      expect(JSON.parse(infected.stdout)).toMatchObject({ data: { scanUpdated: { verdict: "INFECTED", done: 2, total: 2 } } });
      expect(JSON.parse(harmless.stdout)).toMatchObject({ data: { scanUpdated: { verdict: "INCONCLUSIVE" } } });
    } else {
      expect(infected.stdout).toMatch(/^FileInfo: \S+\nYara: EICAR\S*\nverdict: INFECTED\n$/);
      expect(harmless.stdout).toMatch(/^verdict: INCONCLUSIVE$/m);
      expect(infected.stderr).toMatch(/^2 of 2 engines$/m);
    }
    expect([infected.code, harmless.code]).toEqual([1, 0]);
  });

  it("tells why it is refused", async () => {
    const { code, stdout, stderr } = await scan(eicar, "sm_unknown_secret");
    expect(code).toBeGreaterThan(0);
    expect(stdout + stderr).toMatch(/API key/);
  });
});
