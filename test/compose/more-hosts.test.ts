import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../../schema/paths.js";
import { composePrograms } from "./project.js";

interface Configuration {
  readonly services: Readonly<Record<string, { readonly ports?: readonly unknown[]; readonly networks: object }>>;
}

const programs = await composePrograms();

describe.runIf(programs.length > 0).each(programs)("%s", (program, ...words) => {
  /** What compose makes of the project's files with these lines of .env.example in .env. */
  async function configuration(...names: string[]): Promise<Configuration> {
    const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-more-hosts-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const file of ["docker-compose.yml", "deploy/more-hosts.yml"]) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await cp(projectPath(file), join(folder, file));
    }
    const example = (await readFile(projectPath(".env.example"), "utf8")).split("\n");
    const lines = example.filter((line) => names.some((name) => line.startsWith(`#${name}=`))).map((line) => line.slice(1));
    await writeFile(join(folder, ".env"), lines.join("\n"));
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(COMPOSE|SCANMESH)_/.test(name)));
    const { stdout } = await promisify(execFile)(program, [...words, "config"], { cwd: folder, env });
    return parse(stdout) as Configuration;
  }

  it("opens NATS in every command once .env says so, and never without", async () => {
    const open = (await configuration("COMPOSE_FILE", "SCANMESH_NATS_BIND")).services["nats"];
    expect(JSON.stringify(open?.ports)).toContain("10.0.0.5");
    expect(Object.keys(open?.networks ?? {})).toContain("web");
    const closed = (await configuration()).services["nats"];
    expect(closed?.ports ?? []).toEqual([]);
    expect(Object.keys(closed?.networks ?? {})).toEqual(["bus"]);
  });
});
