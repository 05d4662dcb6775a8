import type { Page } from "playwright-core";

/** Keeps a subscription of a page from the gateway until it is released; all others pass. */
export function holdSubscription(operation: string) {
  const held: (() => void)[] = [];
  let isReleased = false;
  return {
    install: (page: Page) =>
      page.routeWebSocket("**/graphql", (socket) => {
        const gateway = socket.connectToServer();
        socket.onMessage((message) => {
          if (isReleased || !String(message).includes(`subscription ${operation}`)) gateway.send(message);
          else held.push(() => gateway.send(message));
        });
      }),
    /** Whether the page has asked for it. */
    isAsked: () => held.length > 0,
    release() {
      isReleased = true;
      for (const send of held) send();
    },
  };
}
