import { useServerNow } from "../api/clock.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes, such as `1.4 MiB`. */
export function bytesText(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[step]}`;
}

/** A duration, such as `240 ms`, `3.1 s` or `2 min 5 s`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** How long ago that was, such as `4 min`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return "a moment";
  if (seconds < 90) return `${Math.floor(seconds)} s`;
  if (seconds < 5_400) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** A share, such as `12 %` or `0.4 %`; what is there is never shown as nothing. */
export function percentText(share: number): string {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/**
 * How many of an engine's results are detections; null without results. The API's rate is of results with a verdict: of Yara's, which has
 * none where no rule matches, it would always be all.
 */
export function detectionShare({
  detections,
  results,
}: {
  readonly detections: number;
  readonly results: number;
}): number | null {
  return results === 0 ? null : detections / results;
}

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time as an age by the server's clock; the exact time shows when it is pointed at. */
export function Ago({ at }: { at: string }) {
  const now = useServerNow();
  return (
    <time dateTime={at} title={EXACT.format(new Date(at))}>
      {ageText(now - Date.parse(at))} ago
    </time>
  );
}

/** A time in full, in the reader's own zone. */
export function Time({ at }: { at: string }) {
  return <time dateTime={at}>{EXACT.format(new Date(at))}</time>;
}

const TO_THE_MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A time to the minute, in the reader's own zone. */
export function timeText(at: string | Date): string {
  return TO_THE_MINUTE.format(new Date(at));
}
