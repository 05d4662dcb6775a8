import { officeEncryption } from "../formats/office.js";
import { readOle } from "../formats/ole.js";
import { searchAll } from "../formats/search.js";
import { memorySource, type Source } from "../formats/source.js";
import type { OpenedContainer } from "./container.js";
import type { Findings, Place } from "./findings.js";

/** Opens an OLE file that 7-Zip finds too odd; undefined if there is nothing to read in it. */
export function openOle(source: Source, { path }: Place, findings: Findings): OpenedContainer | undefined {
  const file = readOle(source, findings.keepBytes);
  if (file === undefined) return undefined;
  findings.pack({ path, format: "compound", methods: [] });
  if (file.isCut) findings.add({ path, format: "compound", method: "cut off", state: "DAMAGED" });
  const names = file.streams.map(({ name }) => name);
  const office = officeEncryption(names, new Map(file.streams.map(({ name, bytes }) => [name, bytes])));
  if (office !== undefined) findings.add({ path, format: "office", method: office, state: "ENCRYPTED" });
  const unpacked = file.streams.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (!findings.count({ files: names.length, unpacked })) findings.stop(path, "compound");
  const members = file.streams.map(({ name, bytes }) => ({ name, signatures: searchAll([bytes]), bytes: memorySource(bytes) }));
  return { members: members.filter(({ signatures }) => signatures.length > 0) };
}
