/** Why the gateway cannot serve all of it now, such as a full disk or NATS that is away. */

import { useEffect, useState } from "react";
import { address } from "../api/address.ts";

const LOOK_EVERY_MS = 5_000;

interface Health {
  readonly status: string;
  readonly reason?: string;
}

/** A sentence, or undefined while all is well. */
export function useHealth(): string | undefined {
  const [reason, setReason] = useState<string>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const look = async () => {
      const found = await readReason();
      if (isOver) return;
      setReason(found);
      timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return reason;
}

async function readReason(): Promise<string | undefined> {
  try {
    const { status, reason } = (await (await fetch(address("readyz"))).json()) as Health;
    return status === "ok" ? undefined : (reason ?? "NATS is away: nothing can be sent now, and results come later.");
  } catch {
    return "The gateway does not answer. This page tries again by itself.";
  }
}
