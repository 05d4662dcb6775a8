/** Requests that are malformed or hostile, each made from a seed and its number. */

import type { GraphQLSchema } from "graphql";
import { hostileOperation } from "./hostile-operations.js";
import { diceOf, mutated, mutatedBytes, nastyText, nastyValue, wellFormed, type Dice } from "./hostile-values.js";

export type Hostile =
  | {
      readonly kind: "http";
      readonly method: string;
      readonly path: string;
      readonly headers: Record<string, string>;
      readonly body?: Buffer;
    }
  /** An event stream that is left after its first event. */
  | {
      readonly kind: "sse";
      readonly method: string;
      readonly path: string;
      readonly headers: Record<string, string>;
      readonly body?: Buffer;
    }
  /** Bytes instead of a request. */
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  /** Messages, or bytes instead of frames, on a connection of the WebSocket. */
  | {
      readonly kind: "socket";
      readonly init: boolean;
      readonly messages: readonly (string | Buffer)[];
      readonly frames?: Buffer;
    };

const JSON_TYPE = "application/json";
const METHODS = ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"] as const;
const TYPES = [
  "",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  "multipart/form-data; boundary=b",
  "application/json; charset=utf-16",
  "application/graphql",
  "application/json, application/json",
  "x".repeat(300),
];
const HEADERS: readonly (readonly [string, string])[] = [
  ["host", "evil.example"],
  ["host", ""],
  ["origin", "null"],
  ["origin", "http://evil.example"],
  ["accept", "text/event-stream"],
  ["accept", "multipart/mixed; deferSpec=20220824"],
  ["accept", "x".repeat(1_000)],
  ["accept-encoding", "gzip;q=x"],
  ["content-encoding", "gzip"],
  ["x-request-id", "a b\tc"],
  ["authorization", "Bearer sm_x_y"],
  ["x-api-key", "'; drop table api_keys; --"],
  ["idempotency-key", "k".repeat(500)],
  ["if-none-match", "*"],
  ["range", "bytes=0-1,5-"],
  ["apollo-require-preflight", "1"],
  ["cookie", "a=b; ".repeat(100)],
];

/** Request number `index` of a seed. */
export function hostileRequest(schema: GraphQLSchema, seed: number, index: number): Hostile {
  const dice = diceOf(seed, index);
  const roll = dice.below(100);
  if (roll < 45) return overHttp(dice, schema);
  if (roll < 58) return { ...overHttp(dice, schema), kind: "sse" };
  if (roll < 80) return dice.chance(0.5) ? rest(dice) : upload(dice);
  return roll < 95 ? socket(dice, schema) : bytes(dice);
}

function overHttp(dice: Dice, schema: GraphQLSchema): Hostile & { kind: "http" } {
  const operation = hostileOperation(dice, schema);
  const text = JSON.stringify(dice.chance(0.03) ? [operation, operation] : operation);
  if (dice.chance(0.15))
    return {
      kind: "http",
      method: dice.pick(["GET", "HEAD"]),
      path: `/graphql?${search(dice, operation)}`,
      headers: headers(dice, JSON_TYPE),
    };
  const body = dice.chance(0.12)
    ? mutatedBytes(dice, Buffer.from(text))
    : Buffer.from(dice.chance(0.08) ? mutated(dice, text) : text);
  const [method, type] = dice.chance(0.9) ? ["POST", JSON_TYPE] : [dice.pick(METHODS), dice.pick(TYPES)];
  return {
    kind: "http",
    method,
    path: dice.chance(0.03) ? mutated(dice, "/graphql") : "/graphql",
    headers: headers(dice, type),
    body,
  };
}

function search(dice: Dice, operation: object): string {
  const parts = Object.entries(operation).map(
    ([name, value]) =>
      `${name}=${encodeURIComponent(wellFormed(typeof value === "string" ? value : (JSON.stringify(value) ?? "")))}`,
  );
  return dice.chance(0.2) ? mutated(dice, parts.join("&")) : parts.join("&");
}

function headers(dice: Dice, type: string): Record<string, string> {
  const extra = dice.chance(0.15) ? [dice.pick(HEADERS)] : [];
  return { ...(type === "" ? {} : { "content-type": type }), ...Object.fromEntries(extra) };
}

const PATHS = [
  "/api/v1/sample",
  "/api/v1/sample/1",
  "/api/v1/scanner",
  "/api/report?id=1",
  "/api/search?q=x",
  "/export/csv?l=5",
  "/samples/4444444444444444444444444444444444444444444444444444444444444444",
  "/upload/00000000-0000-0000-0000-000000000000",
  "/api/openapi.json",
  "/schema.graphql",
  "/healthz",
  "/",
  "/assets/none.js",
  "/last",
];
const PARAMETERS = ["id", "q", "l", "p", "limit", "after", "minspeed", "allow_internet"];

