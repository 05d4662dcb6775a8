/** What a scan costs, split into parts by what was measured at three loads. */

import type { Cost } from "../../cli/capacity-constants.js";

/** What was scanned when a cost was measured. */
export interface Load {
  /** That took part in each scan. */
  readonly engines: number;
  /** Of a sample, on average. */
  readonly megabytes: number;
}

/** A cost by three loads: few engines with small and with larger samples, and many engines with small ones. */
export function linearCost<P extends Load>(
  { small, mixed, engines }: { small: P; mixed: P; engines: P },
  of: (point: P) => number,
): Cost {
  const perMB = mixed === small ? 0 : Math.max(0, (of(mixed) - of(small)) / (mixed.megabytes - small.megabytes));
  const perEngine = Math.max(0, (of(engines) - of(small)) / (engines.engines - small.engines));
  const perScan = of(small) - perEngine * small.engines - perMB * small.megabytes;
  return { perScan: Math.max(0, perScan), perEngine, perMB };
}

/** Of Postgres, which sees no bytes: it does more for larger samples because fewer scans share a statement. */
export function costWithoutBytes<P extends Load>(
  { small, mixed, engines }: { small: P; mixed: P; engines: P },
  of: (point: P) => number,
): Cost {
  const cost = linearCost({ small, mixed: small, engines }, of);
  return { ...cost, perScan: Math.max(cost.perScan, of(mixed) - cost.perEngine * mixed.engines) };
}
