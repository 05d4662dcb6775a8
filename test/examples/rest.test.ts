/** The scripts of examples/rest as their users run them, against the running mesh. */

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { hash, stored } from "../gateway/rest/rest-client.js";
import { CLEAN, EICAR } from "../scanner-agent/eicar.js";
import { HEADLESS } from "../stage/chromium.js";
import { until, type Part } from "../stage/stage.js";
import { useStage } from "../stage/use-stage.js";

let gateway: Part;
let eicar: string;
let clean: string;
const pages: Server[] = [];

/** A page of its own origin, with the example's form in which a file is chosen and sent at once. */
async function servePage(): Promise<{ origin: string; aim(url: string): void }> {
  let page = "";
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(page));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  pages.push(server);
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    aim(url) {
      const choose = `const files = new DataTransfer();
        files.items.add(new File(["sent by a browser"], "browser.txt"));
        document.querySelector("input[type=file]").files = files.files;
        document.querySelector("form").submit();`;
      page = readFileSync(projectPath("examples", "rest", "form.html"), "utf8")
        .replace("http://127.0.0.1:8080", url)
        .replace("</body>", `<script>${choose}</script></body>`);
    },
  };
}

let allowed: Awaited<ReturnType<typeof servePage>>;
let stranger: Awaited<ReturnType<typeof servePage>>;

const stage = useStage();

beforeAll(async () => {
  [allowed, stranger] = [await servePage(), await servePage()];
  gateway = await stage.gatewayProcess({ SCANMESH_ORIGINS: allowed.origin });
  for (const page of [allowed, stranger]) page.aim(gateway.url);
  await stage.agentProcess({ env: { SCANMESH_ENGINES: "Yara,FileInfo" } });
  await until("the engines are healthy", async () => {
    const rows = await stage.db.selectFrom("engines").select("name").where("last_healthy_at", "is not", null).execute();
    return rows.length === 2;
  });
  [eicar, clean] = [join(stage.folder, "eicar.com"), join(stage.folder, "ünï; clean.txt")];
  writeFileSync(eicar, EICAR);
  writeFileSync(clean, CLEAN);
});

afterAll(async () => {
  for (const server of pages) server.close();
});

/** The system's Python is the one that has requests from its package. */
const PATH = `/usr/bin:/bin:${process.env["PATH"] ?? ""}`;

async function run(program: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(program, args, { env: { PATH, LC_ALL: "C.UTF-8" } })).stdout;
}

const example = (name: string) => projectPath("examples", "rest", name);

describe("Python's requests", () => {
  it("uploads JSON, polls and reads the verdict", async () => {
    expect(await run("python3", example("scan_json.py"), eicar, gateway.url)).toMatch(/^Yara: \S+$[^]*^verdict: infected$/m);
    expect(await run("python3", example("scan_json.py"), clean, gateway.url)).toMatch(/^verdict: inconclusive$/m);
  });

  it("uploads a form and polls as before /api/v1", async () => {
    expect(await run("python3", example("scan_form.py"), eicar, gateway.url)).toBe("infected by: Yara\n");
    expect(await run("python3", example("scan_form.py"), clean, gateway.url)).toBe("infected by: nobody\n");
  });

  it("opens the CSV with the csv module", async () => {
    await run("python3", example("scan_json.py"), clean, gateway.url);
    const rows = (await run("python3", example("export_csv.py"), "FileInfo", gateway.url)).trim().split("\n");
    expect(rows).toHaveLength((await stored(stage)).scans);
    const cells = rows.map((row) => row.split("\t")).find(([name]) => name === "ünï; clean.txt");
    expect(cells?.[1]).toBe(hash("sha256", CLEAN));
    expect(JSON.parse(cells?.[2] ?? "")).toMatchObject({ name: "FileInfo", plugin_type: 2 });
  });
});

describe("curl and a shell loop", () => {
  it("upload, poll and read the verdict", async () => {
    const id = (await run("sh", example("upload.sh"), eicar, gateway.url)).trim();
    expect(id).toMatch(/^\d+$/);
    expect(await run("sh", example("wait.sh"), id, gateway.url)).toBe("infected\n");
  });

  it("see why an upload is refused", async () => {
    await expect(run("sh", example("wait.sh"), "0", gateway.url)).rejects.toMatchObject({ code: 22 });
  });
});

describe("a browser's form", () => {
  const browse = (url: string) =>
    run(
      HEADLESS ?? "chromium",
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      `--user-data-dir=${join(stage.folder, "chromium")}`,
      "--virtual-time-budget=10000",
      "--dump-dom",
      url,
    );

  it("is taken from an origin that is listed", async () => {
    const before = await stored(stage);
    expect(await browse(allowed.origin)).toContain(hash("sha256", "sent by a browser"));
    expect((await stored(stage)).scans).toBe(before.scans + 1);
  });

  it("is refused from another, and nothing is stored", async () => {
    const before = await stored(stage);
    expect(await browse(stranger.origin)).toContain("pages of this Origin are not allowed");
    expect(await stored(stage)).toEqual(before);
  });
});
