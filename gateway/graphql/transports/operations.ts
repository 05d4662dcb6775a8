import { execute, getOperationAST, type GraphQLError, type GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { Watch } from "../../watch/watch.js";
import type { Check } from "../limits/checks.js";
import { isRefused, type Documents } from "../limits/documents.js";
import type { OpenOperations } from "./open-operations.js";
import type { RequestContext } from "../context/request-context.js";
import { jsonOf, refusalOf, single, type PreparedOperation, type Subscriptions } from "./subscriptions.js";

/** An operation as a client sends it over a transport that Apollo does not serve. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** What every transport needs to serve operations. */
export interface Operations {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly check: Check;
  readonly open: OpenOperations;
  readonly subscribe: Subscriptions;
  readonly log: Logger;
}

/** The operation ready to run, or what is wrong with it. */
export function prepare(
  { schema, documents, check }: Operations,
  { query, operationName, variables }: OperationRequest,
  contextValue: RequestContext,
): PreparedOperation | readonly GraphQLError[] {
  const document = documents(query);
  if (isRefused(document)) return document;
  const errors = check({ document, operationName, variables }, contextValue.caller);
  return errors.length > 0 ? errors : { schema, query, document, contextValue, operationName, variableValues: variables };
}

/** Runs a prepared operation: its results as JSON, with the errors that clients may see. An operation that is no subscription has one. */
export async function run(operations: Operations, args: PreparedOperation): Promise<Watch<Buffer>> {
  const { log, open, subscribe } = operations;
  const live = getOperationAST(args.document, args.operationName)?.operation === "subscription";
  const { caller, connection } = args.contextValue;
  const entered = open.enter({ connection, subscriber: live ? (caller.key?.id ?? caller.address) : undefined });
  if (isRefused(entered)) return single(refusalOf(entered));
  try {
    if (live) return await subscribe(args, entered.leave);
    const result = jsonOf(await execute(args), log);
    entered.leave();
    return single(result);
  } catch (error) {
    entered.leave();
    throw error;
  }
}
