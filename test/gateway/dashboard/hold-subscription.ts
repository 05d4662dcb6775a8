import type { Page } from "playwright-core";

/** Keeps a subscription of a page from the gateway until it is released; all others pass. */
export function holdSubscription(operation: string) {
  const held: (() => void)[] = [];
  const ids = new Set<unknown>();
  let isReleased = false;
  let isTold = false;
  const idOf = (message: string | Buffer) => (JSON.parse(String(message)) as { id?: string }).id;
  return {
    install: (page: Page) =>
      page.routeWebSocket("**/graphql", (socket) => {
        const gateway = socket.connectToServer();
        socket.onMessage((message) => {
          if (!String(message).includes(`subscription ${operation}`)) return gateway.send(message);
          ids.add(idOf(message));
          if (isReleased) gateway.send(message);
          else held.push(() => gateway.send(message));
        });
        gateway.onMessage((message) => {
          socket.send(message);
          isTold ||= ids.has(idOf(message));
        });
      }),
    /** Whether the page has asked for it. */
    isAsked: () => held.length > 0,
    /** Whether the page was told something by it. */
    isTold: () => isTold,
    release() {
      isReleased = true;
      for (const send of held) send();
    },
  };
}
