/** Hosts join and work over TLS, by an authority that the mesh has made for itself. */

import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer, request as requestHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { connect } from "nats";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { readScan } from "../../../gateway/db/scans.js";
import { connectBus } from "../../../scanner-agent/bus/bus.js";
import { explainConnection } from "../../../scanner-agent/bus/explain-connection.js";
import { natsAuthority, readIdentity } from "../../../scanner-agent/join/identity.js";
import { renewIdentity } from "../../../scanner-agent/join/renew.js";
import { parseJoinToken } from "../../../schema/join-token.js";
import { takesReloadRequests } from "../../../standalone/nats.js";
import { makeCertificates } from "../../../standalone/certificates.js";
import { certificateOfNats } from "../../stage/certificate-of-nats.js";
import { forward } from "../../stage/forward.js";
import { recordingProxy } from "../../stage/recording-proxy.js";
import { TLS_NAMES, until, type Part } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { useBrowser } from "../dashboard/browser.js";
import { base64, submit } from "../scan/submitting.js";
import { codeOf, joinHost, newHost, newToken } from "./host.js";

const stage = useStage({ tls: true });
const gateway = prepared(() => stage.gateway());
const open = useBrowser();
const secure = () => `https://127.0.0.1:${gateway.httpsPort()}`;
const file = (name: string) => join(stage.folder, "tls", name);
const authority = () => readFileSync(file("ca.pem"), "utf8");

/** An agent that joins by a token in a file, and knows of the mesh what the token and the answer say. */
async function startAgent(id: string, token: string): Promise<Part> {
  const tokenFile = join(stage.folder, `${id}-token`);
  writeFileSync(tokenFile, token);
  const identity = { SCANMESH_IDENTITY: join(stage.folder, `${id}-identities`), SCANMESH_JOIN_TOKEN_FILE: tokenFile };
  return stage.agentProcess({ id, env: { ...identity, NATS_URL: "", SCANMESH_NATS_CREDS: "", SCANMESH_ENGINES: "FileInfo" } });
}

async function scan(url: string, text: string): Promise<void> {
  // While a connection to NATS is made anew, callers are told to come again.
  const made = await until("it is accepted", async () => (await submit(url, { base64: base64(text) })).scan);
  await until("the scan is final", async () => (await readScan(stage.db, made.scanId))?.endDate instanceof Date);
  expect((await readScan(stage.db, made.scanId))?.results).toMatchObject([{ engine: "FileInfo", state: "DONE" }]);
}

const expected = () =>
  until("its engine is expected", async () => {
    const engines = stage.db.selectFrom("engines").select("last_healthy_at").where("name", "=", "FileInfo");
    return (await engines.executeTakeFirst())?.last_healthy_at;
  });

