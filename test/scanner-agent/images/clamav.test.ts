import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProgram } from "../../../scanner-agent/processes/programs.js";
import { clamdConf } from "../../../scanner-agent/runners/clamd/config.js";
import { CLAMD_LIMITS } from "../../../scanner-agent/runners/clamd/limits.js";
import { projectPath } from "../../../schema/paths.js";

const image = (name: string) => projectPath("scanner-agent", "images", "clamav", name);
const hasFreshclam = (await findProgram("freshclam", "")) !== undefined;

test("clamd in the image says what it did not look at, and has the limits of the one on a host", async () => {
  const lines = async (text: string) =>
    text
      .split("\n")
      .filter((line) => /^(Alert|Max(?!Threads|Queue)|PCRE|Bytecode|StreamMaxLength|ExitOnOOM)/.test(line))
      .toSorted();
  const host = clamdConf({ folder: "/f", database: "/d", slots: 2, timeoutMs: 60_000, limits: CLAMD_LIMITS, user: undefined });
  expect(await lines(await readFile(image("clamd.conf"), "utf8"))).toEqual(await lines(host));
});

describe.skipIf(!hasFreshclam)("an update of the signatures", () => {
  let folder: string;
  let source: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-signatures-"));
    await chmod(folder, 0o755);
    await mkdir(join(folder, "signatures"));
    source = join(folder, "source.ndb");
    await writeFile(
      join(folder, "freshclam.conf"),
      `DatabaseCustomURL file://${source}\nDatabaseOwner ${userInfo().username}\nPrivateMirror http://127.0.0.1:9\n`,
    );
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const signature = (name: string) => `${name}:0:*:${Buffer.from(name).toString("hex")}\n`;
  const signatures = (...path: string[]) => join(folder, "signatures", ...path);
  const versions = async () => (await readdir(signatures())).filter((name) => name !== "current" && name !== "freshclam.dat");
  const current = () => readlink(signatures("current"));

  async function update(content: string, database = "custom"): Promise<{ code: number; output: string }> {
    await writeFile(source, content);
    const words = [image("update-signatures"), `--config-file=${join(folder, "freshclam.conf")}`, `--update-db=${database}`];
    try {
      const { stdout } = await promisify(execFile)("sh", words, {
        env: { PATH: "/usr/sbin:/usr/bin:/bin", SIGNATURES: signatures() },
      });
      return { code: 0, output: stdout };
    } catch (error) {
      const { code } = error as { code: number };
      return { code, output: String(error) };
    }
  }

  test("fills a folder of its own and never changes one that is in use", async () => {
    expect(await update(signature("FirstOne"))).toMatchObject({
      code: 0,
      output: expect.stringContaining("signatures: 2") as string,
    });
    const first = await current();
    expect(await update(signature("SecondOne"))).toMatchObject({ code: 0 });
    expect(await current()).not.toBe(first);
    expect(await readFile(signatures(first, "source.ndb"), "utf8")).toContain("FirstOne");
    expect(await readFile(signatures("current", "source.ndb"), "utf8")).toContain("SecondOne");
    await update(signature("ThirdOne"));
    expect(await versions()).toHaveLength(2);
    expect(await versions()).not.toContain(first);
  });

  test("that brings nothing new changes nothing", async () => {
    await update(signature("FirstOne"));
    const first = await current();
    expect(await update(signature("FirstOne"))).toMatchObject({
      code: 0,
      output: expect.stringContaining("the signatures are current") as string,
    });
    expect(await current()).toBe(first);
    expect(await versions()).toEqual([first]);
  });

  test("that is broken leaves the present ones and nothing of itself", async () => {
    await update(signature("FirstOne"));
    const first = await current();
    expect((await update("Broken:0:*:zz\n")).code).not.toBe(0);
    expect(await current()).toBe(first);
    expect(await versions()).toEqual([first]);
  });

  test("asks a mirror that has blocked this host once, whatever came before", async () => {
    await update(signature("FirstOne"));
    const first = await current();
    let asked = 0;
    const mirror = createServer((_, answer) => {
      asked += 1;
      answer.writeHead(403).end();
    });
    await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve));
    try {
      const address = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
      await writeFile(
        join(folder, "freshclam.conf"),
        `DatabaseOwner ${userInfo().username}\nPrivateMirror ${address}\nMaxAttempts 1\n`,
      );
      expect((await update("", "daily")).code).not.toBe(0);
      const once = asked;
      expect(once).toBeGreaterThan(0);
      expect(await update("", "daily")).toMatchObject({
        code: 75,
        output: expect.stringContaining("nothing was fetched") as string,
      });
      expect(asked).toBe(once);
      expect(await current()).toBe(first);
      expect(await versions()).toEqual([first]);
    } finally {
      mirror.close();
    }
  });
});
