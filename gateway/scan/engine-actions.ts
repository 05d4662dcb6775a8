import { internetClass } from "../../schema/classes.js";
import type { EnginePresence } from "../../schema/messages.js";
import type { EngineRecord } from "../../schema/reports.js";
import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { transact, type Tx } from "../db/database.js";
import { changeEngine, enableEngine, lockAnswers, lockEngine, openWithoutInternet, recountAv } from "../db/engine-change.js";
import { raiseResults } from "../db/results.js";
import { requeueMoved } from "../db/sweep.js";
import { GatewayError } from "../errors.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { unanswered } from "./withdraw.js";

/** Whether scans that are accepted from now on expect an engine. Throws NOT_FOUND. */
export async function setEngineEnabled(ctx: ScanContext, caller: Caller, name: string, enabled: boolean): Promise<void> {
  await ctx.db.transaction().execute(async (tx) => {
    const engine = await locked(tx, name);
    if (engine.enabled === enabled) return;
    await enableEngine(tx, engine.engineId, enabled);
    await audit(tx, caller, "setEngineEnabled", engine.name, { enabled });
  });
}

/** Has every agent that has an engine test it now; the agents that were told. Throws NOT_FOUND or UNAVAILABLE. */
export async function selfTestEngine(ctx: ScanContext, caller: Caller, name: string): Promise<string[]> {
  const engine = await ctx.db.transaction().execute(async (tx) => {
    const found = await locked(tx, name);
    await audit(tx, caller, "selfTestEngine", found.name);
    return found;
  });
  const token = engineToken(engine.name);
  const having = ctx.fleet.agents().filter(({ engines }) => engines.some((one) => engineToken(one.name) === token));
  if (having.length === 0) throw new GatewayError("UNAVAILABLE", `no agent that is there has ${engine.name}`, { retryAfter: 10 });
  for (const { agent, class: internet } of having) {
    ctx.bus.account(internet).tell(agent, { v: 1, kind: "test", engine: engine.name });
  }
  return having.map(({ agent }) => agent);
}

/**
 * Makes what agents announce of an engine what the catalogue says. Its durable moves to the new subject, and what waits for it
 * is asked again there. Throws NOT_FOUND, BAD_INPUT if no agent announces it otherwise or several do in different ways, and
 * UNAVAILABLE.
 */
export async function acceptEngineChange(ctx: ScanContext, caller: Caller, name: string): Promise<void> {
  const { known, to } = await announcedChange(ctx, name);
  // In another account the durable must be older than the requests; in the same one it moves once the catalogue says so.
  if (known.internet !== to.internet) await ctx.bus.account(internetClass(to.internet)).ensureDurable(to);
  const { outboxIds, changed } = await transact(ctx.db, async (tx) => {
    await lockAnswers(tx);
    const before = await locked(tx, name);
    await changeEngine(tx, before.engineId, to);
    await audit(tx, caller, "acceptEngineChange", before.name, { from: shape(before), to: shape(to) });
    return follow(tx, before, to);
  });
  ctx.failpoint("engine.after_commit");
  announce(ctx, changed);
  await ctx.fleet.refresh();
  for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
}

/** What is open follows the change. */
async function follow(tx: Tx, { engineId, type }: EngineRecord, to: EnginePresence) {
  if ((type === "AV") !== (to.type === "AV")) await recountAv(tx, engineId, to.type === "AV" ? 1 : -1);
  const forbidden = to.internet ? await openWithoutInternet(tx, engineId) : [];
  const { changed } = await raiseResults(
    tx,
    forbidden.map((result) =>
      unanswered({ ...result, state: "CANCELLED", error: "it can reach the internet now, which this scan forbids" }),
    ),
  );
  return { changed, outboxIds: await requeueMoved(tx, engineId) };
}

async function announcedChange(ctx: ScanContext, name: string): Promise<{ known: EngineRecord; to: EnginePresence }> {
  const known = await ctx.db.transaction().execute((tx) => locked(tx, name));
  await ctx.fleet.refresh();
  const found = ctx.fleet.differing(name);
  const [first] = found;
  if (!first) throw new GatewayError("BAD_INPUT", `no agent announces ${name} otherwise than the mesh has it`);
  const ways = new Set(found.map(({ engine }) => JSON.stringify(shape(engine))));
  if (ways.size > 1) {
    const said = found.map(({ agent, engine }) => `${agent}: ${Object.values(shape(engine)).join(" ")}`);
    throw new GatewayError("BAD_INPUT", `agents announce ${name} in different ways (${said.join("; ")})`);
  }
  return { known, to: first.engine };
}

function shape({ name, type, speed, internet, input }: EnginePresence | EngineRecord) {
  return { name, type, speed, class: internetClass(internet), input };
}

async function locked(tx: Tx, name: string): Promise<EngineRecord> {
  const engine = await lockEngine(tx, name);
  if (!engine) throw new GatewayError("NOT_FOUND", `no engine is called ${name}`);
  return engine;
}
