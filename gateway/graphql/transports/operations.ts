import { execute, getOperationAST, type GraphQLError, type GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { Watch } from "../../watch/watch.js";
import type { OperationCheck } from "../limits/checks.js";
import { isRefused, type Documents } from "../limits/documents.js";
import { chargeRootFields } from "../limits/root-field-rate.js";
import type { OpenOperations } from "./open-operations.js";
import type { RequestContext } from "../context/request-context.js";
import { errorResult, serializeResult, singleResult, type PreparedOperation, type Subscriptions } from "./subscriptions.js";

/** An operation as a client sends it over WebSocket or an event stream. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** What every transport needs to serve operations. */
export interface Operations {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly check: OperationCheck;
  readonly open: OpenOperations;
  readonly subscribe: Subscriptions;
  readonly log: Logger;
}

/** An operation that is ready to run, or its errors. */
export function prepare(
  { schema, documents, check }: Operations,
  { query, operationName, variables }: OperationRequest,
  contextValue: RequestContext,
): PreparedOperation | readonly GraphQLError[] {
  const document = documents(query);
  if (isRefused(document)) return document;
  const errors = check({ document, operationName, variables }, contextValue.caller);
  if (errors.length > 0) return errors;
  chargeRootFields(contextValue, { document, operationName });
  return { schema, query, document, contextValue, operationName, variableValues: variables };
}

/** Runs a prepared operation. Its results are JSON, with errors as shown to clients; a query or mutation has one result. */
export async function run(operations: Operations, args: PreparedOperation): Promise<Watch<Buffer>> {
  const { log, open, subscribe } = operations;
  const isSubscription = getOperationAST(args.document, args.operationName)?.operation === "subscription";
  const { caller, connection } = args.contextValue;
  const slot = open.acquire({ connection, subscriber: isSubscription ? (caller.key?.id ?? caller.address) : undefined });
  if (isRefused(slot)) return singleResult(errorResult(slot));
  try {
    if (isSubscription) return await subscribe(args, slot.release);
    const result = serializeResult(await execute(args), log);
    slot.release();
    return singleResult(result);
  } catch (error) {
    slot.release();
    throw error;
  }
}
