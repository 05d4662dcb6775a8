import { readdir } from "node:fs/promises";
import type { Provision } from "../../../scanner-agent/bundles/provision.js";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { puppet } from "./puppet-engine.js";

let names = 0;

/** An engine that takes bundles: it answers with the content of the file `name`, or `host`. */
export function taker(onStart: (name: string) => Promise<void> = () => Promise.resolve(), more: Record<string, unknown> = {}) {
  const name = `Taker${++names}`;
  const calls: string[] = [];
  const make = (provision: Provision | null): EngineParts => {
    const files = provision?.folder ? readdir(provision.folder) : Promise.resolve(["host"]);
    const runner: Partial<EngineParts["runners"][number]> = {
      async start() {
        const [own = ""] = await files;
        calls.push(`start ${own}`);
        await onStart(own);
      },
      versions: async () => ({ engine: "1", signatures: (await files)[0] ?? null, signatureDate: null }),
      stop: async () => void calls.push(`stop ${(await files)[0]}`),
    };
    return { ...puppet(name, () => Promise.resolve(done(null, null, null)), { runner, manifest: more }), remake: make };
  };
  return { name, calls, parts: make(null) };
}

/** What {@link taker} makes. */
export type Taker = ReturnType<typeof taker>;
