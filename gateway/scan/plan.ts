import { isWithinSpeed, type Speed } from "../../schema/classes.js";
import { suggestName } from "../../schema/suggestion.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Skipped, SkipReason } from "../../schema/states.js";
import { GatewayError } from "../errors.js";

/** When to retry a request that was refused because no healthy agent runs its engines. */
export const NO_AGENT_RETRY_AFTER_S = 10;

/** The engines that a request chooses by name. */
export interface EngineChoice {
  /** Names, ignoring case; undefined means every engine. */
  readonly engines?: readonly string[] | undefined;
  /** Names of engines to leave out. */
  readonly excludeEngines?: readonly string[] | undefined;
}

/** The parts of a request that decide which engines are expected. */
export interface PlanRequest extends EngineChoice {
  readonly speed: Speed;
  readonly internet: boolean;
  /** The sample's MIME type. */
  readonly mime: string;
}

/** The engines that a scan expects, and why it skips the others. */
export interface Plan {
  readonly expected: EngineRecord[];
  readonly skipped: Skipped[];
  /** No engine is left, only because agents are missing, so the request cannot be accepted now. */
  readonly refused: boolean;
}

/** Decides which engines a request expects. A skipped engine gets the first reason that applies. */
export function planScan(catalogue: readonly EngineRecord[], request: PlanRequest): Plan {
  const expected: EngineRecord[] = [];
  const skipped: Skipped[] = [];
  const named = nameSet(request.engines);
  const excluded = nameSet(request.excludeEngines);
  const selected = (name: string) => (named?.has(name) ?? true) && !excluded?.has(name);
  for (const engine of catalogue) {
    const reason = skipReason(engine, request, selected(engine.name.toLowerCase()));
    if (reason === undefined) expected.push(engine);
    else skipped.push({ engine: engine.name, reason, ...(barsClean(engine, reason) ? { barsClean: true } : {}) });
  }
  const missing = catalogue.length === 0 || skipped.some(({ reason }) => reason === "UNHEALTHY");
  return { expected, skipped, refused: expected.length === 0 && missing };
}

function nameSet(names: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return names && new Set(names.map((name) => name.toLowerCase()));
}

/**
 * Whether this engine prevents CLEAN: an antivirus engine that has worked in this mesh and that a present agent reports as broken. An
 * engine that never worked here, or was removed, does not; the scan's proof names it.
 */
function barsClean({ type, lastHealthyAt, unhealthy }: EngineRecord, reason: SkipReason): boolean {
  return reason === "UNHEALTHY" && type === "AV" && lastHealthyAt !== null && unhealthy !== null;
}

function skipReason(engine: EngineRecord, request: PlanRequest, selected: boolean): SkipReason | undefined {
  if (!engine.enabled) return "DISABLED";
  if (!selected) return "NOT_SELECTED";
  if (!isWithinSpeed(engine.speed, request.speed)) return "TOO_SLOW";
  if (engine.internet && !request.internet) return "INTERNET_FORBIDDEN";
  if (engine.accepts && !engine.accepts.some((type) => accepts(type, request.mime))) return "UNSUPPORTED_TYPE";
  if (!engine.available) return "UNHEALTHY";
  return undefined;
}

/** Manifests may spell types in any case. */
function accepts(given: string, mime: string): boolean {
  const type = given.toLowerCase();
  return type.endsWith("/*") ? mime.startsWith(type.slice(0, -1)) : type === mime;
}

/**
 * Throws BAD_INPUT for a name that is not in the catalogue; `off` lists engines that agents have but do not run. While the catalogue is
 * empty, every name is accepted, since its engine may still appear.
 */
export function checkNames(
  catalogue: readonly EngineRecord[],
  { engines, excludeEngines }: EngineChoice,
  off: () => readonly string[] = () => [],
): void {
  if (catalogue.length === 0) return;
  const all = catalogue.map(({ name }) => name);
  const known = new Set(all.map((name) => name.toLowerCase()));
  for (const [field, names] of Object.entries({ engines, excludeEngines })) {
    const unknown = (names ?? []).filter((name) => !known.has(name.toLowerCase()));
    if (unknown.length === 0) continue;
    const turnedOff = off().find((name) => unknown.some((other) => other.toLowerCase() === name.toLowerCase()));
    if (turnedOff !== undefined) throw new GatewayError("BAD_INPUT", explainOff(turnedOff), { field: [field] });
    const suggestion = unknown.length === 1 ? suggestName(String(unknown[0]), all) : "";
    throw new GatewayError("BAD_INPUT", `no engine is called ${unknown.join(", ")}${suggestion}`, { field: [field] });
  }
}

function explainOff(name: string): string {
  return (
    `the engine ${name} is off on every agent: \`${name}: on\` under \`engines:\` in the file that SCANMESH_ENGINES_FILE names turns it on ` +
    "(docs/run/engines.md)"
  );
}
