import { SEALING } from "../../schema/sealed-chunks.js";
import { beginSealing } from "../db/sealing.js";
import type { Database } from "../db/database.js";
import type { PresentAgent } from "./presence.js";

/** Whether samples are sealed in this mesh. Once they are, it stays so. */
export interface Sealing {
  /** Asks Postgres, until the answer is yes. */
  hasBegun(): Promise<boolean>;
  /** Why an agent takes no work in this mesh: it cannot read what is sealed. Undefined if it can, or need not yet. */
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

/** The agent with its engines as unhealthy as they are while it is refused. */
export function withoutWork<T extends Pick<PresentAgent, "engines">>(agent: T, reason: string | undefined): T {
  if (reason === undefined) return agent;
  return { ...agent, engines: agent.engines.map((engine) => ({ ...engine, healthy: false, reason, cause: "REFUSED" as const })) };
}
