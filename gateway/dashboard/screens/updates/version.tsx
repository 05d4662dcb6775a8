import type { UpdateVersionFragment } from "../../generated/updates.ts";
import { Name } from "../../parts/name.tsx";

/** A bundle by its version; without one, what hosts give their engine. */
export function Version({ of: bundle, className = "" }: { of: UpdateVersionFragment | null; className?: string }) {
  return (
    <Name className={className} text={bundle === null ? "the host's own" : (bundle.version ?? `bundle ${bundle.sequence}`)} />
  );
}

/** From one bundle to another. */
export function Way({ from, to }: { from: UpdateVersionFragment | null; to: UpdateVersionFragment | null }) {
  return (
    <>
      <Version of={from} className="in-text" /> → <Version of={to} className="in-text" />
    </>
  );
}
