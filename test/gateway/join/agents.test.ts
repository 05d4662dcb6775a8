/** Agents as processes, with keys of their own: they work, renew, are revoked, and are not copied. */

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { revokeAgent } from "../../../gateway/join/agent-keys.js";
import { parseJoinToken } from "../../../schema/join-token.js";
import { makeCertificates } from "../../../standalone/certificates.js";
import { forward } from "../../stage/forward.js";
import { TESTER, until, type Part } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { newToken } from "./host.js";

const stage = useStage();
/** Agents renew every two seconds, and NATS lets each user in for three. */
const gateway = prepared(() => stage.gateway({ SCANMESH_AGENT_TTL: "3s" }));

/** An agent that joins by a token in a file; its identity is in a folder of that name. */
async function startAgent(
  id: string,
  identities = `${id}-identities`,
  more: Record<string, string> = {},
  token?: string,
): Promise<Part> {
  const tokenFile = join(stage.folder, `${id}-token`);
  writeFileSync(tokenFile, token ?? (await newToken(gateway)));
  const env = {
    SCANMESH_NATS_CREDS: "",
    SCANMESH_IDENTITY: join(stage.folder, identities),
    SCANMESH_JOIN_TOKEN_FILE: tokenFile,
    SCANMESH_ENGINES: "FileInfo",
    SCANMESH_SPOOL: join(stage.folder, `${identities}-spool`),
    ...more,
  };
  return stage.agentProcess({ id, env });
}

const statusOf = ({ process }: Part) =>
  until("the agent has ended", () => process.exitCode !== null).then(() => process.exitCode);
const keyOf = (agent: string) =>
  stage.db.selectFrom("agent_keys").selectAll().where("agent", "=", agent).executeTakeFirstOrThrow();

it("an agent with a key of its own loses no work while NATS lets it out and in again, until it is revoked", async () => {
  // Nobody waits for a new engine once its agent has missed three heartbeats, which a busy machine may do.
  const agent = await startAgent("worker", undefined, { SCANMESH_HEARTBEAT: "10s", NATS_URL: "", LOG_LEVEL: "info" });
  const { renewed_at: joinedAt } = await keyOf("worker");
  const renewals = async () => (await keyOf("worker")).renewed_at.getTime() - joinedAt.getTime();
  await until("its engine is expected", async () => {
    const engines = stage.db.selectFrom("engines").select("last_healthy_at").where("name", "=", "FileInfo");
    return (await engines.executeTakeFirst())?.last_healthy_at;
  });
  const scans: number[] = [];
  await until("it has outlived its first user", async () => {
    scans.push((await submit(gateway.url, { base64: base64(`work ${scans.length}`) })).scan.scanId);
    await until("the scan is final", async () => (await readScan(stage.db, scans.at(-1) ?? 0))?.endDate instanceof Date);
    return (await renewals()) > 3_500;
  });
  for (const id of scans) expect((await readScan(stage.db, id))?.results).toMatchObject([{ engine: "FileInfo", state: "DONE" }]);

  // It renews at the gateway that the token names, and that one says where NATS is now.
  const moved = stage.nats().url.replace("127.0.0.1", "localhost");
  const other = await stage.gateway({ SCANMESH_AGENT_TTL: "3s", SCANMESH_AGENT_NATS_URL: moved });
  writeFileSync(join(stage.folder, "worker-token"), await newToken(other));
  const connections = () => agent.log().split(`Connected to NATS at ${new URL(moved).host}`).length - 1;
  await until("it has gone there with both connections", () => connections() === 2);
  const { scanId: last } = (await submit(gateway.url, { base64: base64("work at another address") })).scan;
  await until("the scan is final", async () => (await readScan(stage.db, last))?.endDate instanceof Date);
  expect((await readScan(stage.db, last))?.results).toMatchObject([{ engine: "FileInfo", state: "DONE" }]);

  await revokeAgent(gateway.context, TESTER, "worker");
  expect(await statusOf(agent)).toBe(2);
  expect(agent.log()).toContain("This agent was revoked");
});

it("the copy of an agent's folder is refused and reported, and the agent goes on", async () => {
  const agent = await startAgent("original");
  cpSync(join(stage.folder, "original-identities"), join(stage.folder, "copied"), { recursive: true });
  // It may be told before it is ready, or after.
  const refused = await startAgent("original", "copied").then(
    async (copy) => `${await statusOf(copy)}: ${copy.log()}`,
    (error: unknown) => `2: ${String(error)}`,
  );
  expect(refused).toMatch(/^2: [^]*Another agent runs with this key/);
  await until("the copy is reported", async () => (await keyOf("original")).cloned_at !== null);
  expect(gateway.context.fleet.agents().map(({ agent: name }) => name)).toContain("original");
  expect(agent.process.exitCode).toBeNull();
});

it("a proxy that ends TLS between a host and the mesh learns no secret, and the agent joins, works and renews through it", async () => {
  const certificate = await makeCertificates(join(stage.folder, "proxy-tls"), ["127.0.0.1"]);
  const pair = { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) };
  let seen = "";
  const proxy = createServer(pair, (asked, answered) => {
    const see = (data: Buffer) => (seen += data.toString("latin1"));
    seen += `${asked.method} ${asked.url}\n`;
    asked.on("data", see);
    const take = (answer: IncomingMessage) => {
      answered.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.on("data", see).pipe(answered);
    };
    forward(asked, answered, { to: gateway.url, take });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const address = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

  const token = await newToken(gateway, { gateway: address });
  const agent = await startAgent("proxied", undefined, { NODE_EXTRA_CA_CERTS: certificate.ca }, token);
  await until("it has joined", () => gateway.context.fleet.agents().some(({ agent: name }) => name === "proxied"));
  await until("it has renewed", () => seen.includes("POST /join/renew"));
  const { secret } = parseJoinToken(token);
  const seed = readFileSync(join(stage.folder, "proxied-identities", "proxied", "agent.nk"), "utf8").trim();
  for (const hidden of [token, secret.toString("base64url"), secret.toString("hex"), secret.toString("latin1"), seed])
    expect(seen).not.toContain(hidden);
  expect(agent.process.exitCode).toBeNull();
});
