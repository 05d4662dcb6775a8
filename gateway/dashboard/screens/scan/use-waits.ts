import { useEffect } from "react";
import { useQuery } from "urql";
import { ReadQueues, type ScanReportFragment } from "../../generated/scan.ts";
import { durationText } from "../../parts/measure.tsx";

const ASK_EVERY_MS = 5_000;

/** What each engine that has not answered yet waits for, in words. */
export function useWaits({ results, endDate }: ScanReportFragment): ReadonlyMap<string, string> {
  const isWaiting = endDate === null && results.some(({ state }) => state === "QUEUED");
  const [{ data }, ask] = useQuery({ query: ReadQueues, pause: !isWaiting });
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => ask({ requestPolicy: "network-only" }), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isWaiting, ask]);
  if (!isWaiting) return new Map();
  return new Map(
    (data?.queues ?? []).map(({ engine, agents, waiting, estimatedWaitMs }) => {
      if (agents === 0) return [engine.name, "Waits for an agent that has this engine: none is there now"];
      const turn = waiting > 1 ? `${waiting} requests wait for it` : "Waits for its turn";
      return [engine.name, estimatedWaitMs === null ? turn : `${turn}, about ${durationText(estimatedWaitMs)}`];
    }),
  );
}
