import { getOperationAST, GraphQLError, Kind, type GraphQLSchema } from "graphql";
import type { Caller } from "../../caller.js";
import { createCostCheck, type ParsedRequest } from "./cost.js";
import { scopeErrors } from "../context/scopes.js";

/** The errors of an operation of a valid document. */
export type OperationCheck = (request: ParsedRequest, caller: Caller) => readonly GraphQLError[];

/** The most operations that an error names. */
const SHOWN_NAMES = 10;

/** Checks an operation's name, its caller's scopes, its variables and its cost, with the same rules for every transport. */
export function createOperationCheck(schema: GraphQLSchema): OperationCheck {
  const checkCost = createCostCheck(schema);

  return (request, caller) => {
    const operation = getOperationAST(request.document, request.operationName);
    if (!operation) {
      const extensions = { code: "OPERATION_RESOLUTION_FAILURE" };
      const names = request.document.definitions.flatMap((node) =>
        node.kind === Kind.OPERATION_DEFINITION && node.name ? [node.name.value] : [],
      );
      const problem = request.operationName ? "names no operation of this document" : "is missing";
      return [
        new GraphQLError(`operationName: ${problem}; there are ${names.slice(0, SHOWN_NAMES).join(", ") || "none"}`, {
          extensions,
        }),
      ];
    }
    const forbidden = scopeErrors(schema, request.document, operation, caller);
    return forbidden.length > 0 ? forbidden : checkCost(operation, request);
  };
}
