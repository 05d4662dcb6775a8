import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from "graphql";
import type { Caller } from "../caller.js";
import { costErrors, formErrors, type Asked } from "./limits.js";
import { restated } from "./present-error.js";
import { scopeErrors } from "./scopes.js";

export type Check = (asked: Asked, caller: Caller) => readonly GraphQLError[];

/** What is wrong with an operation before it runs: one set of rules and limits for every transport. */
export function createCheck(schema: GraphQLSchema, introspection: boolean): Check {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  // Documents that clients send again and again are parsed once; they are validated once too.
  const valid = new WeakSet<DocumentNode>();

  function documentErrors(document: DocumentNode): readonly GraphQLError[] {
    if (valid.has(document)) return [];
    const form = formErrors(document);
    if (form.length > 0) return form;
    const errors = validate(schema, document, rules, { hideSuggestions: !introspection });
    if (errors.length === 0) valid.add(document);
    return errors.map((error) => restated(error, { code: "GRAPHQL_VALIDATION_FAILED" }));
  }

  return ({ document, operationName, variables }, caller) => {
    const errors = documentErrors(document);
    if (errors.length > 0) return errors;
    const operation = getOperationAST(document, operationName);
    if (!operation) {
      return [
        new GraphQLError("operationName: names no operation of this document", {
          extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
        }),
      ];
    }
    const forbidden = scopeErrors(schema, document, operation, caller);
    if (forbidden.length > 0) return forbidden;
    return costErrors(schema, { document, operationName, variables });
  };
}
