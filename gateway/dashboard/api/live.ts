/** What was asked once and is told again with each change: the newer reading of both is shown. */

import { useEffect, useRef, useState } from "react";
import { connection } from "./connection.ts";
import { useStore } from "./store.ts";

interface Reading {
  readonly revision: number;
}

/** The newest of all readings that came, whatever order they came in. `key` names what they are of. */
export function useNewest<T extends Reading>(key: string, ...readings: readonly (T | null | undefined)[]): T | undefined {
  const [newest, setNewest] = useState<{ readonly key: string; readonly reading: T }>();
  const known = newest?.key === key ? newest.reading : undefined;
  const latest = readings.reduce<T | undefined>(
    (best, reading) => (reading && reading.revision >= (best?.revision ?? -1) ? reading : best),
    known,
  );
  useEffect(() => {
    if (latest !== undefined && latest !== known) setNewest({ key, reading: latest });
  }, [key, latest, known]);
  return latest;
}

/** Calls back when the lost connection is open again: what happened meanwhile was not told. */
export function useReopened(onReopened: () => void): void {
  const state = useStore(connection);
  const wasLost = useRef(false);
  useEffect(() => {
    if (state === "lost") wasLost.current = true;
    if (state !== "open" || !wasLost.current) return;
    wasLost.current = false;
    onReopened();
  }, [state, onReopened]);
}

/** Calls back when a feed has begun: what came after its list was read and before was not told. */
export function useBegun(hasBegun: boolean, onBegun: () => void): void {
  useEffect(() => {
    if (hasBegun) onBegun();
    // What is called back may change afterwards, as with the page of a list: that has begun already.
  }, [hasBegun]);
}

/** Where a feed has to continue after the connection was lost: at the cursor that it had reached. Undefined until then: it starts now. */
export function useContinuation(cursor: { readonly current: string | undefined }): string | undefined {
  const state = useStore(connection);
  const [after, setAfter] = useState<string>();
  const lostAt = useRef<string>(undefined);
  useEffect(() => {
    if (state === "lost") lostAt.current ??= cursor.current;
    if (state !== "open" || lostAt.current === undefined) return;
    setAfter(lostAt.current);
    lostAt.current = undefined;
  }, [state, cursor]);
  return after;
}
