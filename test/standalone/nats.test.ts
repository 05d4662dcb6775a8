import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { connect, credsAuthenticator } from "nats";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeKeys } from "../../standalone/keys.js";
import { findNats, isOlder, natsRoom, startNats, takesReloadRequests } from "../../standalone/nats.js";
import { temporaryFolder } from "./temporary-folder.js";

async function fakeNats(version: string): Promise<void> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "nats-server"), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"] ?? ""}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

test.each([
  ["nats-server: v2.9.9", /is version 2\.9\.9; at least 2\.9\.10 is needed/],
  ["nats-server: latest", /does not tell its version/],
])("a server that says %j is refused", async (said, sentence) => {
  await fakeNats(said);
  await expect(findNats()).rejects.toThrow(sentence);
});

test("versions are compared by number", () => {
  expect(isOlder("2.9.10", "2.9.10")).toBe(false);
  expect(isOlder("2.10.0", "2.9.10")).toBe(false);
  expect(isOlder("1.99.99", "2.9.10")).toBe(true);
  expect(["2.9.25", "2.10.0", "2.12.1"].map(takesReloadRequests)).toEqual([false, true, true]);
});

test("streams and their messages are there again at the next start, at the same address", async () => {
  const dir = await temporaryFolder();
  const options = { dir: join(dir, "nats"), keys: await makeKeys(join(dir, "keys")) };
  const authenticator = credsAuthenticator(await readFile(options.keys.creds.gateway.isolated));
  const first = await startNats(options);
  onTestFinished(() => first.stop());
  const before = await connect({ servers: first.url, authenticator });
  await (await before.jetstreamManager()).streams.add({ name: "SAMPLES", subjects: ["sample.>"] });
  await before.jetstream().publish("sample.0190.0", "bytes");
  await before.close();
  await first.stop();

  const second = await startNats(options);
  onTestFinished(() => second.stop());
  expect(second.url).toBe(first.url);
  const after = await connect({ servers: second.url, authenticator });
  onTestFinished(() => after.close());
  expect((await (await after.jetstreamManager()).streams.info("SAMPLES")).state.messages).toBe(1);
});

test("a disk that has become full does not take streams away that have reserved their room", async () => {
  const dir = await temporaryFolder();
  const options = { dir: join(dir, "nats"), keys: await makeKeys(join(dir, "keys")) };
  const authenticator = credsAuthenticator(await readFile(options.keys.creds.gateway.isolated));
  const first = await startNats(options);
  onTestFinished(() => first.stop());
  await first.stop();
  // As if there had been a thousand times the room at the first start.
  const reservable = (await natsRoom(options.dir)).reservable * 1_000;
  await writeFile(join(options.dir, "room"), String(reservable * 2));

  const second = await startNats(options);
  onTestFinished(() => second.stop());
  expect((await natsRoom(options.dir)).reservable).toBe(reservable);
  const connection = await connect({ servers: second.url, authenticator });
  onTestFinished(() => connection.close());
  const { streams } = await connection.jetstreamManager();
  await streams.add({ name: "SCANS", subjects: ["scan.>"], max_bytes: reservable });
  await second.stop();

  const third = await startNats(options);
  onTestFinished(() => third.stop());
  const again = await connect({ servers: third.url, authenticator });
  onTestFinished(() => again.close());
  expect((await (await again.jetstreamManager()).streams.info("SCANS")).config.max_bytes).toBe(reservable);
});
