/** However large a sample is and however it is sent, the gateway takes the same memory for it. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { beforeAll, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { peakMb, residentMb } from "../../stage/resident.js";
import { data, ask } from "../http/http-client.js";
import { json } from "../rest/rest-client.js";

const MIB = 1024 * 1024;
/** `UPLOAD_MIB=1024 npx vitest run test/gateway/routes/upload-memory.test.ts` tries a larger one. */
const FILE_MIB = Number(process.env.UPLOAD_MIB ?? 300);
const BASE64_MIB = 32;
const MOST_MB = 60;

let idleMb: number;

const stage = useStage();
const gateway = prepared(() => stage.gatewayProcess({ SCANMESH_UPLOAD_LIMIT: "2GiB", SCANMESH_ORPHAN_GRACE: "1h" }));
usePuppet(stage, "puppet", [engine("ClamAV")]);

beforeAll(async () => {
  // Idle is what a gateway takes that has answered before.
  for (let i = 0; i < 50; i += 1) {
    const body = json({ sample: randomBytes(10_000).toString("base64") });
    await ask(`${gateway.url}/api/v1/sample`, { method: "POST", body });
  }
  idleMb = residentMb(gateway);
});

interface Sample {
  readonly sha256: string;
  readonly size: number;
}

/** Bytes that nobody has sent before, a MiB at a time. */
function* sampleOf(mebibytes: number, tell: (sample: Sample) => void): Generator<Buffer> {
  const hash = createHash("sha256");
  const block = randomBytes(MIB);
  for (let i = 0; i < mebibytes; i += 1) {
    block.writeUInt32LE(i);
    hash.update(block);
    yield Buffer.from(block);
  }
  tell({ sha256: hash.digest("hex"), size: mebibytes * MIB });
}

/** Sends the pieces as fast as they are taken, without their length; the answer. */
async function send(url: string, method: string, type: string, pieces: Iterable<Buffer | string>): Promise<unknown> {
  const outgoing = request(url, { method, agent: false, headers: { "content-type": type } });
  const answered = once(outgoing, "response");
  for (const piece of pieces) if (!outgoing.write(piece)) await once(outgoing, "drain");
  outgoing.end();
  const [incoming] = (await answered) as [AsyncIterable<Buffer>];
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function* form(sample: Iterable<Buffer>): Generator<Buffer | string> {
  yield '--b\r\nContent-Disposition: form-data; name="file_upload"; filename="large.bin"\r\n\r\n';
  yield* sample;
  yield "\r\n--b--\r\n";
}

/** The sample before or after the name, in lines as MIME writes them; a block of three MiB has no padding. */
function* inJson(sample: Iterable<Buffer>): Generator<string> {
  yield '{"allow_internet":"False","minspeed":3,"sample":"';
  let rest = Buffer.alloc(0);
  for (const block of sample) {
    const bytes = Buffer.concat([rest, block]);
    const whole = bytes.length - (bytes.length % 57);
    yield bytes.subarray(0, whole).toString("base64").replaceAll(/.{76}/g, "$&\\n");
    rest = bytes.subarray(whole);
  }
  yield `${rest.toString("base64")}","sample_name":"large.bin"}`;
}

/** How many MB above idle an upload takes the gateway; it must have arrived as it was sent. */
async function costOf(upload: (tell: (sample: Sample) => void) => Promise<unknown>): Promise<number> {
  let sent: Sample | undefined;
  let answer: unknown;
  const began = Date.now();
  const peak = await peakMb(gateway, async () => void (answer = await upload((sample) => (sent = sample))));
  if (process.env.UPLOAD_MIB !== undefined) {
    const figures = `${(peak - idleMb).toFixed(0)} MB above idle (${idleMb.toFixed(0)} MB), ${Date.now() - began} ms`;
    process.stderr.write(`${expect.getState().currentTestName}: ${figures}\n`);
  }
  expect(JSON.stringify(answer)).toContain(sent?.sha256 ?? "nothing was sent");
  expect(JSON.stringify(answer)).toContain(`"size":${sent?.size}`);
  return peak - idleMb;
}

it(`base64 of ${BASE64_MIB} MiB in JSON`, async () => {
  const cost = await costOf((tell) =>
    send(`${gateway.url}/api/v1/sample`, "POST", "text/plain", inJson(sampleOf(BASE64_MIB, tell))),
  );
  expect(cost).toBeLessThan(MOST_MB);
});

it(`a form with a file of ${FILE_MIB} MiB`, { timeout: 600_000 }, async () => {
  const type = "multipart/form-data; boundary=b";
  const cost = await costOf((tell) => send(`${gateway.url}/api/upload`, "POST", type, form(sampleOf(FILE_MIB, tell))));
  expect(cost).toBeLessThan(MOST_MB);
});

it(`${FILE_MIB} MiB to an upload URL`, { timeout: 600_000 }, async () => {
  const { createUpload } = await data<{ createUpload: { url: string } }>(gateway.url, "mutation { createUpload { url } }");
  const cost = await costOf((tell) => send(createUpload.url, "PUT", "application/octet-stream", sampleOf(FILE_MIB, tell)));
  expect(cost).toBeLessThan(MOST_MB);
});
