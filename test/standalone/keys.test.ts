import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decode, encodeAccount, encodeOperator, type Account as AccountClaims, type Operator } from "@nats-io/jwt";
import { connect, credsAuthenticator, Empty, type NatsConnection } from "nats";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { classExports } from "../../schema/agent-account.js";
import { makeKeys, signUser, type Keys } from "../../standalone/keys.js";
import { startNats, type Nats } from "../../standalone/nats.js";
import { temporaryFolder } from "./temporary-folder.js";

const CLAIMS_UPDATE = "$SYS.REQ.CLAIMS.UPDATE";

describe("making keys", () => {
  test("keys that exist are never replaced", async () => {
    const dir = await temporaryFolder();
    await makeKeys(dir);
    const first = await contents(dir);
    await makeKeys(dir);
    expect(await contents(dir)).toEqual(first);
  });

  test("makers at the same time agree on one set", async () => {
    const dir = await temporaryFolder();
    const sets = await Promise.all([makeKeys(dir), makeKeys(dir), makeKeys(dir)]);
    expect(new Set(sets.map((keys) => JSON.stringify(keys))).size).toBe(1);
    expect((await readdir(dir)).filter((file) => !/\.(nk|jwt|creds|pem)$/.test(file))).toEqual([]);
  });

  test("only their owner can read them", async () => {
    const dir = await temporaryFolder();
    await makeKeys(dir);
    for (const file of await readdir(dir)) expect((await stat(join(dir, file))).mode & 0o077).toBe(0);
  });

  test("an agent's credentials of another version get this version's permissions and keep their key", async () => {
    const dir = await temporaryFolder();
    const keys = await makeKeys(dir);
    const right = await readFile(keys.creds.agent.isolated, "utf8");
    await writeFile(
      keys.creds.agent.isolated,
      await signUser(keys.accounts.isolated, "agent-isolated", { pub: { allow: ["old"] } }),
    );
    const seedOf = (creds: string) => /^SU[A-Z2-7]+$/m.exec(creds)?.[0];
    const old = await readFile(keys.creds.agent.isolated, "utf8");
    await makeKeys(dir);
    const renewed = await readFile(keys.creds.agent.isolated, "utf8");
    expect(seedOf(renewed)).toBe(seedOf(old));
    expect(permissions(renewed)).toEqual(permissions(right));
  });

  test("what an earlier version has signed for the operator and a class is signed anew, by the same keys", async () => {
    const dir = await temporaryFolder();
    const keys = await makeKeys(dir);
    const { isolated } = keys.accounts;
    const seed = await readFile(keys.operator.seedFile, "utf8");
    await writeFile(join(dir, "operator.jwt"), await encodeOperator("scanmesh", seed, { system_account: keys.system.publicKey }));
    await writeFile(join(dir, "isolated.jwt"), await encodeAccount(isolated.name, isolated.publicKey, {}, { signer: seed }));
    const renewed = await makeKeys(dir);
    const claims = (of: Keys) => [of.operator.jwt, of.accounts.isolated.jwt].map((jwt) => [decode(jwt).sub, decode(jwt).nats]);
    expect(claims(renewed)).toEqual(claims(keys));
    expect(decode<Operator>(renewed.operator.jwt).nats.signing_keys).toHaveLength(1);
    expect(decode<AccountClaims>(renewed.accounts.isolated.jwt).nats.exports).toHaveLength(classExports().length);
  });

  test("credentials of another account are refused", async () => {
    const [dir, other] = [await temporaryFolder(), await temporaryFolder()];
    const keys = await makeKeys(dir);
    await writeFile(keys.creds.gateway.internet, await readFile((await makeKeys(other)).creds.gateway.internet));
    await expect(makeKeys(dir)).rejects.toThrow(/not of one set/);
  });
});

