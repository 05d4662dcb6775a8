import { SCOPES, type Scope } from "../schema/scopes.js";

/** Who asks. Every verb that changes something takes it: the audit names it, and quotas and idempotency keys belong to it. */
export interface Caller {
  /** The API key that was shown; null while the mesh asks for none. */
  readonly key: { readonly id: string; readonly name: string } | null;
  readonly scopes: ReadonlySet<Scope>;
  /** The network address that the request came from. */
  readonly address: string;
  readonly requestId: string;
}

/** A caller of a mesh that asks for no key: it may do everything. */
export function openCaller(address: string, requestId: string): Caller {
  return { key: null, scopes: new Set(SCOPES), address, requestId };
}

/** Whether a caller may do what a scope covers. */
export function may({ scopes }: Caller, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has("admin");
}
