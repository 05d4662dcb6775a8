import { createAbortController } from "../../../schema/abort-controller.js";
import type { Caller } from "../../caller.js";
import type { Database } from "../../db/database.js";
import type { ScanContext } from "../../scan/context.js";
import { readList } from "../../scan/read-list.js";
import { createLoaders, type Loaders } from "../loaders.js";

/** The context of resolvers, one per operation. */
export interface RequestContext {
  readonly mesh: ScanContext;
  readonly caller: Caller;
  /** The connection that the operation shares with others; undefined if it has its own. */
  readonly connection: object | undefined;
  /** The address under which this caller reaches the gateway. */
  readonly baseUrl: string;
  /** Aborted when the client no longer waits for the operation. */
  readonly signal: AbortSignal;
  /** Created by the first call. */
  loaders(): Loaders;
  /** Runs a read that may take long; it is cancelled when the client leaves. */
  list<T>(read: (lists: Database) => Promise<T>): Promise<T>;
}

/** Who sent an operation, from where, and until when the client waits. */
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

/** A shared computation continues when one of its clients leaves. */
const FOR_MANY = createAbortController().signal;

/**
 * A new context for the next event of a subscription, which must not reuse data loaded for the previous one. The answer is shared by all
 * subscribers with the same question.
 */
export function withFreshLoaders({ mesh, caller, baseUrl }: RequestContext): RequestContext {
  return requestContext(mesh, { caller, baseUrl, signal: FOR_MANY });
}
