/** Reads a bundle that was exported into a file. Nothing of it is used before its signature and hashes are verified. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { extract } from "tar-stream";
import type { z } from "zod";
import { BUNDLE_LIMITS, bundleDigest, BundleManifest } from "../schema/bundle.js";
import { BundleSignature, EXPORT_PATHS } from "../schema/bundle-export.js";
import { isBundleSignature, keyFingerprint } from "../schema/bundle-signature.js";
import { MalformedMessage, parseMessage } from "../schema/messages.js";
import { OperatorError } from "../schema/operator-error.js";
import { fileError } from "./find-files.js";

/** What is in an exported bundle. */
export interface ExportedBundle {
  readonly manifest: BundleManifest;
  /** The manifest's bytes, as they were signed. */
  readonly bytes: Buffer;
  readonly signature: BundleSignature;
  readonly fingerprint: string;
}

/** A key that the mesh trusts: base64 of its SubjectPublicKeyInfo. */
export interface KnownKey {
  readonly publicKey: string;
}

type Visit = (sha256: string, size: number, bytes: AsyncIterable<Buffer>) => Promise<void>;

/** Reads all of a file once, and proves every byte of it. Throws {@link OperatorError} with a sentence that says what is wrong. */
export async function verifyBundleFile(
  file: string,
  trusted: readonly KnownKey[],
  onBytes: (count: number) => void,
): Promise<ExportedBundle> {
  let proven: ExportedBundle | undefined;
  const missing = new Map<string, number>();
  await readEntries(file, {
    onHead(head) {
      proven = prove(file, head, trusted);
      for (const { sha256, size } of proven.manifest.files) missing.set(sha256, size);
    },
    async visit(sha256, size, bytes) {
      if (missing.get(sha256) !== size) throw altered(file, `it has a file ${sha256} that is not in its list`);
      const hash = createHash("sha256");
      for await (const piece of bytes) {
        hash.update(piece);
        onBytes(piece.length);
      }
      if (hash.digest("hex") !== sha256) throw altered(file, `its file ${nameOf(proven, sha256)} is not as it was signed`);
      missing.delete(sha256);
    },
  });
  if (proven === undefined) throw new OperatorError(`${file} is no exported bundle: it has no signature.`);
  const [first] = missing.keys();
  if (first !== undefined)
    throw new OperatorError(`${file} is cut off: its file ${nameOf(proven, first)} is missing. Copy it again.`);
  return proven;
}

/** Goes through the files of a bundle that was verified. */
export async function readBundleFile(file: string, visit: Visit): Promise<void> {
  await readEntries(file, { onHead: () => {}, visit });
}

interface Head {
  readonly signature: Buffer;
  readonly manifest: Buffer;
}

function prove(file: string, { signature: text, manifest: bytes }: Head, trusted: readonly KnownKey[]): ExportedBundle {
  const signature = parse(BundleSignature, text, `${file} has a signature that cannot be read`);
  const digest = bundleDigest(bytes);
  const claimed = Buffer.from(signature.publicKey, "base64");
  const fingerprint = keyFingerprint(claimed);
  if (digest !== signature.digest || !isBundleSignature(claimed, digest, Buffer.from(signature.signature, "base64")))
    throw altered(file, "its list of files is not as it was signed");
  if (!trusted.some(({ publicKey }) => Buffer.from(publicKey, "base64").equals(claimed)))
    throw new OperatorError(
      `${file} is signed by ${fingerprint}, which this mesh does not trust. If that is what \`npm run bundle -- keys\` shows on the mesh ` +
        "that it is from, trust it with `npm run bundle -- trust KEY`.",
    );
  return {
    manifest: parse(BundleManifest, bytes, `${file} has a list of files that cannot be read`),
    bytes,
    signature,
    fingerprint,
  };
}

function parse<T extends z.ZodType>(type: T, bytes: Buffer, problem: string): z.infer<T> {
  try {
    return parseMessage(type, bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) throw new OperatorError(`${problem}: ${error.message}.`, { cause: error });
    throw error;
  }
}

const NOT_ONE = "is no exported bundle, or the beginning of one is missing";

/** The entries in their order. Each is read to its end before the next one. */
async function readEntries(file: string, { onHead, visit }: { onHead: (head: Head) => void; visit: Visit }): Promise<void> {
  await stat(file).catch((error: unknown) => {
    throw new OperatorError(`${file}: ${fileError(error)}`, { cause: error });
  });
  const tar = extract();
  const source = createReadStream(file);
  let failure: unknown;
  let signature: Buffer | undefined;
  let isOpen = false;
  tar.on("entry", ({ name, size = 0, type }, stream, next) => {
    const read = async () => {
      const bytes = stream as AsyncIterable<Buffer>;
      if (type !== "file") throw altered(file, `it has ${JSON.stringify(name)}, which is no file`);
      if (signature === undefined) {
        if (name !== EXPORT_PATHS.signature) throw new OperatorError(`${file} ${NOT_ONE}: it does not begin with a signature.`);
        signature = await readSmall(file, size, bytes);
      } else if (!isOpen) {
        if (name !== EXPORT_PATHS.manifest) throw new OperatorError(`${file} ${NOT_ONE}: it has no list of files.`);
        onHead({ signature, manifest: await readSmall(file, size, bytes) });
        isOpen = true;
      } else {
        const [, sha256] = /^files\/([0-9a-f]{64})$/.exec(name) ?? [];
        if (sha256 === undefined) throw altered(file, `it has ${JSON.stringify(name)}, which does not belong there`);
        await visit(sha256, size, bytes);
      }
    };
    read().then(next, (error: unknown) => {
      failure = error;
      tar.destroy(error as Error);
    });
  });
  source.pipe(tar);
  source.on("error", (error) => tar.destroy(error));
  try {
    await finished(tar);
  } catch (error) {
    source.destroy();
    if (failure !== undefined) throw failure;
    // Any other error is the tar library's: the file ends in the middle, or is no tar.
    throw new OperatorError(`${file} ${isOpen ? "is cut off in the middle: copy it again" : NOT_ONE}.`, { cause: error });
  }
}

async function readSmall(file: string, size: number, bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  if (size > BUNDLE_LIMITS.manifest) throw altered(file, "its list of files is larger than any can be");
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

function nameOf(bundle: ExportedBundle | undefined, sha256: string): string {
  return bundle?.manifest.files.find((one) => one.sha256 === sha256)?.path ?? sha256;
}

function altered(file: string, how: string): OperatorError {
  return new OperatorError(`${file} was altered or damaged: ${how}. Nothing of it was taken.`);
}
