import type { ChangedScan } from "../db/results.js";
import type { ScanContext } from "./context.js";

/** Sends hints about changed scans to every gateway, and counts those that became final. */
export function announce(ctx: ScanContext, changed: readonly ChangedScan[]): void {
  if (changed.length === 0) return;
  ctx.bus.sendHints(changed.map(({ scanId, revision }) => [scanId, revision]));
  for (const { final } of changed) {
    if (!final) continue;
    ctx.metrics.scansFinal.labels(final.verdict).inc();
    ctx.metrics.scanSeconds.observe(final.seconds);
  }
}
