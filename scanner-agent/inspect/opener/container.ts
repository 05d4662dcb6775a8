import type { Closed } from "../../../schema/closed.js";
import type { Container } from "../formats/containers.js";
import { officeEncryption } from "../formats/office.js";
import type { Source } from "../formats/source.js";
import { readZip } from "../formats/zip.js";
import { collectMembers, LimitReached, type CollectedMember } from "./collect.js";
import { joined, type Findings, type Place } from "./findings.js";
import { errorsIn, readListing, type Listing } from "./listing.js";
import { list, TooManyLines, unpack, type SevenZipRun } from "./seven-zip.js";

/** Errors of a member: how 7-Zip says them, and what they mean. */
const UNSUPPORTED = /^Unsupported (Method|feature)/i;
/** A link or an attribute that 7-Zip could not set while it unpacked: the content is not affected. */
const ASIDE = /^(Cannot (create (hard|symbolic) link|set )|Dangerous |Incorrect path)/i;
const PASSWORD = /password|encrypted/i;
/** Lines of a listing for each member, at most. */
const LINES_PER_FILE = 40;

/** What a container holds. */
export interface OpenedContainer {
  /** The members to look into. */
  readonly members: readonly CollectedMember[];
  /** How much of the file it is, where that is known. */
  readonly size?: number | undefined;
}

const NOTHING_LISTED: Listing = { members: [], errors: [], methods: [], size: undefined };
const CLOSED: OpenedContainer = { members: [] };

/** Opens a container, and answers the members to look into; undefined if it is none of this type. */
export async function openContainer(
  source: Source,
  container: Container,
  type: string,
  place: Place,
  findings: Findings,
): Promise<OpenedContainer | undefined> {
  const { format } = container;
  const { path } = place;
  const add = (state: Closed["state"], name: string, method: string | null) =>
    findings.add({ path: joined(path, name), format, method, state });

  if (container.isStream) return await openStream(source, format, type, place, findings, add);
  const listed = await listWithin(source, type, findings);
  if (listed === "too many") {
    findings.stop(path, format);
    return CLOSED;
  }
  if (listed.lines.some((line) => line.startsWith("Enter password"))) {
    add("ENCRYPTED", "", "with its list of files");
    return CLOSED;
  }
  if (listed.status !== 0 && !listed.lines.includes(`Type = ${type}`)) return undefined;
  const listing = readListing(listed.lines);
  const encrypted = listing.members.filter((member) => member.encrypted);
  for (const member of encrypted) add("ENCRYPTED", member.path, member.methods.join(" ") || null);
  for (const error of listing.errors) add("DAMAGED", "", error);
  notePackings(source, format, listing, place, findings, add);

  const open = listing.members.filter((member) => !member.encrypted && !member.isFolder);
  if (!findings.count({ files: open.length })) {
    findings.stop(path, format);
    return CLOSED;
  }
  if (open.length === 0) return { members: [], size: listing.size };
  const collected = collectMembers(findings);
  try {
    const leaveOut = encrypted.map((member) => member.path);
    noteErrors(await unpack(source, type, collected.sink, leaveOut), listing, add);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    findings.stop(joined(path, error.member), format);
  }
  const office = officeEncryption(
    listing.members.map((member) => member.path),
    collected.begins,
  );
  if (office !== undefined) findings.add({ path, format: "office", method: office, state: "ENCRYPTED" });
  return { members: collected.members(), size: listing.size };
}

/** There is nothing to list: unpack at once. */
async function openStream(
  source: Source,
  format: Container["format"],
  type: string,
  { path }: Place,
  findings: Findings,
  add: Add,
): Promise<OpenedContainer | undefined> {
  const collected = collectMembers(findings);
  findings.pack({ path, format, methods: [] });
  if (!findings.count({ files: 1 })) {
    findings.stop(path, format);
    return CLOSED;
  }
  try {
    const run = await unpack(source, type, collected.sink, []);
    if (run.status !== 0 && !run.lines.includes(`Type = ${type}`)) return undefined;
    noteErrors(run, NOTHING_LISTED, add);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    findings.stop(path, format);
  }
  return { members: collected.members() };
}

async function listWithin(source: Source, type: string, { limits }: Findings): Promise<SevenZipRun | "too many"> {
  try {
    return await list(source, type, LINES_PER_FILE * (limits.files + 10));
  } catch (error) {
    if (error instanceof TooManyLines) return "too many";
    throw error;
  }
}

type Add = (state: Closed["state"], name: string, method: string | null) => void;

/** What an engine must be able to open, and where the headers of a zip contradict each other. */
function notePackings(
  source: Source,
  format: Container["format"],
  listing: Listing,
  { path }: Place,
  findings: Findings,
  add: Add,
) {
  const headers = format === "zip" ? readZip(source, 10) : undefined;
  for (const { name, what } of headers?.lies ?? []) add("DAMAGED", name, what);
  const extra = headers?.zip64 ? ["zip64"] : [];
  findings.pack({ path, format, methods: [...listing.methods.filter(() => listing.members.length === 0), ...extra] });
  for (const { path: name, methods, encrypted, isFolder } of listing.members)
    if (!encrypted && !isFolder) findings.pack({ path: joined(path, name), format, methods });
}

/** Every member that could not be unpacked. */
function noteErrors({ status, lines, errors }: SevenZipRun, listing: Listing, add: Add): void {
  const before = new Set(listing.errors);
  for (const error of errorsIn(lines)) if (!before.has(error)) add("DAMAGED", "", error);
  let told = 0;
  for (const line of errors) {
    const [, what = "", name = ""] = /^ERROR: (.+?) : (.*)$/.exec(line) ?? [];
    if (what === "") continue;
    told += 1;
    const methods = listing.members.find((member) => member.path === name)?.methods.join(" ");
    if (ASIDE.test(what)) continue;
    if (PASSWORD.test(what)) add("ENCRYPTED", name, methods || null);
    else if (UNSUPPORTED.test(what)) add("UNSUPPORTED", name, methods || null);
    else add("DAMAGED", name, what);
  }
  if (status !== 0 && status !== 1 && told === 0 && before.size === 0) add("DAMAGED", "", "cannot be unpacked");
}
