import { SCOPES, type Scope } from "../schema/scopes.js";
import { GatewayError } from "./errors.js";

/** The caller of a request. Every verb that changes something takes it, for the audit, quotas and idempotency keys. */
export interface Caller {
  /** The API key of the request; null while the mesh requires none, and for commands on the mesh's own machine. */
  readonly key: CallerKey | null;
  readonly scopes: ReadonlySet<Scope>;
  /** The network address that the request came from. */
  readonly address: string;
  readonly requestId: string;
}

/** The API key of a caller. */
export interface CallerKey {
  readonly id: string;
  readonly name: string;
  /** The most scans per day; null means no limit. */
  readonly dailyScans: number | null;
}

const EVERYTHING: ReadonlySet<Scope> = new Set(SCOPES);

/** A caller of a mesh without keys, who may do everything. */
export function openCaller(address: string, requestId: string): Caller {
  return { key: null, scopes: EVERYTHING, address, requestId };
}

/** Whether a caller may do what a scope covers. */
export function may({ scopes }: Caller, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has("admin");
}

/** Throws FORBIDDEN, naming what is missing, if a caller may not do what a scope covers. */
export function mustHave(caller: Caller, scope: Scope): void {
  if (!may(caller, scope)) throw new GatewayError("FORBIDDEN", `this needs a key with the scope ${scope}`);
}
