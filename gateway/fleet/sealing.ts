import { SEALING } from "../../schema/sealed-chunks.js";
import { beginSealing } from "../db/sealing.js";
import type { Database } from "../db/database.js";
import type { PresentAgent } from "./presence.js";

/** Whether samples are sealed in this mesh. Once begun, sealing never ends. */
export interface Sealing {
  /** Asks Postgres until the answer is yes. */
  hasBegun(): Promise<boolean>;
  /** Why an agent gets no work in this mesh: it cannot read sealed samples. Undefined if it can, or need not yet. */
  refusal(agent: Pick<PresentAgent, "agent" | "sealing">): string | undefined;
}

export function createSealing(db: Database): Sealing {
  let begun = false;
  return {
    async hasBegun() {
      begun ||= await beginSealing(db);
      return begun;
    },
    refusal({ agent, sealing = 0 }) {
      if (!begun || sealing >= SEALING) return undefined;
      return `the agent ${agent} cannot read the sealed samples of this mesh: it is of an older version. Update it`;
    },
  };
}

/** The agent with all its engines unhealthy for this reason, if there is one. */
export function withoutWork<T extends Pick<PresentAgent, "engines">>(agent: T, reason: string | undefined): T {
  if (reason === undefined) return agent;
  return { ...agent, engines: agent.engines.map((engine) => ({ ...engine, healthy: false, reason, cause: "REFUSED" as const })) };
}
