/** What a case is: a fault, and what must hold although it strikes. */

import type { Random } from "../bench/random.js";
import type { Disk, Gateway, Mesh } from "./mesh/mesh.js";
import type { Sample } from "./workload/samples.js";

/** What a fault is done to. Faults of one part are not combined. */
export type Target = "gateway" | "agent" | "nats" | "postgres" | "bus";

/** For cases whose scans must go on. */
export const ALL_BUT_AGENTS: readonly Target[] = ["gateway", "nats", "postgres"];

/** What a fault works on. */
export interface Stage {
  readonly mesh: Mesh;
  readonly random: Random;
  /** Sends a sample as the workload does; the scan's id, or undefined if no gateway took it. */
  send(gateway: Gateway, sample: Sample): Promise<number | undefined>;
  /** Scans a clean and an infected sample now; a sentence for each that does not end with its verdict in time. */
  probe(): Promise<string[]>;
}

/** What the fault itself found wrong, asked once the mesh is well again. */
export type Findings = () => Promise<readonly string[]> | readonly string[];

export interface FaultCase {
  readonly name: string;
  /** One sentence: what is done, and how it is healed. */
  readonly about: string;
  readonly target: Target;
  /** Parts to which nothing else may be done meanwhile, or what it finds says nothing. */
  readonly needs?: readonly Target[];
  /** File systems that must be small for it. */
  readonly disks?: readonly Disk[];
  /** The least share of reads, and of uploads, that are answered while it lasts. */
  readonly answered?: { readonly reads?: number; readonly uploads?: number };
  /** A client that sends an upload again, to the other gateway, has it taken at last. */
  readonly takesEveryUpload?: boolean;
  /** It destroys stored bytes: they may be missing afterwards. */
  readonly losesBytes?: boolean;
  /** Strikes, lasts and heals. */
  run(stage: Stage): Promise<Findings | void>;
}
