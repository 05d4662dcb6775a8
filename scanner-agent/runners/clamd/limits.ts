/** Limits by their names in clamd.conf. docs/run/engines.md says of each what happens beyond it. */
export type ClamdLimits = Readonly<Record<string, string | number>>;

/** clamd alerts beyond this limit. Limits on sizes that it is silent about are at least as high, so that they never decide. */
const SIZE = "1024M";

/** What clamd is given. */
export const CLAMD_LIMITS: ClamdLimits = {
  // A member of a zip above MaxFileSize is cut silently, unless it is above MaxScanSize too.
  MaxFileSize: SIZE,
  MaxScanSize: SIZE,
  StreamMaxLength: "4000M",
  MaxRecursion: 17,
  MaxFiles: 10_000,
  PCREMaxFileSize: SIZE,
  MaxHTMLNormalize: SIZE,
  MaxHTMLNoTags: SIZE,
  MaxScriptNormalize: SIZE,
  MaxEmbeddedPE: SIZE,
  MaxPartitions: 1_000,
  MaxIconsPE: 1_000,
  MaxRecHWP3: 16,
  MaxZipTypeRcg: "1M",
  PCREMatchLimit: 1_000_000,
  PCRERecMatchLimit: 100_000,
};

/**
 * Limits on time, in milliseconds. clamd reports a scan that runs out of time, but not a bytecode: so the scan's time must end first.
 */
export function timeLimits(timeoutMs: number): ClamdLimits {
  return { MaxScanTime: timeoutMs, BytecodeTimeout: timeoutMs };
}
