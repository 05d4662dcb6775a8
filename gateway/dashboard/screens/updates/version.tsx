import type { UpdateVersionFragment } from "../../generated/updates.ts";
import { Name } from "../../parts/name.tsx";

/** A bundle by its version; without one, what hosts give their engine. */
export function Version({ of: bundle }: { of: UpdateVersionFragment | null }) {
  return <Name text={bundle === null ? "the host's own" : (bundle.version ?? `bundle ${bundle.sequence}`)} />;
}

/** From one bundle to another. */
export function Way({ from, to }: { from: UpdateVersionFragment | null; to: UpdateVersionFragment | null }) {
  return (
    <>
      <Version of={from} /> → <Version of={to} />
    </>
  );
}
