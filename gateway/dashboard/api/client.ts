/** The GraphQL client: questions by HTTP, all that is live over one WebSocket. */

import type { SubscribePayload } from "graphql-ws";
import { cacheExchange, Client, fetchExchange, mapExchange, subscriptionExchange, type ExecutionResult } from "urql";
import { address } from "./address.ts";
import { connection, openSocket } from "./connection.ts";
import { keyHeader } from "./key.ts";
import { deliver } from "./pace.ts";

const socket = openSocket();

export const client = new Client({
  url: address("graphql"),
  requestPolicy: "cache-and-network",
  preferGetMethod: false,
  fetchOptions: () => ({ headers: keyHeader() }),
  exchanges: [
    cacheExchange,
    mapExchange({
      onError(error) {
        if (error.response?.status === 401) connection.set("refused");
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
