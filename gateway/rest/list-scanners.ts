import { z } from "zod";
import { PLUGIN_TYPE_NUMBER, SPEED_NUMBER } from "../../schema/classes.js";
import { readEngines } from "../db/engines.js";
import type { Endpoint } from "./endpoint.js";
import { Scanner } from "./schemas.js";

/** `GET /api/v1/scanner`: the engines of the mesh. */
export const listScanners: Endpoint = {
  needs: "scan:read",
  operation: { summary: "The engines of the mesh", answer: { "application/json": z.array(Scanner) } },
  async handle(ctx) {
    const engines = await readEngines(ctx.db);
    return engines.map(({ name, type, speed, internet, enabled, engineVersion, signatureVersion }) => ({
      name,
      plugin_type: PLUGIN_TYPE_NUMBER[type],
      speed: SPEED_NUMBER[speed],
      has_internet: internet,
      enabled,
      engine_version: engineVersion,
      signature_version: signatureVersion,
    }));
  },
};
