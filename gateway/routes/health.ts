import type { FastifyInstance } from "fastify";
import { databaseProblem } from "../db/migrations.js";
import type { ScanContext } from "../scan/context.js";
import { OPEN_ROUTE } from "../http/open-route.js";

/** `/healthz` tells that this process is alive, `/readyz` whether it can serve. Without NATS it still serves reads, so it is ready. */
export async function healthRoutes(app: FastifyInstance, { db, bus, samples, metrics }: ScanContext): Promise<void> {
  app.get("/healthz", OPEN_ROUTE, async () => ({ status: "ok" }));

  app.get("/readyz", OPEN_ROUTE, async (_request, reply) => {
    const reason = await databaseProblem(db);
    const nats = bus.connected() && samples.connected() ? "ok" : "away";
    if (reason !== undefined) return reply.status(503).send({ status: "unavailable", reason, nats });
    const [missing] = bus.missing();
    return { status: nats === "ok" && missing === undefined ? "ok" : "degraded", reason: bus.problem() ?? missing, nats };
  });

  app.get("/metrics", { config: { needs: "scan:read" } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
