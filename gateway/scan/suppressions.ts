/**
 * Suppressed signatures: kept in Postgres, applied when results are recorded, and sent to engines that can ignore signatures themselves.
 */

import { IGNORED_PER_MESSAGE } from "../../schema/control.js";
import { bareSignature, ignorable, ignoredRevision, SUPPRESSION_LIMITS } from "../../schema/suppressed.js";
import { storableText } from "../../schema/storable.js";
import { engineToken } from "../../schema/subjects.js";
import { suggestName } from "../../schema/suggestion.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import {
  countLive,
  endSuppression,
  lockSuppressions,
  readLiveSuppressions,
  upsertSuppression,
  type LiveSuppression,
  type NewSuppression,
  type SuppressionRecord,
} from "../db/suppressions.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** The test file for antivirus engines: an engine that does not detect it gets no work. */
const TEST_FILE = /eicar/i;

/** The parts that the command line also has. */
type Mesh = Pick<ScanContext, "db"> & Partial<Pick<ScanContext, "bus" | "fleet">>;

/** Suppresses a signature of one engine, or of all with null. Repeating it changes the reason and expiry. Throws BAD_INPUT. */
export async function suppressSignature(mesh: Mesh, caller: Caller, input: NewSuppression): Promise<SuppressionRecord> {
  const wanted = await checkInput(mesh.db, input);
  const suppression = await mesh.db.transaction().execute(async (tx) => {
    await lockSuppressions(tx);
    const { signature, ...details } = wanted;
    const row = await upsertSuppression(tx, wanted);
    // Changing an existing one does not add to the number.
    if ((await countLive(tx)) > SUPPRESSION_LIMITS.live)
      throw badInput("signature", `${SUPPRESSION_LIMITS.live} are suppressed, which is the most: lift some`);
    await audit(tx, caller, "suppressSignature", signature, { ...details, id: String(row.id) });
    return row;
  });
  await sendAtOnce(mesh);
  return suppression;
}

/** Lifts a suppression, so that the signature counts again; a lifted one is unchanged. Throws NOT_FOUND. */
export async function liftSuppression(mesh: Mesh, caller: Caller, id: number): Promise<SuppressionRecord> {
  const lifted = await mesh.db.transaction().execute(async (tx) => {
    const found = await endSuppression(tx, id);
    if (!found) throw new GatewayError("NOT_FOUND", `there is no suppression ${id}`);
    const { engine, signature } = found.suppression;
    if (found.changed) await audit(tx, caller, "liftSuppression", signature, { engine, id: String(id) });
    return found.suppression;
  });
  await sendAtOnce(mesh);
  return lifted;
}

async function checkInput(db: Database, input: NewSuppression): Promise<NewSuppression> {
  const signature = bareSignature(text("signature", input.signature, SUPPRESSION_LIMITS.signature));
  const reason = text("reason", input.reason, SUPPRESSION_LIMITS.reason);
  const { expiresAt } = input;
  if (expiresAt !== null && !(expiresAt.getTime() > Date.now())) throw badInput("expiresAt", "must be in the future");
  const engines = await readEngines(db);
  const engine = engines.find(({ name }) => engineToken(name) === engineToken(input.engine ?? ""));
  if (input.engine !== null && !engine) {
    const names = engines.map(({ name }) => name);
    throw badInput("engine", `no engine is called ${input.engine}${suggestName(input.engine, names)}`);
  }
  if ((engine?.type ?? "AV") === "AV" && TEST_FILE.test(signature))
    throw badInput("signature", "antivirus engines are tested with the EICAR file, so what finds it cannot be suppressed");
  return { engine: engine?.name ?? null, signature, reason, expiresAt };
}

function text(field: string, given: string, longest: number): string {
  const trimmed = given.trim();
  if (
    trimmed.length < 1 ||
    trimmed.length > longest ||
    CONTROL_CHARACTERS.test(trimmed) ||
    storableText(trimmed, longest) !== trimmed
  )
    throw badInput(field, `needs 1 to ${longest} printable characters`);
  return trimmed;
}

/** Best effort: the sweep of every gateway repeats it. */
async function sendAtOnce({ db, bus, fleet }: Mesh): Promise<void> {
  if (bus && fleet) await tellIgnored({ db, bus, fleet });
}

/** Updates engines whose list of ignored signatures is outdated: the list has changed, a message was lost, or the agent is new. */
export async function tellIgnored({ db, bus, fleet }: Pick<ScanContext, "db" | "bus" | "fleet">): Promise<void> {
  const able = fleet
    .presences()
    .flatMap(({ agent, class: internet, engines }) =>
      engines.flatMap(({ name, ignores }) => (ignores === undefined ? [] : [{ agent, internet, name, ignores }])),
    );
  if (able.length === 0) return;
  const live = await readLiveSuppressions(db);
  const lists = new Map<string, ReturnType<typeof listFor>>();
  for (const { agent, internet, name, ignores } of able) {
    const token = engineToken(name);
    const { revision, signatures } = lists.get(token) ?? listFor(token, live);
    lists.set(token, { revision, signatures });
    if (revision === ignores) continue;
    const parts = Math.max(1, Math.ceil(signatures.length / IGNORED_PER_MESSAGE));
    for (let part = 0; part < parts; part += 1) {
      const some = signatures.slice(part * IGNORED_PER_MESSAGE, (part + 1) * IGNORED_PER_MESSAGE);
      bus.account(internet).sendControl(agent, { v: 1, kind: "ignore", engine: name, revision, part, parts, signatures: some });
    }
  }
}

function listFor(token: string, live: readonly Pick<LiveSuppression, "engine" | "signature">[]) {
  const signatures = ignorable(live.filter(({ engine }) => (engine ?? token) === token).map(({ signature }) => signature));
  return { revision: ignoredRevision(signatures), signatures };
}
