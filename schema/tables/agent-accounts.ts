/** Row type of agents' accounts on NATS. */

import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";

/** An account of an agent. An agent has one at most that is not revoked. */
export interface AgentAccountsTable {
  /** Public key of the account. */
  account_key: string;
  agent: string;
  internet: boolean;
  /** Public key of the agent itself, which alone has the seed. */
  user_key: string;
  /** Subject tokens of the engines whose work it takes. */
  engines: string[];
  issued_at: GeneratedTimestamp;
  revoked_at: NullableTimestamp;
  /** A hash of the claims that NATS has confirmed last; null if it has confirmed none. */
  confirmed: string | null;
}
