import type { GraphQLError } from "graphql";
import { exceeded, LIMITS } from "../limits/limits.js";

export interface Entrant {
  /** The connection it shares with others; undefined if it has one of its own. */
  readonly connection: object | undefined;
  /** Whose subscription it is: a key, or an address while none is asked for; undefined if it is none. */
  readonly subscriber: string | undefined;
}

export interface OpenOperations {
  /** Counts an operation until it leaves, or refuses it. */
  enter(entrant: Entrant): { leave(): void } | readonly GraphQLError[];
}

/** How many operations are open: on each connection, and of subscriptions for each subscriber. */
export function createOpenOperations(subscriptionsMost: number): OpenOperations {
  const counts = new Map<object | string, number>();
  const open = (holder: object | string | undefined) => (holder === undefined ? 0 : (counts.get(holder) ?? 0));

  function count(holder: object | string | undefined, more: 1 | -1): void {
    if (holder === undefined) return;
    const now = open(holder) + more;
    if (now > 0) counts.set(holder, now);
    else counts.delete(holder);
  }

  return {
    enter({ connection, subscriber }) {
      const refused = [
        ...exceeded("operationsPerConnection", open(connection) + 1, LIMITS.operationsPerConnection),
        ...exceeded("subscriptions", open(subscriber) + 1, subscriptionsMost),
      ];
      if (refused.length > 0) return refused;
      count(connection, 1);
      count(subscriber, 1);
      let left = false;
      return {
        leave() {
          if (left) return;
          left = true;
          count(connection, -1);
          count(subscriber, -1);
        },
      };
    },
  };
}
