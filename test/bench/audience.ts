/** Many WebSocket clients, one subscription each, that note when a message has come. */

import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";

/** Connections that are made at once. */
const AT_ONCE = 50;
const PATIENCE_MS = 60_000;

export interface Audience {
  /** Does what makes one message for each, and waits until each has it; milliseconds from the beginning until each had it. */
  hear(event: () => unknown, ofThis: (text: string) => boolean): Promise<number[]>;
  /** Sends the same from each. */
  say(text: string): void;
  /** The last message of those that were waited for. */
  last(): string;
  close(): Promise<void>;
}

/** How a subscriber introduces itself, and how that is answered. */
export interface Greeting {
  readonly protocol: string;
  readonly says: string;
  readonly hears: string;
}

export async function gather(url: string, greeting: Greeting | undefined, count: number): Promise<Audience> {
  const sockets: WebSocket[] = [];
  let heard = (_text: string): void => {};
  let last = "";
  let fail = (error: Error): void => {
    throw error;
  };

  async function join(): Promise<void> {
    const socket = greeting ? new WebSocket(url, greeting.protocol) : new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", () => resolve());
      socket.once("error", reject);
    });
    if (greeting) {
      const answered = new Promise((resolve) => socket.once("message", resolve));
      socket.send(greeting.says);
      if (!String(await answered).includes(greeting.hears)) throw new Error("a subscriber was not greeted");
    }
    socket.on("message", (data: Buffer) => heard(data.toString()));
    socket.on("close", (code) => {
      if (sockets.length > 0) fail(new Error(`a subscriber's connection was closed with ${code}`));
    });
    sockets.push(socket);
  }
  for (let i = 0; i < count; i += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, join));

  return {
    async hear(event, ofThis) {
      const times: number[] = [];
      const begun = performance.now();
      const all = new Promise<void>((resolve, reject) => {
        fail = reject;
        heard = (text) => {
          if (!ofThis(text)) return;
          last = text;
          times.push(performance.now() - begun);
          if (times.length === sockets.length) resolve();
        };
      });
      await event();
      const ending = new AbortController();
      const tooLate = pause(PATIENCE_MS, undefined, ending).then(() => {
        throw new Error(`${sockets.length - times.length} of ${sockets.length} subscribers have not heard of an event`);
      });
      await Promise.race([all, tooLate]);
      ending.abort();
      tooLate.catch(() => undefined);
      return times;
    },
    say(text) {
      for (const socket of sockets) socket.send(text);
    },
    last: () => last,
    async close() {
      const leaving = sockets.splice(0);
      for (const socket of leaving) socket.terminate();
      await pause(0);
    },
  };
}
