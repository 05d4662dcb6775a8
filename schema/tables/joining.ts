/** Row types of join tokens and their use. */

import type { Generated } from "kysely";
import type { AgentKeyState } from "../join-messages.js";
import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";

/** Tokens by which hosts join. */
export interface JoinTokensTable {
  /** Derived from the secret. */
  id: string;
  /** Derived from the secret: checks a joiner's proof. */
  stored_key: Buffer;
  /** Derived from the secret: the gateway's own proof is made with it. */
  server_key: Buffer;
  internet: boolean;
  /** Names that agents may take, `*` for any characters; null: any. */
  name_pattern: string | null;
  /** How many agents may join by it; null: no limit. */
  uses: number | null;
  used: Generated<number>;
  /** Whether agents that joined by it are forgotten soon after they are gone. */
  ephemeral: boolean;
  created_at: GeneratedTimestamp;
  /** Null: never. */
  expires_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
}

/** The keys of agents that have joined, or want to. */
export interface AgentKeysTable {
  public_key: string;
  agent: string;
  internet: boolean;
  state: AgentKeyState;
  /** Whether it is forgotten soon after the agent is gone. */
  ephemeral: boolean;
  host: string;
  version: string;
  joined_at: GeneratedTimestamp;
  renewed_at: GeneratedTimestamp;
  /** When a second agent with this key was last seen. */
  cloned_at: NullableTimestamp;
}

/** The keys that have used a token. */
export interface JoinsTable {
  token_id: string;
  /** The agent's own key. */
  public_key: string;
  agent: string;
  joined_at: GeneratedTimestamp;
}

/** Why hosts could not join by a token. */
export interface JoinRefusalsTable {
  token_id: string;
  /** Empty: it has not proven that it has the token. */
  host: string;
  code: string;
  detail: string | null;
  /** The name that it wanted to have; null: the host's. */
  agent: string | null;
  attempts: Generated<number>;
  at: GeneratedTimestamp;
}
