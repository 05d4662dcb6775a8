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
  /** What reads for many objects of the answer at once; made when first asked for. */
  loaders(): Loaders;
}

export function requestContext(mesh: ScanContext, caller: Caller, baseUrl: string, connection?: object): RequestContext {
  let made: Loaders | undefined;
  return { mesh, caller, baseUrl, connection, loaders: () => (made ??= createLoaders(mesh)) };
}

/** The same for a later event of a subscription: nothing is remembered of what was read for the one before. */
export function renewed({ mesh, caller, baseUrl }: RequestContext): RequestContext {
  return requestContext(mesh, caller, baseUrl);
}