function rest(dice: Dice): Hostile {
  const path = dice.pick(PATHS);
  const query = Array.from(
    { length: dice.below(4) },
    () => `${dice.pick(PARAMETERS)}=${encodeURIComponent(wellFormed(nastyText(dice)))}`,
  ).join("&");
  const asked = `${path}${query === "" ? "" : `${path.includes("?") ? "&" : "?"}${query}`}`;
  const inPath = () => `${path.replace(/[^/]*$/, "")}${encodeURIComponent(wellFormed(nastyText(dice)))}`;
  const target = dice.pick([() => asked, () => asked, inPath, () => mutated(dice, asked)])();
  const method = dice.chance(0.7) ? "GET" : dice.pick(METHODS);
  return { kind: "http", method, path: target, headers: headers(dice, "") };
}

const UPLOADS = ["/api/v1/sample", "/api/upload", "/api/report", "/api/search", "/upload/00000000-0000-0000-0000-000000000000"];

function upload(dice: Dice): Hostile {
  const parameters: Record<string, unknown> = { allow_internet: "False", minspeed: 3, sample: "bGl2ZQ==", sample_name: "x" };
  for (const name of Object.keys(parameters)) {
    if (dice.chance(0.3)) parameters[name] = nastyValue(dice);
    if (dice.chance(0.1)) delete parameters[name];
  }
  const isForm = dice.chance(0.5);
  const whole = Buffer.from(isForm ? form(dice, parameters) : JSON.stringify(parameters));
  const type = isForm
    ? "multipart/form-data; boundary=b"
    : dice.pick([JSON_TYPE, "text/plain", "application/x-www-form-urlencoded", ""]);
  const body = dice.chance(0.4) ? mutatedBytes(dice, whole) : whole;
  return {
    kind: "http",
    method: dice.chance(0.9) ? "POST" : "PUT",
    path: dice.pick(UPLOADS),
    headers: headers(dice, dice.chance(0.9) ? type : dice.pick(TYPES)),
    body,
  };
}

function form(dice: Dice, parameters: Record<string, unknown>): string {
  const fields = Object.entries(parameters).map(
    ([name, value]) =>
      `Content-Disposition: form-data; name="${name}"\r\n\r\n${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  const file = `Content-Disposition: form-data; name="file_upload"; filename="${nastyText(dice)}"\r\nContent-Type: ${nastyText(dice)}\r\n\r\n${nastyText(dice)}`;
  const parts = [
    ...fields,
    ...(dice.chance(0.8) ? [file] : []),
    ...(dice.chance(0.1) ? Array.from({ length: 120 }, () => file) : []),
  ];
  const text = parts.map((part) => `--b\r\n${part}\r\n`).join("");
  return dice.chance(0.2) ? text : `${text}--b--\r\n`;
}

const TYPES_OF_MESSAGE = [
  "connection_init",
  "subscribe",
  "complete",
  "ping",
  "pong",
  "next",
  "error",
  "connection_ack",
  "start",
  "",
];

function socket(dice: Dice, schema: GraphQLSchema): Hostile {
  const message = () => {
    if (dice.chance(0.1))
      return JSON.stringify({ type: dice.pick(TYPES_OF_MESSAGE), id: nastyValue(dice), payload: nastyValue(dice) });
    const id = dice.chance(0.1) ? nastyText(dice) : `${dice.below(4)}`;
    const text = JSON.stringify({
      id,
      type: dice.chance(0.85) ? "subscribe" : dice.pick(TYPES_OF_MESSAGE),
      payload: hostileOperation(dice, schema),
    });
    if (dice.chance(0.05)) return mutatedBytes(dice, Buffer.from(text));
    return dice.chance(0.08) ? mutated(dice, text) : text;
  };
  const messages = Array.from({ length: 1 + dice.below(5) }, message);
  const frames = dice.chance(0.15) ? Buffer.from(Array.from({ length: dice.below(200) }, () => dice.below(256))) : undefined;
  return { kind: "socket", init: dice.chance(0.9), messages, ...(frames ? { frames } : {}) };
}

function bytes(dice: Dice): Hostile {
  const lines = [
    `${dice.pick(["GET", "POST", "\0", "GET  ", "get", "CONNECT", "PRI"])} ${dice.pick(["/graphql", "//", "*", "http://[", "/%", "/graphql?query={__typename}#", "/\u00ff", "x", ""])} HTTP/${dice.pick(["1.1", "1.0", "2.0", "9", ""])}`,
    dice.pick(["Host: localhost", "Host: localhost\r\nHost: evil.example", "Host", ""]),
    dice.pick([
      "Content-Length: 5",
      "Content-Length: -1",
      "Content-Length: 99999999999999999999",
      "Transfer-Encoding: chunked",
      "Transfer-Encoding: x, chunked",
      "Expect: 200-maybe",
      "",
    ]),
    dice.pick([
      "Upgrade: websocket\r\nConnection: Upgrade",
      "Upgrade: h2c\r\nConnection: Upgrade",
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x",
      `X: ${"x".repeat(dice.below(20_000))}`,
      "",
    ]),
    "Content-Type: application/json",
  ];
  const whole = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${nastyText(dice)}`, "latin1");
  return { kind: "bytes", bytes: dice.chance(0.4) ? mutatedBytes(dice, whole) : whole };
}
