import { useEffect } from "react";
import { useQuery } from "urql";
import { ReadUpdatesOf, type ReadUpdatesOfQuery } from "../../generated/updates.ts";
import type { UpdateSet } from "./set-text.ts";
import { Version } from "./version.tsx";

type Update = ReadUpdatesOfQuery["engineUpdates"]["nodes"][number];

/** The newest bundle of a set, and whether hosts went back from it: then it is not tried again unless it is named. */
export function Newest({ of: { engine, set, serves, newest, update } }: { of: UpdateSet }) {
  const isOther = newest !== null && newest.digest !== serves?.digest;
  const [{ data }, read] = useQuery({ query: ReadUpdatesOf, variables: { engine, set }, pause: !isOther });
  const changes = `${newest?.digest} ${serves?.digest} ${update?.state}`;
  useEffect(() => {
    if (isOther) read({ requestPolicy: "network-only" });
  }, [changes, isOther, read]);
  if (newest === null) return "none";
  const wentBack = isOther && data?.engineUpdates.nodes.some((one) => isBackFrom(one, newest.digest));
  return (
    <>
      <Version of={newest} set={set} />
      {wentBack && <div className="small">was rolled back</div>}
    </>
  );
}

function isBackFrom({ state, cause, fromBundle, toBundle }: Update, digest: string): boolean {
  if (state === "ROLLED_BACK") return toBundle?.digest === digest;
  return cause === "ROLLBACK" && state !== "CANCELLED" && fromBundle?.digest === digest;
}
