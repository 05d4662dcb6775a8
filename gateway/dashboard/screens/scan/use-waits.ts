import { useCollected } from "../../api/collect.ts";
import { WatchWaits, type ScanReportFragment, type WatchWaitsSubscription } from "../../generated/scan.ts";
import { durationText } from "../../parts/measure.tsx";

type Queue = WatchWaitsSubscription["queueChanged"]["queues"][number];

export interface Wait {
  readonly words: string;
  readonly hasAgent: boolean;
}

/** What each engine that has not answered yet waits for, in words. */
export function useWaits({ results, endDate }: ScanReportFragment): ReadonlyMap<string, Wait> {
  const isWaiting = endDate === null && results.some(({ state }) => state === "QUEUED");
  const { entries: queues = [] } = useCollected(
    WatchWaits,
    ({ engine }: Queue) => engine.name,
    ({ queueChanged: { snapshot, queues: changed, gone } }) => ({
      snapshot,
      changed,
      gone: gone.map(({ engine }) => engine.name),
    }),
    { pause: !isWaiting },
  );
  if (!isWaiting) return new Map();
  return new Map(
    queues.map(({ engine, agents, waiting, estimatedWaitMs }): [string, Wait] => {
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
