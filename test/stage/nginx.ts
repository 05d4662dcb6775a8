/** Debian's nginx before a gateway, for tests. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../../schema/paths.js";
import { findProgram } from "../../standalone/programs.mjs";
import { until } from "./stage.js";

const program = findProgram("nginx");

/** Whether this machine has it; where it has not, its tests are shown as skipped. */
export const hasNginx = program !== undefined;

/** What docs/run/proxy.md has, for a host of its own and below the path `/mesh/`. */
export function documentedConfig(): { server: string; below: string } {
  const page = readFileSync(projectPath("docs", "run", "proxy.md"), "utf8");
  const [server = "", location = ""] = [...page.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  return { server, below: server.replace(/^ {2}location \/ \{\n.*\n/m, location) };
}

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts it with what stands in `http { … }`, in which `listen 80` is a free port and port 8080 of loopback the gateway's. */
export async function startNginx(http: string, gatewayUrl: string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "scanmesh-nginx-"));
  chmodSync(folder, 0o777);
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
  const own = http.replace("listen 80;", `listen 127.0.0.1:${port};`).replaceAll("http://127.0.0.1:8080", gatewayUrl);
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
     events {}
     http { access_log off; ${temporary.join(" ")}
     ${own}
     }`,
  );
  const child = spawn(program ?? "nginx", ["-c", config, "-p", folder], { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  await until("nginx listens", async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${complaint}`);
    return fetch(url).then(
      () => true,
      () => false,
    );
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
