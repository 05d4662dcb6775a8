import type { Logger } from "pino";
import { OperatorError } from "../../schema/operator-error.js";
import { connectBus, type Bus } from "../bus/bus.js";
import type { AgentConfig } from "../config.js";
import { natsAuthority, natsServers } from "./identity.js";
import type { Membership } from "./membership.js";

const FLUSH_MS = 2_000;

/** The agent's connections to NATS. */
export interface Connections {
  /** Connects; `purpose` names the connection in the server's monitoring. Throws {@link OperatorError} where waiting does not help. */
  open(purpose: string): Promise<Bus>;
  /** Sends what is buffered, and closes all. */
  close(): Promise<void>;
}

/** There is none yet. */
export function createConnections(
  config: AgentConfig,
  {
    membership,
    onEnd,
    log,
    signal,
  }: {
    readonly membership: () => Membership | undefined;
    /** A connection has ended for good. */
    readonly onEnd: (error: Error) => void;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Connections {
  const buses: Bus[] = [];

  async function connect(purpose: string): Promise<Bus> {
    const { credsFile, internet, agent } = config;
    const onAway = () => void membership()?.check().catch(onEnd);
    const [servers, authority] = [natsServers(config), natsAuthority(config)];
    const options = { servers, authority, credsFile, internet, agent, purpose, log, onAway, signal };
    try {
      return await connectBus(options);
    } catch (error) {
      const member = membership();
      if (!(error instanceof OperatorError) || !member) throw error;
      // The gateway knows why NATS refuses it, or how to be let in again.
      await member.check();
      return connectBus(options);
    }
  }

  return {
    async open(purpose) {
      const bus = await connect(purpose);
      buses.push(bus);
      void bus.closed.then((reason) => onEnd(new Error(`the connection to NATS has ended (${String(reason)})`)));
      return bus;
    },
    async close() {
      await Promise.all(buses.map((bus) => bus.flush(FLUSH_MS)));
      await Promise.all(buses.map((bus) => bus.close()));
    },
  };
}
