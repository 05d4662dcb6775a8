/** Questions whose answers are on their way. What changes meanwhile may be missing in them: they are asked once more. */

import { makeOperation, mapExchange, type Exchange } from "urql";

/** By its key, whether a question is for a list that mutations change. */
const underWay = new Map<number, boolean>();
const outdated = new Set<number>();

/** Whether the answer to a question is on its way. The client asks nothing twice at a time: who asks again is given that answer. */
export function isOnItsWay(key: number): boolean {
  return underWay.has(key);
}

/** Has a question asked once more when its answer has come. */
export function askOnceMore(key: number): void {
  outdated.add(key);
}

/** Follows what is asked of the gateway; to be placed behind the cache, which reads lists again that it has when something is changed. */
export const followQuestions: Exchange = (input) =>
  mapExchange({
    onOperation({ kind, key, context: { additionalTypenames } }) {
      if (kind === "query") underWay.set(key, additionalTypenames !== undefined);
      if (kind === "teardown") forget(key);
    },
    onResult({ operation }) {
      const { kind, key, context } = operation;
      if (kind === "mutation") for (const [asked, isOfList] of underWay) if (isOfList) outdated.add(asked);
      if (kind !== "query") return;
      const isOutdated = outdated.has(key);
      forget(key);
      if (!isOutdated) return;
      input.client.reexecuteOperation(makeOperation("query", operation, { ...context, requestPolicy: "network-only" }));
    },
  })(input);

function forget(key: number): void {
  underWay.delete(key);
  outdated.delete(key);
}