/** A server with a certificate of another authority, which answers what it is told and hands all else to the gateway. */
async function impostor(answers: (path: string) => string | undefined = () => undefined): Promise<string> {
  const other = await makeCertificates(join(stage.folder, "other-tls"), ["127.0.0.1"]);
  const pair = { cert: readFileSync(other.cert), key: readFileSync(other.key) };
  const server = createHttpsServer(pair, (request, response) => {
    const text = answers(request.url ?? "");
    if (text !== undefined) return void response.end(text);
    forward(request, response, { to: secure(), ca: authority() });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("a proxy between host and mesh sees no byte of a sample and no secret", async () => {
  const bus = await recordingProxy(Number(new URL(stage.nats().url).port));
  const behind = await stage.gateway({ SCANMESH_AGENT_NATS_URL: `tls://127.0.0.1:${bus.port}` });
  const http = await recordingProxy(behind.httpsPort() ?? 0);
  const token = await newToken(gateway, { gateway: `https://127.0.0.1:${http.port}` });
  const agent = await startAgent("far", token);
  await expected();
  const marker = "a text that nobody else may read ".repeat(40);
  await scan(behind.url, marker);
  await agent.kill();
  const { secret } = parseJoinToken(token);
  for (const { recorded } of [http, bus]) {
    expect(recorded().length).toBeGreaterThan(2_000);
    for (const hidden of [
      marker.slice(0, 33),
      token,
      secret.toString("latin1"),
      "FileInfo",
      "POST /join",
      "eyJ0eXAi",
      "agent far",
    ])
      expect(recorded()).not.toContain(hidden);
  }
  // In the clear NATS says who it is, and nothing of anybody else.
  expect(bus.recorded()).toMatch(/INFO \{.*"tls_required":true/);
});

it("who answers with the certificate of another authority is refused, whatever authority it names", async () => {
  const other = await makeCertificates(join(stage.folder, "other-tls"), ["127.0.0.1"]);
  const named = JSON.stringify({ v: 1, authority: readFileSync(other.ca, "utf8") });
  const impostors = [await impostor(), await impostor((path) => (path === "/join/authority" ? named : undefined))];
  for (const url of impostors)
    expect(await codeOf(joinHost(newHost(stage), await newToken(gateway, { gateway: url })))).toBe("AUTHORITY_UNKNOWN");

  const joined = await joinHost(newHost(stage, { SCANMESH_AGENT_ID: "kept" }), await newToken(gateway, { gateway: secure() }));
  expect(joined).toMatchObject({ authority: authority(), servers: [stage.nats().url] });
  await renewIdentity(joined, secure());
  for (const url of impostors) expect(await codeOf(renewIdentity(joined, url))).toBe("AUTHORITY_UNKNOWN");

  const said: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void said.push(line) });
  const stop = new AbortController();
  const { servers, credsFile, internet, agent } = joined;
  const ours = natsAuthority({ natsCaFile: undefined, joined });
  const options = { servers: () => servers, credsFile, internet, agent, purpose: "work", log, signal: stop.signal };
  await (await connectBus({ ...options, authority: ours })).close();
  const refused = [other.ca, undefined].map((ca) => connectBus({ ...options, authority: () => ca && readFileSync(ca, "utf8") }));
  await until(
    "NATS is not believed",
    () => said.filter((line) => line.includes("of no authority that this host knows")).length === 2,
  );
  stop.abort();
  expect((await Promise.allSettled(refused)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

it("a name that is missing from the certificate is told from another authority, for the gateway and for NATS", async () => {
  const named = (url: string) => url.replace("127.0.0.1", "localhost");
  const host = newHost(stage);
  expect(await codeOf(joinHost(host, await newToken(gateway, { gateway: named(secure()) })))).toBe("ADDRESS_NOT_CERTIFIED");
  const reason = await connect({ servers: named(stage.nats().url), tls: { ca: authority() }, reconnect: false }).then(
    () => "",
    (error: unknown) => explainConnection(error, { servers: [named(stage.nats().url)], credsFile: undefined }),
  );
  expect(reason).toMatch(/not for tls:\/\/localhost:.*SCANMESH_TLS_NAMES/);
});

it("HTTP where TLS is spoken and TLS where HTTP is spoken have a sentence each", async () => {
  const ask = async (url: string) => codeOf(joinHost(newHost(stage), await newToken(gateway, { gateway: url })));
  expect(await ask(secure().replace("https:", "http:"))).toBe("PLAIN_HTTP");
  expect(await ask(gateway.url.replace("http:", "https:"))).toBe("NO_TLS");
});

it("the API answers over HTTPS as over HTTP", async () => {
  const ca = authority();
  const body = JSON.stringify({ query: "mutation { createUpload { url } }" });
  const answer = await new Promise<string>((resolve, reject) => {
    const sent = requestHttps(`${secure()}/graphql`, { method: "POST", ca, headers: { "content-type": "application/json" } });
    sent.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve(text));
    });
    sent.once("error", reject);
    sent.end(body);
  });
  expect(answer).toContain(`"url":"${secure()}/upload/`);
  const socket = new WebSocket(`${secure().replace("https:", "wss:")}/graphql`, "graphql-transport-ws", { ca });
  const acknowledged = new Promise<string>((resolve, reject) => {
    socket.once("message", (data: Buffer) => resolve(data.toString()));
    socket.once("error", reject);
  });
  socket.once("open", () => socket.send(JSON.stringify({ type: "connection_init" })));
  expect(await acknowledged).toContain("connection_ack");
  socket.terminate();
});

it("of what a gateway answers to a renewal, nothing is believed that it has not signed", async () => {
  const joined = await joinHost(newHost(stage, { SCANMESH_AGENT_ID: "renewed" }), await newToken(gateway));
  const kept = () => readIdentity(joined.folder);
  let change: (answer: Record<string, unknown>) => unknown = (answer) => answer;
  const between = createHttpServer((asked, answered) => {
    const take = (answer: IncomingMessage) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.once("end", () => answered.end(JSON.stringify(change(JSON.parse(text) as Record<string, unknown>))));
    };
    forward(asked, answered, { to: gateway.url, take });
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void between.close());
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  const away = { servers: ["nats://evil.example.org"], class: "internet", authority: "another" };
  for (const name of Object.keys(away) as (keyof typeof away)[]) {
    change = (answer) => ({ ...answer, [name]: away[name] });
    expect([name, await codeOf(renewIdentity(joined, url))]).toEqual([name, "GATEWAY_UNPROVEN"]);
  }
  let signed = {};
  change = (answer) => (signed = answer);
  await renewIdentity(joined, url);
  change = () => signed;
  expect(await codeOf(renewIdentity(joined, url))).toBe("GATEWAY_UNPROVEN");
  // As gateways answer that cannot sign: the user is taken, and all else stays.
  change = (answer) => ({ ...answer, ...away, signature: undefined });
  await renewIdentity(joined, url);
  expect(await kept()).toMatchObject({ servers: joined.servers, internet: joined.internet, authority: joined.authority });
});

it("a certificate is replaced while scans run, and nothing is lost or started again", async () => {
  const agent = await startAgent("working", await newToken(gateway, { gateway: secure() }));
  await expected();
  let rotated = false;
  const working = (async () => {
    for (let i = 0; !rotated; i += 1) await scan(gateway.url, `while it is replaced ${i}`);
  })();
  await makeCertificates(join(stage.folder, "tls"), [...TLS_NAMES, "new.example.org"]);
  // Newer servers read it when the gateway, which sees the new one, asks them to.
  if (!takesReloadRequests(stage.nats().version)) stage.nats().reload();
  const namesOfGateway = () =>
    new Promise<string | undefined>((resolve, reject) => {
      const socket = connectTls({ host: "127.0.0.1", port: gateway.httpsPort() ?? 0, ca: authority() }, () => {
        resolve(socket.getPeerX509Certificate()?.subjectAltName);
        socket.destroy();
      });
      socket.once("error", reject);
    });
  await until("NATS shows it", async () => (await certificateOfNats(stage.nats().url, authority())).includes("new.example.org"));
  await until("the gateway shows it", async () => (await namesOfGateway())?.includes("new.example.org"));
  rotated = true;
  await working;
  await stage.restartNats("SIGKILL");
  await scan(gateway.url, "after NATS was started again");
  expect(agent.process.exitCode).toBeNull();
  expect(new X509Certificate(readFileSync(file("server.pem"))).subjectAltName).toContain("new.example.org");
});

it("the dashboard scans over HTTPS and hears of it over an encrypted socket", async () => {
  await startAgent("shown", await newToken(gateway, { gateway: secure() }));
  await expected();
  const sockets: string[] = [];
  // Chromium takes no authority by its options; that the certificate is right other clients have seen.
  const { page, faults } = await open(secure(), "/", {
    ignoreHTTPSErrors: true,
    before: async (opening) => opening.on("websocket", (socket) => void sockets.push(socket.url())),
  });
  const file = { name: "encrypted.txt", mimeType: "", buffer: Buffer.from("over HTTPS") };
  await page.locator("input[type=file]").first().setInputFiles(file);
  await page.getByRole("heading", { name: "encrypted.txt" }).waitFor();
  const scanId = Number(/#\/scan\/(\d+)$/.exec(page.url())?.[1]);
  await until("the scan is final", async () => (await readScan(stage.db, scanId))?.endDate instanceof Date);
  await page.getByText("Inconclusive").first().waitFor();
  expect({ sockets: new Set(sockets), faults }).toEqual({
    sockets: new Set([`${secure().replace("https:", "wss:")}/graphql`]),
    faults: [],
  });
});
