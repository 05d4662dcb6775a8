import { getOperationAST } from "graphql";
import type { RequestContext } from "../context/request-context.js";
import { rootFields } from "../context/scopes.js";
import type { ParsedRequest } from "./cost.js";

/** Counts each top-level field of an operation towards its key's rate limit. The first was counted when the request was admitted. */
export function chargeRootFields({ mesh, caller }: RequestContext, { document, operationName }: ParsedRequest): void {
  const operation = getOperationAST(document, operationName);
  if (caller.key === null || !operation) return;
  mesh.keyring.charge(caller.key.id, Math.max(0, rootFields(document, operation.selectionSet).length - 1));
}
