import { setTimeout as pause } from "node:timers/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyInstance {
    /** Requests that have no response yet. */
    readonly unanswered: ReadonlySet<FastifyRequest>;
  }
}

/** The longest wait before a piece of a stream, so that it progresses under any load. */
const MAX_WAIT_MS = 5;

export function trackUnanswered(app: FastifyInstance): void {
  const unanswered = new Set<FastifyRequest>();
  app.decorate("unanswered", unanswered);
  app.addHook("onRequest", (request, reply, done) => {
    unanswered.add(request);
    reply.raw.once("close", () => unanswered.delete(request));
    done();
  });
  app.addHook("onSend", (request, _reply, payload, done) => {
    unanswered.delete(request);
    done(null, payload);
  });
}

/** Waits briefly for other requests to be answered before the next piece of a long stream is computed. */
export async function giveWay({ unanswered }: FastifyInstance): Promise<void> {
  for (let waited = 0; waited < MAX_WAIT_MS && unanswered.size > 0; waited += 1) await pause(1);
}
