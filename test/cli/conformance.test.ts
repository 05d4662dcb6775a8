/** The conformance suite against the running mesh, and against a server that keeps nothing of the contract. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { startStage, until } from "../stage/stage.js";

function conformance(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [projectPath("dist", "cli", "conformance.js"), ...args],
      { maxBuffer: 1e8 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout: stdout + stderr }),
    );
  });
}

it("is kept by the mesh, and the report says of each line what was sent and received", async () => {
  const stage = await startStage();
  const gateway = await stage.gatewayProcess();
  // Without the programs that FileInfo would ask: they take far longer than all else, and are not what is tested.
  await stage.agentProcess({ env: { SCANMESH_ENGINES: "Yara,FileInfo", PATH: "" } });
  await until("the engines are healthy", async () => {
    const rows = await stage.db.selectFrom("engines").select("name").where("last_healthy_at", "is not", null).execute();
    return rows.length === 2;
  });
  const file = join(stage.folder, "report.md");
  const { code, stdout } = await conformance(gateway.url, "--report", file);
  expect(stdout.split("\n").filter((line) => /^✗|^ {2}!/.test(line))).toEqual([]);
  expect(code).toBe(0);
  const report = readFileSync(file, "utf8");
  const lines = report.split("\n").filter((line) => line.startsWith("✓"));
  expect(lines.length).toBeGreaterThan(70);
  for (const part of report.split(/^✓ /m).slice(1)) {
    expect(part).toMatch(/^ {2}> (GET|POST|PUT|DELETE|HEAD) \//m);
    expect(part).toMatch(/^ {2}< \d{3}/m);
  }
  await stage.stop();
});

it("is broken in every line by a server that answers 200 to everything, below a path too", async () => {
  const outside: string[] = [];
  let refusals = 0;
  const server = createServer((request, response) => {
    if (refusals < 2) {
      refusals += 1;
      response.writeHead(429, { "retry-after": "0" }).end();
      return;
    }
    if (!request.url?.startsWith("/mesh/")) outside.push(request.url ?? "");
    request.resume().once("end", () => response.end("[]"));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { code, stdout } = await conformance(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/mesh/`,
    "--timeout",
    "1",
  );
  expect(outside).toEqual([]);
  expect(stdout).toContain("The gateway asks to wait 0 s (HTTP 429); waiting.");
  expect(stdout).not.toContain("< 429");
  expect(code).toBe(1);
  // Nothing can be seen of an upload but that it was taken.
  const kept = stdout.split("\n").filter((line) => line.startsWith("✓"));
  expect(kept.filter((line) => !line.startsWith("✓ takes "))).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
});

it.each([["ftp://x"], ["nowhere"]])("refuses the address %s", async (address) => {
  expect(await conformance(address)).toEqual({ code: 2, stdout: `${address} is not an http address.\n` });
});