describe("on a real nats-server", () => {
  let keys: Keys;
  let nats: Nats;
  let dir: string;

  beforeEach(async () => {
    dir = join(await temporaryFolder(), "nats");
    keys = await makeKeys(join(dir, "keys"));
    nats = await startNats({ dir, keys });
    onTestFinished(() => nats.stop());
  });

  const as = async (creds: string, inboxPrefix = "_INBOX"): Promise<NatsConnection> => {
    const connection = await connect({
      servers: nats.url,
      authenticator: credsAuthenticator(await readFile(creds)),
      inboxPrefix,
      reconnect: false,
    });
    onTestFinished(() => connection.close());
    return connection;
  };

  test("nobody connects without credentials", async () => {
    await expect(connect({ servers: nats.url })).rejects.toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
  });

  test("a gateway has JetStream in both accounts, and neither sees the other's streams", async () => {
    const isolated = await (await as(keys.creds.gateway.isolated)).jetstreamManager();
    const internet = await (await as(keys.creds.gateway.internet)).jetstreamManager();
    await isolated.streams.add({ name: "SAMPLES", subjects: ["sample.>"] });
    expect((await internet.streams.list().next()).map((stream) => stream.config.name)).toEqual([]);
  });

  test("a message of one account does not reach the other", async () => {
    const isolated = await as(keys.creds.gateway.isolated);
    const internet = await as(keys.creds.gateway.internet);
    const seen: string[] = [];
    internet.subscribe(">", { callback: (_error, message) => void seen.push(message.subject) });
    await internet.flush();
    isolated.publish("result.yara", "secret");
    await isolated.flush();
    internet.publish("marker");
    await expect.poll(() => seen).toEqual(["marker"]);
  });

  test("an agent publishes to its verbs and to nothing else", async () => {
    const agent = await as(keys.creds.agent.isolated, "_INBOX.one");
    const refused = refusals(agent);
    const allowed = ["result.yara", "$JS.API.CONSUMER.MSG.NEXT.SCANS.yara", "$JS.ACK.SCANS.yara.1.1.1.1.0", "$KV.AGENTS.one"];
    const reads = ["$JS.API.DIRECT.GET.SAMPLES.sample.0190.0", "$JS.ACK.hub.ACC.SCANS.yara.1.1.1.1.0"];
    const forbidden = [
      "scan.ultra.isolated",
      "sample.0190.0",
      "live.scan",
      "$JS.API.STREAM.DELETE.SCANS",
      "$JS.API.CONSUMER.CREATE.SCANS",
    ];
    for (const subject of [...allowed, ...reads, ...forbidden]) agent.publish(subject, Empty);
    await agent.flush();
    await expect.poll(() => refused.length).toBe(forbidden.length);
    expect(refused.toSorted()).toEqual(forbidden.toSorted());
  });

  test("an agent hears its inbox and its control subject and nothing else", async () => {
    const agent = await as(keys.creds.agent.isolated, "_INBOX.one");
    const refused = refusals(agent);
    const forbidden = ["result.*", "scan.>", "sample.>", ">", "live.scan", "$JS.API.>"];
    for (const subject of ["_INBOX.one.>", "control.agent.one", ...forbidden])
      agent.subscribe(subject, { callback: () => undefined });
    await agent.flush();
    await expect.poll(() => refused.length).toBe(forbidden.length);
    expect(refused.toSorted()).toEqual(forbidden.toSorted());
  });

  test("an account's claims are changed while the server runs, and it remembers them", async () => {
    const operatorSeed = await readFile(keys.operator.seedFile, "utf8");
    const { publicKey, jwt, name } = keys.accounts.isolated;
    const { iat, nats: claims } = decode<AccountClaims>(jwt);
    // The server keeps the newer of two claims, by the second.
    await expect.poll(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(iat);
    const changed = await encodeAccount(
      name,
      publicKey,
      { ...claims, limits: { ...claims.limits, conn: 0 } },
      { signer: operatorSeed },
    );
    const system = await as(keys.creds.system);
    expect((await system.request(CLAIMS_UPDATE, changed)).json()).toMatchObject({ data: { code: 200, account: publicKey } });
    await expect(as(keys.creds.gateway.isolated)).rejects.toThrow();
    await as(keys.creds.gateway.internet);

    await nats.stop();
    nats = await startNats({ dir, keys });
    await expect(as(keys.creds.gateway.isolated)).rejects.toThrow();
    await as(keys.creds.gateway.internet);
  });
});

/** Subjects that the server refuses to the connection from now on. */
function refusals(connection: NatsConnection): string[] {
  const refused: string[] = [];
  void (async () => {
    for await (const { permissionContext } of connection.status()) if (permissionContext) refused.push(permissionContext.subject);
  })();
  return refused;
}

function permissions(creds: string): unknown {
  const jwt = creds.split("\n")[1] ?? "";
  return decode<{ pub: unknown; sub: unknown }>(jwt).nats;
}

async function contents(dir: string): Promise<Record<string, string>> {
  const files = await readdir(dir);
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(join(dir, file), "utf8")] as const)),
  );
}
