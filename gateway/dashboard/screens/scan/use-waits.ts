import { useEffect } from "react";
import { useQuery } from "urql";
import { ReadQueues, type ScanReportFragment } from "../../generated/scan.ts";
import { durationText } from "../../parts/measure.tsx";

const ASK_EVERY_MS = 5_000;

export interface Wait {
  readonly words: string;
  readonly hasAgent: boolean;
}

/** What each engine that has not answered yet waits for, in words. */
export function useWaits({ results, endDate }: ScanReportFragment): ReadonlyMap<string, Wait> {
  const isWaiting = endDate === null && results.some(({ state }) => state === "QUEUED");
  const [{ data }, ask] = useQuery({ query: ReadQueues, pause: !isWaiting });
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => ask({ requestPolicy: "network-only" }), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isWaiting, ask]);
  if (!isWaiting) return new Map();
  return new Map(
    (data?.queues ?? []).map(({ engine, agents, waiting, estimatedWaitMs }): [string, Wait] => {
      if (agents === 0) {
        const words = "Waits for an agent that has this engine: none is there now";
        return [engine.name, { words, hasAgent: false }];
      }
      const turn = waiting > 1 ? `${waiting} requests wait for it` : "Waits for its turn";
      const words = estimatedWaitMs === null ? turn : `${turn}, about ${durationText(estimatedWaitMs)}`;
      return [engine.name, { words, hasAgent: true }];
    }),
  );
}
