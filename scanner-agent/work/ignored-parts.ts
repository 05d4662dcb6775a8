import type { Control } from "../../schema/control.js";
import { ignoredRevision } from "../../schema/suppressed.js";

type Part = Extract<Control, { kind: "ignore" }>;

/** Returns a function that takes the parts of lists of signatures to ignore, and returns a list once all of it is there. */
export function createIgnoredParts(): (part: Part) => readonly string[] | undefined {
  const lists = new Map<string, { readonly revision: string; readonly parts: Map<number, readonly string[]> }>();
  return ({ engine, revision, part, parts, signatures }) => {
    const known = lists.get(engine);
    const list = known?.revision === revision ? known : { revision, parts: new Map<number, readonly string[]>() };
    lists.set(engine, list);
    list.parts.set(part, signatures);
    const all = Array.from({ length: parts }, (_, i) => list.parts.get(i));
    if (all.includes(undefined)) return undefined;
    lists.delete(engine);
    const whole = all.flatMap((some) => some ?? []);
    return ignoredRevision(whole) === revision ? whole : undefined;
  };
}
