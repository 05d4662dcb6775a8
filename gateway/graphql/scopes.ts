import { Extensions } from "type-graphql";
import type { Scope } from "../../schema/scopes.js";

/** Which scope a query, mutation or subscription needs; every root field says so. */
export function Needs(scope: Scope): MethodDecorator {
  return Extensions({ scope });
}
