import type { Caller } from "../../caller.js";
import type { ScanContext } from "../../scan/context.js";
import { createLoaders, type Loaders } from "../loaders.js";

/** What resolvers work with; one for each operation. */
export interface RequestContext {
  readonly mesh: ScanContext;
  readonly caller: Caller;
  /** The connection that the operation shares with others; undefined if it has one of its own. */
  readonly connection: object | undefined;
  /** The address by which this caller reaches the gateway. */
  readonly baseUrl: string;
  /** Created by the first call. */
  loaders(): Loaders;
}

export function requestContext(mesh: ScanContext, caller: Caller, baseUrl: string, connection?: object): RequestContext {
  let loaders: Loaders | undefined;
  return { mesh, caller, baseUrl, connection, loaders: () => (loaders ??= createLoaders(mesh)) };
}

/** The same context for the next event of a subscription, which must not see what was loaded for the one before. */
export function withFreshLoaders({ mesh, caller, baseUrl }: RequestContext): RequestContext {
  return requestContext(mesh, caller, baseUrl);
}
