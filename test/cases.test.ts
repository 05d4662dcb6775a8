/**
 * What users of scanners have seen go wrong, as they would try it: files and the command, on a mesh with ClamAV, Yara and FileInfo.
 * What each part does with more of a kind is tested beside that part.
 */

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCode, type Report } from "../cli/report.js";
import { startScan } from "./cli/run-scan.js";
import { data } from "./gateway/http/http-client.js";
import { CLEAN, EICAR } from "./scanner-agent/eicar.js";
import * as documents from "./scanner-agent/inspect/documents.js";
import { rar5, zipOf, zstdOf } from "./scanner-agent/inspect/hand-made.js";
import { packed } from "./scanner-agent/inspect/seven-zip-made.js";
import { cut, PASSWORD } from "./scanner-agent/inspect/specimen.js";
import { hasClamd, makeDatabase, type Database } from "./scanner-agent/runners/clamd/clamav-database.js";
import { until, type Part } from "./stage/stage.js";
import { prepared, useStage } from "./stage/use-stage.js";

const eicar = { "eicar.com": EICAR };
/** Long enough to be packed. */
const long = { "eicar.com": Buffer.concat([EICAR, Buffer.from("word ".repeat(4_000))]) };
const nested = async (depth: number): Promise<Buffer> =>
  depth === 0 ? EICAR : zipOf([{ name: `${depth}.zip`, content: await nested(depth - 1) }]);

/** The rules of the mesh. Beside them stand what cannot be read. */
const RULES: Readonly<Record<string, string | Buffer>> = {
  "numbers.yar": `rule Numbered { meta: verdict = "infected" id = 123456789012345678901 strings: $a = "a number beyond" condition: $a }`,
  "bom.yar": `\ufeffrule Marked { meta: verdict = "infected" strings: $a = "after a mark" condition: $a }`,
  "latin1.yar": Buffer.from(`rule Latin { meta: author = "Jos\xe9" strings: $a = "in latin" condition: $a }`, "latin1"),
  "public.yar": `rule Public { meta: verdict = "suspicious" strings: $a = "a public rule" condition: $a and (filename == "" or filepath contains "x") }`,
  "broken.yar": "rule Broken { condition: nothing_of_this_name }",
  "silent.yar": `rule Silent { strings: $a = "no verdict stated" condition: $a }`,
};

