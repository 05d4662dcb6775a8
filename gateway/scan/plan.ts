import { withinSpeed, type Speed } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import type { Skipped, SkipReason } from "../../schema/states.js";

/** What of a request decides which engines are expected. */
export interface PlanRequest {
  readonly speed: Speed;
  readonly internet: boolean;
  /** Lower-case names; undefined: every engine. */
  readonly engines?: readonly string[] | undefined;
  /** The sample's MIME type. */
  readonly mime: string;
}

/** Which engines are expected, and why the others are not. */
export interface Plan {
  readonly expected: EngineRecord[];
  readonly skipped: Skipped[];
  /** No engine is left, and only because agents are missing: the mesh cannot accept this now. */
  readonly refused: boolean;
}

/** Decides which engines of the catalogue a request expects. An engine that is left out has the first reason that applies. */
export function planScan(catalogue: readonly EngineRecord[], request: PlanRequest): Plan {
  const expected: EngineRecord[] = [];
  const skipped: Skipped[] = [];
  for (const engine of catalogue) {
    const reason = skipReason(engine, request);
    if (reason === undefined) expected.push(engine);
    else skipped.push({ engine: engine.name, reason });
  }
  const missing = catalogue.length === 0 || skipped.some(({ reason }) => reason === "UNHEALTHY");
  return { expected, skipped, refused: expected.length === 0 && missing };
}

function skipReason(engine: EngineRecord, request: PlanRequest): SkipReason | undefined {
  if (!engine.enabled) return "DISABLED";
  if (request.engines && !request.engines.includes(engine.name.toLowerCase())) return "NOT_SELECTED";
  if (!withinSpeed(engine.speed, request.speed)) return "TOO_SLOW";
  if (engine.internet && !request.internet) return "INTERNET_FORBIDDEN";
  if (engine.accepts && !engine.accepts.some((type) => accepts(type, request.mime))) return "UNSUPPORTED_TYPE";
  if (!engine.available) return "UNHEALTHY";
  return undefined;
}

function accepts(type: string, mime: string): boolean {
  return type.endsWith("/*") ? mime.startsWith(type.slice(0, -1)) : type === mime;
}
