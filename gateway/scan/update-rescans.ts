import type { EngineRecord } from "../../schema/reports.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { transact } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { deleteFollow, insertFollow, readFollows, readLatestRuns, type UpdateRescanRecord } from "../db/verdict-runs.js";
import { badInput } from "../errors.js";
import { servedVersion, versionText } from "../fleet/served-version.js";
import { serving } from "../fleet/serving.js";
import type { ScanContext } from "./context.js";
import { lockKnownEngine } from "./engine-actions.js";
import { slotsForUpdates } from "./verdict-runs.js";

/** All engines whose verdicts can change. */
export async function readUpdateRescans({ db, fleet }: ScanContext): Promise<UpdateRescanRecord[]> {
  const engines = (await readEngines(db)).filter(canFlip);
  const followed = new Set((await readFollows(db)).map(({ engineId }) => engineId));
  const latest = await readLatestRuns(
    db,
    engines.map(({ engineId }) => engineId),
  );
  return engines.map((engine) => {
    const run = latest.find(({ engineId }) => engineId === engine.engineId);
    const served = servedVersion(fleet, engine.name);
    return {
      engine,
      enabled: followed.has(engine.engineId),
      version: served === undefined ? null : versionText(served),
      slots: slotsForUpdates(serving(fleet, engine).slots),
      run: run ? { ...run, version: versionText(run.version) } : null,
    };
  });
}

/** Turns rescanning after updates of an engine on or off. Throws NOT_FOUND or BAD_INPUT. */
export async function setRescanAfterUpdates(
  ctx: ScanContext,
  caller: Caller,
  name: string,
  enabled: boolean,
): Promise<UpdateRescanRecord> {
  const engineId = await transact(ctx.db, async (tx) => {
    const engine = await lockKnownEngine(tx, name);
    if (!canFlip(engine)) throw badInput("engine", `${engine.name} gives no verdicts, so none can change`);
    const version = servedVersion(ctx.fleet, engine.name) ?? null;
    const { engineId: id } = engine;
    const changed = enabled ? await insertFollow(tx, { engineId: id, version }) : await deleteFollow(tx, id);
    if (changed) await audit(tx, caller, "setRescanAfterUpdates", engine.name, { enabled });
    return id;
  });
  const now = (await readUpdateRescans(ctx)).find(({ engine }) => engine.engineId === engineId);
  if (!now) throw new Error(`the engine ${name} is gone`);
  return now;
}

function canFlip({ type, detects }: EngineRecord): boolean {
  return type === "AV" || detects;
}
