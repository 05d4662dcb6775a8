import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { transact, type Tx } from "../db/database.js";
import { changeEngine, enableEngine, lockResults, lockEngine, openWithoutInternet, recountAv } from "../db/engine-change.js";
import { raiseResults } from "../db/results.js";
import { requeueMoved } from "../db/sweep.js";
import { GatewayError } from "../errors.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { unansweredResult } from "./withdraw.js";

/** Enables or disables an engine for scans that are accepted from now on. Throws NOT_FOUND. */
export async function setEngineEnabled(ctx: ScanContext, caller: Caller, name: string, enabled: boolean): Promise<void> {
  await ctx.db.transaction().execute(async (tx) => {
    const engine = await lockKnownEngine(tx, name);
    if (engine.enabled === enabled) return;
    await enableEngine(tx, engine.engineId, enabled);
    await audit(tx, caller, "setEngineEnabled", engine.name, { enabled });
  });
}

/** Asks every agent that has an engine to test it now. Returns those agents. Throws NOT_FOUND or UNAVAILABLE. */
export async function selfTestEngine(ctx: ScanContext, caller: Caller, name: string): Promise<string[]> {
  const engine = await ctx.db.transaction().execute(async (tx) => {
    const found = await lockKnownEngine(tx, name);
    await audit(tx, caller, "selfTestEngine", found.name);
    return found;
  });
  const token = engineToken(engine.name);
  const agents = ctx.fleet.agents().filter(({ engines }) => engines.some((one) => engineToken(one.name) === token));
  if (agents.length === 0) throw new GatewayError("UNAVAILABLE", `no connected agent has ${engine.name}`, { retryAfter: 10 });
  for (const { agent, class: internet } of agents) {
    ctx.bus.account(internet).sendControl(agent, { v: 1, kind: "test", engine: engine.name });
  }
  return agents.map(({ agent }) => agent);
}

/**
 * Updates an engine in the catalogue to what its agents announce. Its durable moves to the new subject, and waiting requests are published
 * again there. Throws NOT_FOUND, UNAVAILABLE, and BAD_INPUT if no announcement differs from the catalogue, or if several announcements
 * differ from each other.
 */
export async function acceptEngineChange(ctx: ScanContext, caller: Caller, name: string): Promise<void> {
  const { known, to } = await findChange(ctx, name);
  // In another account the durable must exist before the requests; in the same account it moves after the catalogue has changed.
  if (known.internet !== to.internet) await ctx.bus.account(internetClass(to.internet)).ensureDurable(to);
  const { outboxIds, changed } = await transact(ctx.db, async (tx) => {
    await lockResults(tx);
    const before = await lockKnownEngine(tx, name);
    await changeEngine(tx, before.engineId, to);
    await audit(tx, caller, "acceptEngineChange", before.name, { from: shape(before), to: shape(to) });
    return updateOpenScans(tx, before, to);
  });
  ctx.failpoint("engine.after_commit");
  announce(ctx, changed);
  await ctx.fleet.refresh();
  for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
}

/** Applies the change to open scans: their counts and requests. */
async function updateOpenScans(tx: Tx, { engineId, type }: EngineRecord, to: EnginePresence) {
  if ((type === "AV") !== (to.type === "AV")) await recountAv(tx, engineId, to.type === "AV" ? 1 : -1);
  const forbidden = to.internet ? await openWithoutInternet(tx, engineId) : [];
  const { changed } = await raiseResults(
    tx,
    forbidden.map((result) =>
      unansweredResult({ ...result, state: "CANCELLED", error: "it can reach the internet now, which this scan forbids" }),
    ),
  );
  return { changed, outboxIds: await requeueMoved(tx, engineId) };
}

async function findChange(ctx: ScanContext, name: string): Promise<{ known: EngineRecord; to: EnginePresence }> {
  const known = await ctx.db.transaction().execute((tx) => lockKnownEngine(tx, name));
  await ctx.fleet.refresh();
  const found = ctx.fleet.differingEngines(name);
  const [first] = found;
  if (!first)
    throw new GatewayError(
      "BAD_INPUT",
      `no agent announces ${name} differently from the catalogue: there is no change to accept`,
    );
  const shapes = new Set(found.map(({ engine }) => JSON.stringify(shape(engine))));
  if (shapes.size > 1) {
    const list = found.map(({ agent, engine }) => `${agent}: ${Object.values(shape(engine)).join(" ")}`);
    throw new GatewayError("BAD_INPUT", `agents announce ${name} in different ways (${list.join("; ")})`);
  }
  return { known, to: first.engine };
}

function shape({ name, type, speed, internet, input }: EnginePresence | EngineRecord) {
  return { name, type, speed, class: internetClass(internet), input };
}

/** Locks an engine of the catalogue. Throws NOT_FOUND. */
export async function lockKnownEngine(tx: Tx, name: string): Promise<EngineRecord> {
  const engine = await lockEngine(tx, name);
  if (!engine) throw new GatewayError("NOT_FOUND", `no engine is called ${name}`);
  return engine;
}
