import { setTimeout as pause } from "node:timers/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyInstance {
    /** Requests that have no answer yet; one that is being streamed has its answer. */
    readonly unanswered: ReadonlySet<FastifyRequest>;
  }
}

/** A piece of a stream waits so long at most: it goes on however much is asked meanwhile. */
const MOST_MS = 5;

export function keepUnanswered(app: FastifyInstance): void {
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

/** Before the next piece of a long stream is made: lets those go first who wait for an answer, for a few milliseconds at most. */
export async function giveWay({ unanswered }: FastifyInstance): Promise<void> {
  for (let waited = 0; waited < MOST_MS && unanswered.size > 0; waited += 1) await pause(1);
}
