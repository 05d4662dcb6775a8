import { createAbortController } from "../../../schema/abort-controller.js";
import type { Caller } from "../../caller.js";
import type { Database } from "../../db/database.js";
import type { ScanContext } from "../../scan/context.js";
import { readList } from "../../scan/read-list.js";
import { createLoaders, type Loaders } from "../loaders.js";

/** What resolvers work with; one for each operation. */
export interface RequestContext {
  readonly mesh: ScanContext;
  readonly caller: Caller;
  /** The connection that the operation shares with others; undefined if it has one of its own. */
  readonly connection: object | undefined;
  /** The address by which this caller reaches the gateway. */
  readonly baseUrl: string;
  /** Aborted when nobody waits for the operation any more. */
  readonly signal: AbortSignal;
  /** Created by the first call. */
  loaders(): Loaders;
  /** Reads a list that may take long, until nobody waits for it any more. */
  list<T>(read: (lists: Database) => Promise<T>): Promise<T>;
}

/** Of an operation: who asks, from where, and until when. */
export type Asked = Pick<RequestContext, "caller" | "baseUrl" | "signal"> & { readonly connection?: object };

export function requestContext(mesh: ScanContext, { caller, baseUrl, signal, connection }: Asked): RequestContext {
  let loaders: Loaders | undefined;
  return {
    mesh,
    caller,
    baseUrl,
    connection,
    signal,
    loaders: () => (loaders ??= createLoaders(mesh)),
    list: (read) => readList(mesh, signal, read),
  };
}

/** Of what is computed for many, of whom one may leave and the others stay. */
const FOR_MANY = createAbortController().signal;

/**
 * The same context for the next event of a subscription, which must not see what was loaded for the one before. Its answer is shared
 * by all subscribers that ask the same.
 */
export function withFreshLoaders({ mesh, caller, baseUrl }: RequestContext): RequestContext {
  return requestContext(mesh, { caller, baseUrl, signal: FOR_MANY });
}
