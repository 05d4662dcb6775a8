import type { GraphQLError } from "graphql";
import { limitErrors, LIMITS } from "../limits/limits.js";

/** Whose limits an operation counts towards. */
export interface OperationOwner {
  /** The connection that it shares with others; undefined if it has its own. */
  readonly connection: object | undefined;
  /** For a subscription: the key id, or the client's address if there are no keys. */
  readonly subscriber: string | undefined;
}

export interface OpenOperations {
  /** Counts an operation until it is released, or returns errors for exceeded limits. */
  acquire(owner: OperationOwner): { release(): void } | readonly GraphQLError[];
}

/** Counts the open operations of each connection and the open subscriptions of each subscriber. */
export function createOpenOperations(subscriptionLimit: number): OpenOperations {
  const counts = new Map<object | string, number>();
  const countOf = (holder: object | string | undefined) => (holder === undefined ? 0 : (counts.get(holder) ?? 0));

  function add(holder: object | string | undefined, change: 1 | -1): void {
    if (holder === undefined) return;
    const count = countOf(holder) + change;
    if (count > 0) counts.set(holder, count);
    else counts.delete(holder);
  }

  return {
    acquire({ connection, subscriber }) {
      const errors = [
        ...limitErrors("operationsPerConnection", countOf(connection) + 1, LIMITS.operationsPerConnection),
        ...limitErrors("subscriptions", countOf(subscriber) + 1, subscriptionLimit),
      ];
      if (errors.length > 0) return errors;
      add(connection, 1);
      add(subscriber, 1);
      let isReleased = false;
      return {
        release() {
          if (isReleased) return;
          isReleased = true;
          add(connection, -1);
          add(subscriber, -1);
        },
      };
    },
  };
}
