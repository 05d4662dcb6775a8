/** A client that hears of results by subscription, over one WebSocket. */

import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

const UPDATES = "subscription Updates($id: SafeInt!) { scanUpdated(id: $id) { endDate verdict } }";

interface Update {
  readonly scanUpdated: { readonly endDate: string | null; readonly verdict: string | null };
}

export interface Subscriber {
  /** Resolves when the scan is seen to be final. Throws if its verdict is not the expected one. */
  final(scanId: number, expected: string): Promise<void>;
  close(): Promise<void>;
}

export function openSubscriber(url: string): Subscriber {
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
  });
  return {
    final: (scanId, expected) =>
      new Promise((resolve, reject) => {
        client.subscribe<Update>(
          { query: UPDATES, variables: { id: scanId } },
          {
            next({ data, errors }) {
              if (errors) return reject(new Error(errors.map(({ message }) => message).join("; ")));
              if (!data?.scanUpdated.endDate) return;
              if (data.scanUpdated.verdict === expected) resolve();
              else reject(new Error(`scan ${scanId} is ${data.scanUpdated.verdict}`));
            },
            error: (reason) => reject(reason instanceof Error ? reason : new Error("the subscription broke", { cause: reason })),
            complete: () => reject(new Error(`the subscription of scan ${scanId} ended before it was final`)),
          },
        );
      }),
    close: async () => client.dispose(),
  };
}
