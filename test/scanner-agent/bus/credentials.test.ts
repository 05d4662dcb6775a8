import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectBus } from "../../../scanner-agent/bus/bus.js";
import type { BusOptions } from "../../../scanner-agent/bus/connection.js";
import { authenticateByFile, checkCredentials } from "../../../scanner-agent/bus/credentials.js";
import { makeKeys, signUser, type Keys } from "../../../standalone/keys.js";
import { startNats, type Nats } from "../../../standalone/nats.js";
import { until } from "../../stage/stage.js";

let folder: string;
let keys: Keys;
let nats: Nats;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-credentials-"));
  keys = await makeKeys(join(folder, "keys"));
  nats = await startNats({ dir: join(folder, "nats"), keys });
});
afterAll(async () => {
  await nats.stop();
  await rm(folder, { recursive: true });
});

const lines: string[] = [];
const log = pino({ base: null, level: "info" }, { write: (line: string) => void lines.push(line) });

function busTo(options: Partial<BusOptions>) {
  const { signal } = options.signal === undefined ? new AbortController() : { signal: options.signal };
  return connectBus({
    servers: () => [nats.url],
    credsFile: keys.creds.agent.isolated,
    internet: "isolated",
    agent: "test",
    purpose: "work",
    log,
    ...options,
    signal,
  });
}

test("says when it is connected", async () => {
  await (await busTo({})).close();
  expect(lines.join("")).toContain(`Connected to NATS at ${new URL(nats.url).host}`);
});

test.each([
  ["nats://127.0.0.1:1", "nothing listens at nats://127.0.0.1:1"],
  ["nats://no-such-host.invalid:4222", "the host in NATS_URL (nats://no-such-host.invalid:4222) is not known"],
])("an address that leads nowhere (%s) is said, and tried again", async (server, sentence) => {
  const stop = new AbortController();
  lines.splice(0);
  const connecting = busTo({ servers: () => [server], signal: stop.signal });
  while (!lines.join("").includes(sentence)) await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  await expect(connecting).rejects.toThrow("aborted");
});

test("credentials of another mesh, and none where they are needed, are refused with a sentence", async () => {
  const others = await makeKeys(join(folder, "others"));
  await expect(busTo({ credsFile: others.creds.agent.isolated })).rejects.toThrow(
    "they were revoked, or are those of another mesh",
  );
  await expect(busTo({ credsFile: undefined })).rejects.toThrow("set SCANMESH_NATS_CREDS to the agent's file");
});

test("a file that is missing, none, or of the other class is refused with a sentence", async () => {
  const nonsense = join(folder, "nonsense");
  await writeFile(nonsense, "nonsense");
  expect(() => checkCredentials(join(folder, "missing"), "isolated")).toThrow("there is no such file");
  expect(() => checkCredentials(nonsense, "isolated")).toThrow("is no credentials file of NATS");
  expect(() => checkCredentials(keys.creds.agent.internet, "isolated")).toThrow(
    "is for agents of the class internet (agent-internet), and SCANMESH_CLASS is isolated",
  );
});

test("a file that was replaced is read at the next connection, a broken one is not", async () => {
  const file = join(folder, "rotated.creds");
  const [first, second] = [await signUser(keys.accounts.isolated, "a", {}), await signUser(keys.accounts.isolated, "b", {})];
  const jwt = (text: string) => /JWT-----\s*(\S+)/.exec(text)?.[1];
  await writeFile(file, first);
  const authenticate = authenticateByFile(file);
  expect(authenticate("nonce")).toMatchObject({ jwt: jwt(first) });
  await writeFile(file, second);
  expect(authenticate("nonce")).toMatchObject({ jwt: jwt(second) });
  await writeFile(file, first.slice(0, 300));
  expect(authenticate("nonce")).toMatchObject({ jwt: jwt(second) });
  await rm(file);
  expect(authenticate("nonce")).toMatchObject({ jwt: jwt(second) });
});

test("where NATS has other addresses the bus goes on there, with all that listens, and nothing ends", async () => {
  const credsFile = join(folder, "moved.creds");
  const creds = await readFile(keys.creds.gateway.isolated);
  await writeFile(credsFile, creds);
  let servers = ["nats://127.0.0.1:1"];
  lines.splice(0);
  const away: string[] = [];
  // Also before there is a connection at all.
  const connecting = busTo({
    credsFile,
    servers: () => servers,
    onAway: () => void away.push(servers.join()),
  });
  await until("it is told", async () => away.length > 0);
  servers = [nats.url];
  const bus = await connecting;
  const [heard, ended]: [string[], unknown[]] = [[], []];
  void bus.closed.then((reason) => ended.push(reason));
  let reconnected = 0;
  bus.onReconnect(() => (reconnected += 1));
  const inbox = bus.inbox(({ data }) => void heard.push(new TextDecoder().decode(data)));
  servers = [nats.url.replace("127.0.0.1", "localhost")];
  await until("it is connected there", async () => reconnected === 1);
  expect(lines.join("")).toContain(`Connected to NATS at ${new URL(servers[0] ?? "").host}`);
  await until("it is heard there", async () => {
    bus.publish(`${inbox.subject}.1`, "there");
    await bus.flush(5_000);
    return heard.includes("there");
  });
  expect(ended).toEqual([]);
  expect(lines.filter((line) => line.includes("has ended"))).toEqual([]);

  // Where it is not let in, it is tried until it is.
  await writeFile(credsFile, "nonsense");
  servers = [nats.url];
  await until("it is refused", async () => lines.join("").includes("the connection before stays"));
  await writeFile(credsFile, creds);
  await until("it is let in", async () => reconnected === 2);
  // An address that leads nowhere ends nothing either.
  servers = ["nats://127.0.0.1:1"];
  await until("it is tried", async () => lines.filter((line) => line.includes("Cannot reach NATS")).length > 1);
  bus.publish(`${inbox.subject}.1`, "still");
  await until("it is heard still", async () => heard.includes("still"));
  await bus.close();
  await bus.closed;
  expect(ended).toEqual([undefined]);
});
