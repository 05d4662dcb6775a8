import Negotiator from "negotiator";
import { GatewayError } from "../../errors.js";

const JSON_TYPE = "application/json";
const GRAPHQL_TYPE = "application/graphql-response+json";

/** The Content-Type of an answer given before Apollo takes over: the client's preferred one, or JSON if it accepts neither. */
export function answerType(accept: string | undefined): string {
  return `${preferredType(accept) ?? JSON_TYPE}; charset=utf-8`;
}

/**
 * Throws NOT_ACCEPTABLE if the client accepts no format of answers. Checked before the operation runs, because a mutation cannot be undone.
 */
export function mustBeAcceptable(accept: string | undefined): void {
  if (preferredType(accept) !== undefined) return;
  throw new GatewayError(
    "NOT_ACCEPTABLE",
    `answers are ${JSON_TYPE} or ${GRAPHQL_TYPE}, and Accept allows neither; nothing was done`,
  );
}

function preferredType(accept: string | undefined): string | undefined {
  return new Negotiator({ headers: { accept: accept ?? "*/*" } }).mediaType([JSON_TYPE, GRAPHQL_TYPE]);
}
