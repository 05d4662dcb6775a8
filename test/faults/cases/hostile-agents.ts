/** An agent with valid credentials that means harm. */

import { setTimeout as pause } from "node:timers/promises";
import { ALL_BUT_AGENTS, type FaultCase } from "../case.js";
import { withPeer } from "../mesh/peer.js";
import { announce, engineOf, presenceOf, withdraw } from "../mesh/presence.js";
import { query } from "../workload/client.js";
import { sampleOf } from "../workload/samples.js";

const NOTICED_MS = 5_000;
const DEPTH = 5_000;
const FLOOD = 5_000;

const UNHARMED = { answered: { reads: 1, uploads: 1 }, takesEveryUpload: true, target: "bus", needs: ALL_BUT_AGENTS } as const;

interface Engines {
  readonly engines: readonly { readonly name: string; readonly internet: boolean; readonly lastHealthyAt: string | null }[];
}

export const hostilePresence: FaultCase = {
  ...UNHARMED,
  name: "hostile-presence",
  about: "An agent announces engines with NUL in their versions, endless names and impossible numbers; at last it leaves.",
  run: ({ mesh, probe }) =>
    withPeer(mesh, mesh.keys.creds.agent.isolated, async (nc) => {
      const versions = { engine: "1\u0000", signatures: "\u0000", signatureDate: null };
      // Names that the mesh knows: scans would wait for others, which nobody takes back.
      const engines = [
        engineOf("Canary", { type: "AV", versions, warnings: ["\u0000"], runner: "\u0000" }),
        engineOf("Hasher", { speed: "ULTRA", slots: 1e9, busy: 1e9, reason: "\u0000", healthy: false }),
        engineOf("Bad name with blanks"),
        engineOf("Hasher", {
          speed: "ULTRA",
          versions: { engine: null, signatures: null, signatureDate: "9999-12-31T23:59:59Z" },
        }),
      ];
      const started = Date.now();
      for (const agent of ["hostile-1", "hostile-2"])
        await announce(nc, agent, presenceOf(agent, "isolated", engines.slice(0, 2)));
      await announce(nc, "hostile-3", presenceOf("hostile-3", "isolated", engines));
      await pause(NOTICED_MS);
      const problems = await probe();
      const { engines: known } = await query<Engines>(mesh.gateways[0].url, "{ engines { name internet lastHealthyAt } }");
      for (const name of ["Canary", "Hasher"]) {
        const at = known.find((engine) => engine.name === name)?.lastHealthyAt ?? null;
        if (at === null || Date.parse(at) < started) problems.push(`no gateway notes any more that ${name} is healthy`);
      }
      for (const agent of ["hostile-1", "hostile-2", "hostile-3"]) await withdraw(nc, agent);
      return () => problems;
    }),
};

export const hostileNames: FaultCase = {
  ...UNHARMED,
  name: "hostile-names",
  about: "An agent of the internet class announces the isolated engines' names as its own; at last it leaves.",
  run: ({ mesh, probe }) =>
    withPeer(mesh, mesh.keys.creds.agent.internet, async (nc) => {
      const engines = [
        engineOf("Canary", { type: "AV", internet: true }),
        engineOf("Hasher", { speed: "ULTRA", internet: true }),
      ];
      await announce(nc, "impostor", presenceOf("impostor", "internet", engines));
      await announce(nc, "liar", presenceOf("liar", "isolated", [engineOf("Canary", { type: "AV" })]));
      await pause(NOTICED_MS);
      const problems = await probe();
      const { engines: known } = await query<Engines>(mesh.gateways[0].url, "{ engines { name internet lastHealthyAt } }");
      for (const { name, internet } of known)
        if (name !== "Honeypot" && internet) problems.push(`${name} counts as an engine of the internet class`);
      for (const agent of ["impostor", "liar"]) await withdraw(nc, agent);
      return () => problems;
    }),
};

/** A result that changes nothing: the engine's own answer is the higher one. */
function failureOf(scan: number, details: unknown) {
  return {
    v: 1,
    scan,
    agent: "hostile",
    state: "FAILED",
    verdict: null,
    signature: null,
    error: "it says that it failed",
    versions: { engine: "1", signatures: null, signatureDate: null },
    image: null,
    startedAt: null,
    durationMs: 1,
    details,
    truncated: false,
  };
}

function resultOf(scan: number, details: string): Buffer {
  return Buffer.from(JSON.stringify(failureOf(scan, "DETAILS")).replace('"DETAILS"', details));
}

export const hostileDetails: FaultCase = {
  ...UNHARMED,
  name: "hostile-details",
  about: `An agent answers with details ${DEPTH} levels deep, and with NUL and lone surrogates in them.`,
  async run({ mesh, send, probe }) {
    const scan = (await send(mesh.gateways[0], sampleOf({}))) ?? 1;
    const deep = `{"a":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}`;
    const nested = `${'{"a":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}`;
    const details = [
      deep,
      nested,
      String.raw`{"\u0000":"\u0000"}`,
      String.raw`{"a":"\ud800"}`,
      '{"a":1e400}',
      `{"a":"${"x".repeat(400_000)}"}`,
    ];
    await withPeer(mesh, mesh.keys.creds.agent.isolated, async (nc) => {
      for (const engine of ["canary", "hasher"])
        for (const text of details) await nc.request(`result.${engine}`, resultOf(scan, text), { timeout: 5_000 });
    });
    await pause(NOTICED_MS);
    const problems = await probe();
    return () => problems;
  },
};

export const hostileFlood: FaultCase = {
  ...UNHARMED,
  name: "hostile-flood",
  about: `An agent sends ${FLOOD} results: of scans that there are not, and one scan's again and again.`,
  async run({ mesh, send, probe }) {
    const scan = (await send(mesh.gateways[0], sampleOf({}))) ?? 1;
    await withPeer(mesh, mesh.keys.creds.agent.isolated, async (nc) => {
      for (let n = 0; n < FLOOD; n += 1) {
        const of = n % 2 === 0 ? scan : Number.MAX_SAFE_INTEGER - n;
        nc.publish(`result.${n % 4 < 2 ? "canary" : "hasher"}`, resultOf(of, "null"));
        if (n % 500 === 0) await nc.flush();
      }
      await nc.flush();
    });
    await pause(NOTICED_MS);
    const problems = await probe();
    return () => problems;
  },
};
