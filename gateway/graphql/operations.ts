import { execute, getOperationAST, GraphQLError, type DocumentNode, type GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { Check } from "./checks.js";
import { presented } from "./present-error.js";
import type { RequestContext } from "./request-context.js";
import { single, type PreparedOperation, type Subscriptions } from "./subscriptions.js";

/** An operation as a client sends it over a transport that Apollo does not serve. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** What every transport needs to serve operations. */
export interface Operations {
  readonly schema: GraphQLSchema;
  readonly parse: (query: string) => DocumentNode | GraphQLError;
  readonly check: Check;
  readonly subscribe: Subscriptions;
  readonly log: Logger;
}

/** The operation ready to run, or what is wrong with it. */
export function prepare(
  { schema, parse, check }: Operations,
  { query, operationName, variables }: OperationRequest,
  contextValue: RequestContext,
): PreparedOperation | readonly GraphQLError[] {
  const document = parse(query);
  if (document instanceof GraphQLError) return [document];
  const errors = check({ document, operationName, variables }, contextValue.caller);
  return errors.length > 0 ? errors : { schema, query, document, contextValue, operationName, variableValues: variables };
}

export function isRefused(prepared: PreparedOperation | readonly GraphQLError[]): prepared is readonly GraphQLError[] {
  return Array.isArray(prepared);
}

/** Runs a prepared operation: its results as JSON, with the errors that clients may see. An operation that is no subscription has one. */
export async function run(operations: Operations, args: PreparedOperation): Promise<AsyncIterableIterator<string>> {
  const operation = getOperationAST(args.document, args.operationName)?.operation;
  if (operation === "subscription") return operations.subscribe(args);
  return single(JSON.stringify(presented(await execute(args), operations.log)));
}
