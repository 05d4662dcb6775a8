import { internetClass } from "../../schema/classes.js";
import { BytesMissing } from "../bus/sample-store.js";
import { readRulesetFiles } from "../db/ruleset-content.js";
import type { RulesetVersionRecord } from "../db/rulesets.js";
import type { ScanContext } from "../scan/context.js";
import type { RulesetText } from "./create.js";

/** What a page shows; larger rulesets are somebody's files elsewhere. */
const MOST_BYTES = 256 * 1024;

/** The files of a version as text, by path. Null if they are larger than a page shows, gone, or not all of them text. */
export async function readRulesetTexts(ctx: ScanContext, version: RulesetVersionRecord): Promise<RulesetText[] | null> {
  if (version.removedAt !== null || version.size > MOST_BYTES) return null;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const texts: RulesetText[] = [];
  for (const { path, ...file } of await readRulesetFiles(ctx.db, version.id)) {
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of ctx.bundles.read(internetClass(version.internet), file)) pieces.push(piece);
      texts.push({ path, text: decoder.decode(Buffer.concat(pieces)) });
    } catch (error) {
      // A decoder throws TypeError for what is no UTF-8.
      if (error instanceof BytesMissing || error instanceof TypeError) return null;
      throw error;
    }
  }
  return texts;
}
