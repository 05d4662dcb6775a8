import { createAbortController } from "../../schema/abort-controller.js";
import { GatewayError } from "../errors.js";

/** Ensures that only one body is received at a time for the same name. */
export interface Turns {
  /** Waits until no other body is being received for this name. */
  take(name: string): Promise<Turn>;
}

export interface Turn {
  /** Aborted if nothing more of the body arrives while another one waits: its connection may be broken. */
  readonly signal: AbortSignal;
  /** To be called when a part of the body has arrived. */
  heard(): void;
  /** The body, as it arrives. */
  watch(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** Lets the next one begin. */
  end(): void;
}

/** How long a body may stall while another one waits. */
const STALLED_MS = 10_000;

interface Receiving {
  readonly ended: Promise<void>;
  readonly stop: AbortController;
  heardAt: number;
}

export function createTurns(stalledMs = STALLED_MS): Turns {
  const receiving = new Map<string, Receiving>();

  return {
    async take(name) {
      for (let before = receiving.get(name); before; before = receiving.get(name)) await endOf(before, stalledMs);
      let end = () => {};
      const ended = new Promise<void>((resolve) => (end = resolve));
      const body: Receiving = { ended, stop: createAbortController(), heardAt: performance.now() };
      receiving.set(name, body);
      const heard = () => void (body.heardAt = performance.now());
      return {
        signal: body.stop.signal,
        heard,
        async *watch(bytes) {
          for await (const piece of bytes) {
            heard();
            yield piece;
          }
        },
        end() {
          receiving.delete(name);
          end();
        },
      };
    },
  };
}

async function endOf(before: Receiving, stalledMs: number): Promise<void> {
  const timer = setInterval(() => {
    if (performance.now() - before.heardAt > stalledMs)
      before.stop.abort(new GatewayError("UPLOAD_TIMEOUT", "nothing of the body arrived, and another body for this URL did"));
  }, stalledMs / 4);
  await before.ended;
  clearInterval(timer);
}