/** Name of the file, its bytes, its verdict; of the engine that is named: its state or verdict, and its cause. */
const FILES: readonly [name: string, make: () => Buffer | Promise<Buffer>, verdict: string, says: string, cause?: string][] = [
  ["eicar.com", () => EICAR, "INFECTED", "ClamAV INFECTED"],
  ["clean.txt", () => CLEAN, "CLEAN", "ClamAV CLEAN"],
  ["empty", () => Buffer.alloc(0), "CLEAN", "ClamAV CLEAN"],
  // Encrypted.
  ["open.zip", () => packed(eicar, "zip"), "INFECTED", "ClamAV INFECTED"],
  ["open.docx", () => documents.docx("word/embeddings/a.bin", EICAR), "INFECTED", "ClamAV INFECTED"],
  ["harmless.docx", () => documents.docx(), "CLEAN", "ClamAV CLEAN"],
  ["encrypted.zip", () => packed(eicar, "zip", PASSWORD), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  ["encrypted.7z", () => packed(eicar, "7z", PASSWORD), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  ["headers.7z", () => packed(eicar, "7z", PASSWORD, "-mhe=on"), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  ["encrypted.rar", () => rar5("a", CLEAN, { encrypted: true }), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  ["encrypted.odt", () => documents.openDocument(true), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  ["encrypted.pdf", () => documents.encryptedPdf("user", "256"), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  ["owner.pdf", () => documents.encryptedPdf("", "256"), "CLEAN", "ClamAV CLEAN"],
  ["message.pgp", () => documents.pgp(EICAR, "--symmetric"), "INCONCLUSIVE", "ClamAV UNSCANNED", "ENCRYPTED"],
  [
    "old.doc",
    () => documents.oleOf({ WordDocument: documents.wordStream(true) }),
    "INCONCLUSIVE",
    "ClamAV UNSCANNED",
    "ENCRYPTED",
  ],
  // Not opened.
  ["cut.zip", () => cut(packed(long, "zip")), "INCONCLUSIVE", "ClamAV UNSCANNED", "DAMAGED"],
  ["cut.7z", () => cut(packed(long, "7z")), "INCONCLUSIVE", "ClamAV UNSCANNED", "DAMAGED"],
  ["clean.zst", () => zstdOf(CLEAN), "INCONCLUSIVE", "ClamAV UNSCANNED", "UNSUPPORTED_TYPE"],
  ["lzma.zip", () => packed(long, "zip", "-mm=LZMA"), "INCONCLUSIVE", "ClamAV UNSCANNED", "UNSUPPORTED_TYPE"],
  ["nested.zip", () => nested(5), "INFECTED", "ClamAV INFECTED"],
  // Rules.
  ["number.txt", () => Buffer.from("a number beyond 2^53"), "INFECTED", "Yara INFECTED"],
  ["mark.txt", () => Buffer.from("after a mark"), "INFECTED", "Yara INFECTED"],
  ["public.txt", () => Buffer.from("a public rule"), "SUSPICIOUS", "Yara SUSPICIOUS"],
  ["silent.txt", () => Buffer.from("no verdict stated"), "CLEAN", "Yara null"],
  // Names.
  ["rlo-\u202efdp.exe", () => EICAR, "INFECTED", "ClamAV INFECTED"],
  ["文件名文件名.exe", () => EICAR, "INFECTED", "ClamAV INFECTED"],
];

describe.skipIf(!hasClamd)("the mesh", () => {
  const stage = useStage();
  const gateway: Part = prepared(() => stage.gatewayProcess());
  let signatures: Database;
  const reports = new Map<string, Report>();
  const path = (...names: string[]) => join(stage.folder, ...names);
  const run = (args: string[], input?: Buffer) => startScan(["--url", gateway.url, ...args], {}, input).ended;

  beforeAll(async () => {
    for (const folder of ["rules", "files", "rules/folder.yar"]) mkdirSync(path(folder));
    for (const [name, text] of Object.entries(RULES)) writeFileSync(path("rules", name), text);
    symlinkSync("/nowhere", path("rules", "dangling.yar"));
    signatures = await makeDatabase();
    await signatures.addEicar();
    symlinkSync("/nowhere", join(signatures.folder, "dangling.ndb"));
    await stage.agentProcess({ env: { SCANMESH_CLAMAV_DB: signatures.folder, SCANMESH_YARA_RULES: path("rules") } });
    await until("all engines are healthy", async () => {
      const rows = await stage.db.selectFrom("engines").select("name").where("last_healthy_at", "is not", null).execute();
      return rows.length === 3;
    });
    for (const [name, make] of FILES) writeFileSync(path("files", name), await make());
    const { stdout } = await run(["--json", "--engines", "ClamAV,Yara", path("files")]);
    const { files } = JSON.parse(stdout) as { files: (Report & { file: string })[] };
    for (const report of files) reports.set(report.name, report);
  });
  afterAll(async () => {
    documents.removeKeys();
    await signatures.remove();
  });

  it.each(FILES)("%s", (name, _make, verdict, says, cause) => {
    const report = reports.get(name);
    expect(report).toMatchObject({ verdict });
    const [engine = "", word] = says.split(" ");
    const result = report?.results.find((one) => one.engine === engine);
    expect(String(result?.state === "DONE" ? result.verdict : result?.state)).toBe(word);
    expect(result?.cause ?? undefined).toBe(cause);
    // An INCONCLUSIVE says why.
    if (verdict === "INCONCLUSIVE") expect(report?.proof.barriers).toMatchObject([{ engine, cause }]);
  });

  it.each<[what: string, args: () => string[], code: number, says: string, input?: Buffer]>([
    ["an infected file", () => [path("files", "eicar.com")], 1, "eicar.com: INFECTED"],
    ["a clean one", () => [path("files", "clean.txt")], 0, "clean.txt: CLEAN"],
    ["a closed one", () => [path("files", "encrypted.7z")], 2, "encrypted"],
    [
      "an infected one beside a closed one and one that is not there",
      () => [path("files", "encrypted.7z"), "/nowhere/at/all", path("files", "eicar.com")],
      1,
      "there is no such file",
    ],
    ["the kernel's", () => ["/proc/version"], 0, "/proc/version: CLEAN"],
    ["standard input", () => ["-"], 1, "-: INFECTED", EICAR],
    ["a name that did not arrive whole", () => [`${path("files")}/invoice\ufffd.exe`], 2, "is not UTF-8"],
    [
      "a name that turns the direction of writing",
      () => [path("files", "rlo-\u202efdp.exe")],
      1,
      "rlo-<U+202E>fdp.exe: INFECTED",
    ],
  ])("the exit status of %s", async (_, args, code, says, input) => {
    const { stdout, stderr, code: ended } = await run(args(), input);
    expect(stdout + stderr).toContain(says);
    expect(ended).toBe(code);
  });

  it("each report alone has the exit status of its verdict", () => {
    const codes = { INFECTED: 1, SUSPICIOUS: 1, CLEAN: 0, INCONCLUSIVE: 2 };
    for (const [name, , verdict] of FILES) {
      const report = reports.get(name);
      expect(report && exitCode([{ file: name, report }])).toBe(codes[verdict as keyof typeof codes]);
    }
  });

  it("names the rules that it could not read", async () => {
    const { agents } = await data<{ agents: { engines: { name: string; warnings: string[] }[] }[] }>(
      gateway.url,
      "{ agents { engines { name warnings } } }",
    );
    const { warnings } = agents.flatMap(({ engines }) => engines).find(({ name }) => name === "Yara") ?? { warnings: [] };
    for (const name of ["latin1.yar", "broken.yar", "dangling.yar", "folder.yar"]) expect(warnings.join("\n")).toContain(name);
    expect(warnings.join("\n")).not.toMatch(/(bom|numbers|public|silent)\.yar/);
  });
});
