/** The verdicts of scans that were asked for here, read again until each scan has ended. */

import { useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { ReadVerdicts, type Verdict, type ReadVerdictsQuery } from "../../generated/submit.ts";

const READ_EVERY_MS = 1_000;

/** By the scan's `id`; null for one that was deleted. */
export type Verdicts = ReadonlyMap<string, ReadVerdict | null>;

interface ReadVerdict {
  readonly id: string;
  readonly verdict: Verdict | null;
  readonly endDate: string | null;
}

export function useVerdicts(ids: readonly string[]): Verdicts {
  const client = useClient();
  const [verdicts, setVerdicts] = useState<Verdicts>(new Map());
  const open = ids.filter((id) => verdicts.get(id) === undefined || verdicts.get(id)?.endDate === null);
  const latest = useRef(open);
  const isOpen = open.length > 0;

  useEffect(() => {
    latest.current = open;
  });
  useEffect(() => {
    if (!isOpen) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const read = async () => {
      const asked = latest.current;
      const { data } = await client.query(ReadVerdicts, { ids: asked }, { requestPolicy: "network-only" }).toPromise();
      if (isOver) return;
      if (data) setVerdicts((known) => new Map([...known, ...asked.map((id, at) => [id, verdictIn(data.nodes[at])] as const)]));
      timer = setTimeout(() => void read(), READ_EVERY_MS);
    };
    void read();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [client, isOpen]);
  return verdicts;
}

function verdictIn(node: ReadVerdictsQuery["nodes"][number] | undefined): ReadVerdict | null {
  return node && isScan(node) ? node : null;
}

function isScan(node: NonNullable<ReadVerdictsQuery["nodes"][number]>): node is ReadVerdict {
  return "verdict" in node;
}
