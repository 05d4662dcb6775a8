import { readScan } from "../db/scans.js";
import type { Endpoint } from "./endpoint.js";
import { scanIdOf, unknownScan } from "./parameters.js";
import { reported } from "./report.js";

/** `GET /api/v1/sample/<id>`: one scan with its results. */
export const getSample: Endpoint = async (ctx, request) => {
  const { id } = request.params as { id: string };
  const scan = await readScan(ctx.db, scanIdOf(id));
  if (!scan) throw unknownScan();
  return reported(scan, ctx.config.SCANMESH_TIME_ZONE);
};
