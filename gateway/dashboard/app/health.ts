/** Why the gateway cannot serve all of it now, such as a full disk or NATS that is away. */

import { useEffect, useState } from "react";
import { useSubscription } from "urql";
import { address } from "../api/address.ts";
import { connection } from "../api/connection.ts";
import { useStore } from "../api/store.ts";
import { WatchReadiness } from "../generated/viewer.ts";

const LOOK_EVERY_MS = 5_000;

interface Health {
  readonly status: string;
  readonly reason?: string;
}

/** A sentence, or undefined while all is well. */
export function useHealth(): string | undefined {
  const [{ data, error }] = useSubscription({ query: WatchReadiness });
  const state = useStore(connection);
  const isTold = state === "open" && data !== undefined && error === undefined;
  const asked = useAsked(isTold, state === "lost");
  return isTold ? (data.readinessUpdated.reason ?? undefined) : asked;
}

/** While the socket tells nothing, because it is lost or its gateway is an older one, the gateway has to be asked. */
function useAsked(isTold: boolean, isLost: boolean): string | undefined {
  const [reason, setReason] = useState<string>();
  useEffect(() => {
    setReason(undefined);
    if (isTold) return;
    let isOver = false;
    const look = async () => {
      const found = await readReason();
      if (isOver) return;
      setReason(found);
      timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    };
    // The socket of a page that was just opened is there sooner.
    let timer = setTimeout(() => void look(), isLost ? 0 : LOOK_EVERY_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isTold, isLost]);
  return reason;
}

async function readReason(): Promise<string | undefined> {
  try {
    const { status, reason } = (await (await fetch(address("readyz"))).json()) as Health;
    return status === "ok" ? undefined : (reason ?? "The gateway cannot serve all of it now.");
  } catch {
    return "The gateway does not answer. This page tries again by itself.";
  }
}
