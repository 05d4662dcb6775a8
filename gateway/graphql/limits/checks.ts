import { getOperationAST, GraphQLError, Kind, type GraphQLSchema } from "graphql";
import type { Caller } from "../../caller.js";
import { createCostCheck, type Asked } from "./cost.js";
import { scopeErrors } from "../context/scopes.js";

/** What is wrong with an operation of a document that is in order. */
export type Check = (asked: Asked, caller: Caller) => readonly GraphQLError[];

/** Operations that an error names. */
const SHOWN = 10;

/** Its name, its caller's scopes, its variables and its cost: one set of rules and limits for every transport. */
export function createCheck(schema: GraphQLSchema): Check {
  const checkCost = createCostCheck(schema);

  return (asked, caller) => {
    const operation = getOperationAST(asked.document, asked.operationName);
    if (!operation) {
      const extensions = { code: "OPERATION_RESOLUTION_FAILURE" };
      const names = asked.document.definitions.flatMap((node) =>
        node.kind === Kind.OPERATION_DEFINITION && node.name ? [node.name.value] : [],
      );
      const wrong = asked.operationName ? "names no operation of this document" : "is missing";
      return [
        new GraphQLError(`operationName: ${wrong}; there are ${names.slice(0, SHOWN).join(", ") || "none"}`, { extensions }),
      ];
    }
    const forbidden = scopeErrors(schema, asked.document, operation, caller);
    return forbidden.length > 0 ? forbidden : checkCost(operation, asked);
  };
}
