/** Limits by their names in clamd.conf. docs/run/engines.md says of each what happens beyond it. */
export type ClamdLimits = Readonly<Record<string, string | number>>;

/** Beyond it clamd alerts. Limits on sizes that it keeps silent about are as high, so that none of them decides. */
const SIZE = "1024M";

/** What clamd is given. */
export const CLAMD_LIMITS: ClamdLimits = {
  // A member of a zip that is over MaxFileSize is cut without a word, unless it is over MaxScanSize too.
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

/** Limits on time, in milliseconds. A scan that is over its time is told, a bytecode is not: so the scan's time ends first. */
export function timeLimits(timeoutMs: number): ClamdLimits {
  return { MaxScanTime: timeoutMs, BytecodeTimeout: timeoutMs };
}
