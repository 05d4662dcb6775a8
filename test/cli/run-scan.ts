/** `npm run scan` as a process, and the small servers that it meets in tests. */

import { spawn, type ChildProcess } from "node:child_process";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { projectPath } from "../../schema/paths.js";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningScan {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  output(): string;
}

/** Starts the command; it finds no mesh but the one that it is told. */
export function startScan(args: readonly string[], env: Record<string, string> = {}, input: string | Buffer = ""): RunningScan {
  const child = spawn(process.execPath, [projectPath("dist", "cli", "scan.js"), ...args], {
    env: { PATH: process.env["PATH"] ?? "", SCANMESH_HOME: "/no-mesh-here", ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {}).end(input);
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return { child, ended, output: () => stdout + stderr };
}

/** Listens on a free port; the server's address. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
