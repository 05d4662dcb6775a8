import type { FastifyInstance } from "fastify";
import type { ScanContext } from "../scan/context.js";
import { readReadiness } from "../scan/readiness.js";
import { OPEN_ROUTE } from "../http/open-route.js";

/** `/healthz` says whether this process is alive, `/readyz` whether it can serve. */
export async function healthRoutes(app: FastifyInstance, mesh: ScanContext): Promise<void> {
  const { registry } = mesh.metrics;
  app.get("/healthz", OPEN_ROUTE, async () => ({ status: "ok" }));

  app.get("/readyz", OPEN_ROUTE, async (_request, reply) => {
    const readiness = await readReadiness(mesh);
    return reply.status(readiness.status === "unavailable" ? 503 : 200).send(readiness);
  });

  app.get("/metrics", { config: { needs: "scan:read" } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
