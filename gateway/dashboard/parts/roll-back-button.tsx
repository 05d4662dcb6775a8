import { useState } from "react";
import { useClient } from "urql";
import { useOrder } from "../api/order.ts";
import { ReadWayBack, RollBack, type ReadWayBackQuery, type ServedBundleFragment } from "../generated/roll-back.ts";
import { Name } from "./name.tsx";
import { Problem } from "./notice.tsx";

type Update = ReadWayBackQuery["engineUpdates"]["nodes"][number];

interface Props {
  readonly engine: string;
  readonly set: string;
  /** What is rolled back, for people. */
  readonly to: string;
}

/** Rolls a set back, once somebody has read to what. */
export function RollBackButton({ engine, set, to }: Props) {
  const client = useClient();
  const { order, fetching, problem } = useOrder(RollBack);
  const [unread, setUnread] = useState<Error>();
  const ask = async () => {
    const read = client.query(ReadWayBack, { engine, set }, { requestPolicy: "network-only" });
    const { data, error } = await read.toPromise();
    setUnread(error);
    if (data && confirm(questionOf(data.engineUpdates.nodes, set, to))) await order({ engine, set });
  };
  return (
    <>
      <button type="button" disabled={fetching} onClick={() => void ask()}>
        Roll back
        <span className="unseen">
          {" "}
          <Name text={to} />
        </span>
      </button>
      {unread && <Problem error={unread} what="It could not be read what would be served then." />}
      {problem && <Problem error={problem} />}
    </>
  );
}

/** A bundle by its version. Without one, hosts give their engine its own signatures, and have nothing of any other set. */
export function versionText(bundle: ServedBundleFragment | null, set: string): string {
  if (bundle === null) return set === "main" ? "the host's own" : "none";
  return bundle.version ?? `bundle ${bundle.sequence}`;
}

/** What a rollback does, as a question: the newest update is the first. */
function questionOf(updates: readonly Update[], set: string, to: string): string {
  const then = (bundle: ServedBundleFragment | null) => {
    if (bundle !== null) return `all hosts serve ${versionText(bundle, set)} then`;
    return set === "main" ? "each host serves its own then" : "no host serves any version of it then";
  };
  const open = updates.find(({ state }) => state !== "DONE");
  if (open && open.state !== "PENDING")
    return `Give up the update of ${to} to ${versionText(open.toBundle, set)}? What was served before stays: ${then(open.fromBundle)}.`;
  const served = updates.find(({ state }) => state === "DONE")?.toBundle ?? null;
  const before = updates.find(
    ({ state, cause, toBundle }) => state === "DONE" && cause !== "ROLLBACK" && toBundle?.digest === served?.digest,
  );
  if (served === null || before === undefined) return `Roll ${to} back?`;
  return `Roll ${to} back from ${versionText(served, set)}? It takes a minute or two; ${then(before.fromBundle)}.`;
}
