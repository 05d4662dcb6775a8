import {
  execute,
  getOperationAST,
  GraphQLError,
  parse,
  subscribe,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from "graphql";
import type { Logger } from "pino";
import type { Check } from "./checks.js";
import { LIMITS } from "./limits.js";
import { presentError, restated } from "./present-error.js";
import type { RequestContext } from "./request-context.js";

/** An operation as a client sends it over a transport that Apollo does not serve. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** What every transport needs to serve operations. */
export interface Operations {
  readonly schema: GraphQLSchema;
  readonly check: Check;
  readonly log: Logger;
}

/** The operation ready to run, or what is wrong with it. */
export function prepare(
  { schema, check }: Operations,
  request: OperationRequest,
  contextValue: RequestContext,
): ExecutionArgs | readonly GraphQLError[] {
  const document = parseWithin(request.query);
  if (document instanceof GraphQLError) return [document];
  const { operationName, variables } = request;
  const errors = check({ document, operationName, variables });
  return errors.length > 0 ? errors : { schema, document, contextValue, operationName, variableValues: variables };
}

function parseWithin(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens: LIMITS.tokens });
  } catch (error) {
    if (error instanceof GraphQLError) return restated(error, { code: "GRAPHQL_PARSE_FAILED" });
    throw error;
  }
}

/** Runs a prepared operation; its errors are those that clients may see. */
export async function run(
  { log }: Operations,
  args: ExecutionArgs,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const operation = getOperationAST(args.document, args.operationName)?.operation;
  const result = await (operation === "subscription" ? subscribe(args) : execute(args));
  return Symbol.asyncIterator in result ? presentedAll(result, log) : presented(result, log);
}

function presented(result: ExecutionResult, log: Logger): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map((error) => presentError(error, log)) } : result;
}

/** An iterator that reports a failure as its last result: no transport has to know how to break off. */
function presentedAll(results: AsyncGenerator<ExecutionResult>, log: Logger): AsyncIterableIterator<ExecutionResult> {
  let failed = false;
  return {
    async next() {
      if (failed) return { done: true, value: undefined };
      try {
        const item = await results.next();
        return item.done ? item : { done: false, value: presented(item.value, log) };
      } catch (error) {
        failed = true;
        return { done: false, value: { errors: [presentError(error, log)] } };
      }
    },
    return: () => results.return(undefined),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
