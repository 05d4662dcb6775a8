/** Bundles at a gateway: what the command line asks of it. */

import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import { BUNDLES_PATH, BundleUploadState, PublishedBundle } from "../schema/bundle-upload.js";
import { OperatorError } from "../schema/operator-error.js";
import { readError } from "./client.js";
import type { FileToSend } from "./file-source.js";
import { gatewayAddress, unreachable } from "./gateway-address.js";
import { createAsk } from "./graphql-http.js";
import { createPatience, readRetryAfter, TryLater } from "./retry-after.js";
import { putFile } from "./upload.js";
import { PACE } from "./watch-transports.js";

/** A bundle as the gateway lists it. */
export interface ListedBundle {
  readonly id: string;
  readonly engine: string;
  readonly set: string;
  readonly sequence: number;
  readonly digest: string;
  readonly version: string | null;
  readonly date: string | null;
  readonly size: number;
  readonly fileCount: number;
  readonly source: string;
  readonly createdAt: string;
}

interface Page {
  readonly nodes: readonly ListedBundle[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A key as the gateway lists it. */
export interface ListedKey {
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly name: string;
  readonly isOwn: boolean;
}

export interface BundleGateway {
  /** Path to which a bundle of the set can be sent. */
  open(engine: string, set: string): Promise<string>;
  state(upload: string): Promise<BundleUploadState>;
  send(upload: string, sha256: string, file: FileToSend): Promise<void>;
  publish(upload: string, body: object): Promise<PublishedBundle>;
  list(filter: { engine?: string | undefined; set?: string | undefined }): Promise<ListedBundle[]>;
  keys(): Promise<ListedKey[]>;
  trust(publicKey: string, name: string): Promise<ListedKey>;
  distrust(fingerprint: string): Promise<ListedKey>;
  /** Writes an exported bundle into a file, which is there only once it is whole. */
  export(digest: string, file: string, onBytes: (done: number, total: number) => void): Promise<void>;
}

const KEY = "key { fingerprint publicKey name isOwn }";
const LIST = `query ($engine: String, $set: String, $after: String) { bundles(first: 100, engine: $engine, set: $set, after: $after) {
  nodes { id engine set sequence digest version date size fileCount source createdAt } pageInfo { hasNextPage endCursor } } }`;

export function createBundleGateway(
  url: string,
  apiKey: string | undefined,
  tell: (line: string) => void,
  signal: AbortSignal,
): BundleGateway {
  const patiently = createPatience(tell);
  const ask = createAsk(url, apiKey, patiently, PACE.answerMs);

  /** The success of a mutation. Throws {@link OperatorError} with what the gateway says. */
  async function mutate<T>(field: string, mutation: string, variables: object): Promise<T> {
    const answer = (await ask<Record<string, T | { readonly message: string }>>(mutation, variables, signal))[field];
    if (answer === undefined || (typeof answer === "object" && answer !== null && "message" in answer))
      throw new OperatorError((answer as { message: string } | undefined)?.message ?? "The gateway has not answered.");
    return answer;
  }

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    return patiently(async () => {
      const response = await fetch(gatewayAddress(url, path), { ...init, signal }).catch((error: unknown) => {
        throw signal.aborted ? error : unreachable(url, error);
      });
      if (response.ok) return response;
      const text = readError(await response.text()) ?? `the gateway answered ${response.status}`;
      const seconds = readRetryAfter(response.status, response.headers.get("retry-after"));
      throw seconds === undefined ? new OperatorError(text) : new TryLater(text, seconds);
    }, signal);
  }

  async function json<T extends z.ZodType>(type: T, path: string, init?: RequestInit): Promise<z.infer<T>> {
    return type.parse(await (await request(path, init)).json());
  }

  return {
    async open(engine, set) {
      const created = await mutate<{ url: string }>(
        "createBundle",
        `mutation ($input: CreateBundleInput!) { createBundle(input: $input) { ... on CreateBundleSuccess { url } ... on UserError { message } } }`,
        { input: { engine, set } },
      );
      return `${BUNDLES_PATH}/${new URL(created.url).pathname.split("/").at(-1)}`;
    },
    state: (upload) => json(BundleUploadState, upload),
    async send(upload, sha256, file) {
      await patiently(async () => {
        const { status, text, retryAfter } = await putFile(url, `${upload}/${sha256}`, file, signal);
        if (status === 201) return;
        const message = readError(text) ?? `the gateway answered ${status}`;
        const seconds = readRetryAfter(status, retryAfter);
        throw seconds === undefined ? new OperatorError(`${file.file}: ${message}`) : new TryLater(message, seconds);
      }, signal);
    },
    publish: (upload, body) =>
      json(PublishedBundle, upload, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    async list(filter) {
      const found: ListedBundle[] = [];
      for (let after: string | null = null; ;) {
        const { bundles }: { bundles: Page } = await ask<{ bundles: Page }>(LIST, { ...filter, after }, signal);
        found.push(...bundles.nodes);
        after = bundles.pageInfo.endCursor;
        if (!bundles.pageInfo.hasNextPage) return found;
      }
    },
    async keys() {
      const query = "{ bundleKeys { fingerprint publicKey name isOwn } }";
      return (await ask<{ bundleKeys: ListedKey[] }>(query, {}, signal)).bundleKeys;
    },
    async trust(publicKey, name) {
      const mutation = `mutation ($publicKey: String!, $name: String!) { trustBundleKey(publicKey: $publicKey, name: $name) {
        ... on BundleKeySuccess { ${KEY} } ... on UserError { message } } }`;
      return (await mutate<{ key: ListedKey }>("trustBundleKey", mutation, { publicKey, name })).key;
    },
    async distrust(fingerprint) {
      const mutation = `mutation ($fingerprint: ID!) { distrustBundleKey(fingerprint: $fingerprint) {
        ... on BundleKeySuccess { ${KEY} } ... on UserError { message } } }`;
      return (await mutate<{ key: ListedKey }>("distrustBundleKey", mutation, { fingerprint })).key;
    },
    async export(digest, file, onBytes) {
      const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
      const response = await request(`${BUNDLES_PATH}/export/${digest}`, { headers });
      const total = Number(response.headers.get("content-length"));
      const draft = `${file}.part`;
      let done = 0;
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
          done += piece.length;
          onBytes(done, total);
          yield piece;
        }
      }
      try {
        await pipeline(Readable.from(counted()), createWriteStream(draft, { flags: "wx" }), { signal });
        if (done !== total) throw new OperatorError("The gateway ended in the middle of the bundle: its log says why.");
        await rename(draft, file);
      } catch (error) {
        await rm(draft, { force: true });
        if (error instanceof OperatorError || signal.aborted) throw error;
        throw new OperatorError(`${file} could not be written whole: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}
