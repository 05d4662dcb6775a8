import type { FastifyInstance } from "fastify";
import { FULL } from "../bus/write-probe.js";
import { databaseProblem } from "../db/migrations.js";
import type { ScanContext } from "../scan/context.js";
import { OPEN_ROUTE } from "../http/open-route.js";

/**
 * `/healthz` tells that this process is alive, `/readyz` whether it can serve. Without NATS it still serves reads, so it is ready; a disk
 * that takes nothing does not heal by itself, so it is not; nor does a NATS that holds all that it may.
 */
export async function healthRoutes(
  app: FastifyInstance,
  { db, databaseWrites, bus, samples, metrics }: ScanContext,
): Promise<void> {
  app.get("/healthz", OPEN_ROUTE, async () => ({ status: "ok" }));

  app.get("/readyz", OPEN_ROUTE, async (_request, reply) => {
    const unwritten = bus.writeProblem();
    const reason = (await databaseProblem(db)) ?? databaseWrites.problem() ?? unwritten;
    const connected = bus.connected() && samples.connected();
    const nats = unwritten === FULL ? "full" : unwritten !== undefined ? "stalled" : connected ? "ok" : "away";
    if (reason !== undefined) return reply.status(503).send({ status: "unavailable", reason, nats });
    const [missing] = bus.missing();
    return { status: nats === "ok" && missing === undefined ? "ok" : "degraded", reason: bus.problem() ?? missing, nats };
  });

  app.get("/metrics", { config: { needs: "scan:read" } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
