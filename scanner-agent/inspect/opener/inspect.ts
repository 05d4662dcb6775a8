import { cmsEncryption, textCmsEncryption } from "../formats/cms.js";
import { containerOf, type Container } from "../formats/containers.js";
import type { Inspection, InspectionLimits } from "../formats/inspection.js";
import { pdfEncryption } from "../formats/pdf.js";
import { armoredPgpEncryption, pgpEncryption } from "../formats/pgp.js";
import type { Signature } from "../formats/search.js";
import { readAt, sourceFrom, type Source } from "../formats/source.js";
import { openContainer, type OpenedContainer } from "./container.js";
import { openOle } from "./ole-container.js";
import { createFindings, joined, type Findings, type Place } from "./findings.js";

const HEAD_BYTES = 64 * 1024;

/** Looks into a file and into what it holds. */
export async function inspect(
  source: Source,
  signatures: readonly Signature[],
  limits: InspectionLimits,
  keepBytes: number,
): Promise<Inspection> {
  const findings = createFindings(limits, keepBytes);
  await inspectFile(source, signatures, { path: "", depth: 1 }, findings);
  return findings.inspection();
}

/** Looks into one file, by its signatures. */
async function inspectFile(source: Source, signatures: readonly Signature[], place: Place, findings: Findings): Promise<void> {
  // A container at the beginning of a file is examined as its member.
  let covered = 0;
  for (const { format, at } of signatures) {
    const container = containerOf(format);
    const rest = at === "inside" ? sourceFrom(source, covered) : source;
    if (rest.size === 0) continue;
    if (container === undefined) inspectDocument(rest, format, place.path, findings);
    else if (!findings.count({ depth: place.depth })) findings.stop(place.path, format);
    else {
      const size = await inspectContainer(rest, container, at, place, findings);
      if (at === "start") covered = size ?? 0;
    }
  }
}

function inspectDocument(source: Source, format: string, path: string, findings: Findings): void {
  const method = encryptionOf(source, format);
  if (method !== undefined) findings.add({ path, format, method, state: "ENCRYPTED" });
}

function encryptionOf(source: Source, format: string): string | undefined {
  if (format === "pdf") return pdfEncryption(source);
  if (format === "pgp") return pgpEncryption(source) ?? armoredPgpEncryption(source);
  return cmsEncryption(readAt(source, 0, HEAD_BYTES)) ?? textCmsEncryption(source);
}

/** Answers how much of the file the container is, where that is known. */
async function inspectContainer(
  source: Source,
  container: Container,
  at: Signature["at"],
  place: Place,
  findings: Findings,
): Promise<number | undefined> {
  const { format, types } = container;
  const { path } = place;
  if (types.length === 0) findings.pack({ path, format, methods: [] });
  if (types.length === 0) return undefined;
  const opened = await open(source, container, place, findings);
  if (opened !== undefined) {
    for (const { name, signatures, bytes } of opened.members) {
      const inner = { path: joined(path, name), depth: place.depth + 1 };
      if (bytes === undefined) findings.stop(inner.path, format);
      else await inspectFile(bytes, signatures, inner, findings);
    }
    return opened.size;
  }
  // Bytes that look like a signature in the middle of a program or a picture mean nothing.
  if (at !== "inside" && container.weak === undefined) findings.add({ path, format, method: null, state: "DAMAGED" });
  return undefined;
}

async function open(
  source: Source,
  container: Container,
  place: Place,
  findings: Findings,
): Promise<OpenedContainer | undefined> {
  for (const type of container.types) {
    const opened = await openContainer(source, container, type, place, findings);
    if (opened !== undefined) return opened;
  }
  return container.format === "compound" ? openOle(source, place, findings) : undefined;
}
