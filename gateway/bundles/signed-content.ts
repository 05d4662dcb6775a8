import { BundleManifest, bundleDigest } from "../../schema/bundle.js";
import { isBundleSignature } from "../../schema/bundle-signature.js";
import type { BundleContent } from "../../schema/bundle-upload.js";
import { MalformedMessage, parseMessage } from "../../schema/messages.js";
import { engineToken } from "../../schema/subjects.js";
import type { BundleUploadRecord } from "../db/bundle-uploads.js";
import { badInput } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { readTrustedKeys } from "./keys.js";

/** What a bundle holds, and which other mesh it is from; undefined: it was made here. */
export interface OpenedContent {
  readonly content: BundleContent;
  readonly from: string | undefined;
}

/** The content that was sent. A bundle of another mesh is taken from its signed manifest. Throws BAD_INPUT unless a trusted key signed it. */
export async function openSigned(
  ctx: Pick<ScanContext, "db" | "bundleKey">,
  upload: Pick<BundleUploadRecord, "engine" | "set">,
  sent: BundleContent,
): Promise<OpenedContent> {
  if (sent.signed === undefined) return { content: sent, from: undefined };
  const bytes = Buffer.from(sent.signed.manifest, "base64");
  const [digest, signature] = [bundleDigest(bytes), Buffer.from(sent.signed.signature, "base64")];
  const signer = (await readTrustedKeys(ctx)).find(({ publicKey }) => isBundleSignature(publicKey, digest, signature));
  if (signer === undefined)
    throw badInput(
      "signed",
      "no key that this mesh trusts has signed this bundle: it was altered, or the key of its mesh is to be trusted first",
    );
  const manifest = readManifest(bytes);
  if (engineToken(manifest.engine) !== engineToken(upload.engine) || manifest.set !== upload.set)
    throw badInput("signed", `this is a bundle of ${manifest.engine} ${manifest.set}, and not of ${upload.engine} ${upload.set}`);
  const { kind, version, date, files, image, positive } = manifest;
  const from = `${signer.isOwn ? "exported from this mesh" : `imported from ${signer.name}`}, bundle ${manifest.sequence}`;
  return { content: { kind, version, date, files, image, positive, force: sent.force }, from };
}

function readManifest(bytes: Uint8Array): BundleManifest {
  try {
    return parseMessage(BundleManifest, bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) throw badInput("signed", `its manifest cannot be read: ${error.message}`);
    throw error;
  }
}
