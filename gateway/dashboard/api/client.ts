/** The GraphQL client: questions by HTTP, all that is live over one WebSocket. */

import type { SubscribePayload } from "graphql-ws";
import {
  cacheExchange,
  Client,
  fetchExchange,
  makeOperation,
  mapExchange,
  subscriptionExchange,
  type ExecutionResult,
} from "urql";
import { address } from "./address.ts";
import { connection, openSocket } from "./connection.ts";
import { currentKey, keyHeader } from "./key.ts";
import { deliver } from "./pace.ts";
import { followQuestions } from "./under-way.ts";

const socket = openSocket();

export const client = new Client({
  url: address("graphql"),
  requestPolicy: "cache-and-network",
  preferGetMethod: false,
  fetchOptions: () => ({ headers: keyHeader() }),
  exchanges: [
    cacheExchange,
    followQuestions,
    mapExchange({
      onOperation: (operation) => makeOperation(operation.kind, operation, { ...operation.context, key: currentKey() }),
      onError(error, { context }) {
        // That the key before is refused says nothing of this one.
        if (error.response?.status === 401 && context["key"] === currentKey()) connection.set("refused");
      },
    }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (operation) => ({
        subscribe: ({ next, error, complete }) => ({
          unsubscribe: socket.subscribe(operation as SubscribePayload, {
            next: (result) => deliver(() => next(result as ExecutionResult)),
            error: (reason) => deliver(() => error(reason)),
            complete: () => deliver(complete),
          }),
        }),
      }),
    }),
  ],
});
