import { getOperationAST, GraphQLError, type GraphQLSchema } from "graphql";
import type { Caller } from "../caller.js";
import { createReckoning, type Asked } from "./cost.js";
import { scopeErrors } from "./scopes.js";

/** What is wrong with an operation of a document that is in order. */
export type Check = (asked: Asked, caller: Caller) => readonly GraphQLError[];

/** Its name, its caller's scopes, its variables and its cost: one set of rules and limits for every transport. */
export function createCheck(schema: GraphQLSchema): Check {
  const reckon = createReckoning(schema);

  return (asked, caller) => {
    const operation = getOperationAST(asked.document, asked.operationName);
    if (!operation) {
      const extensions = { code: "OPERATION_RESOLUTION_FAILURE" };
      return [new GraphQLError("operationName: names no operation of this document", { extensions })];
    }
    const forbidden = scopeErrors(schema, asked.document, operation, caller);
    return forbidden.length > 0 ? forbidden : reckon(operation, asked);
  };
}
