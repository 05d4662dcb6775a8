import type { Logger } from "pino";
import { Control, MalformedMessage, parseMessage, type AgentState } from "../../schema/messages.js";
import { controlSubject, engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Engine } from "../engine/engine.js";

/** What an agent does when it is told. */
export interface Controlled {
  readonly cancel: (scans: readonly number[]) => void;
  readonly order: (state: AgentState) => void;
  readonly engines: readonly Engine[];
  readonly log: Logger;
}

/** Does what the gateways tell this agent. */
export function listenToControl(bus: Bus, agent: string, { cancel, order, engines, log }: Controlled): void {
  const named = (name: string) => engines.filter(({ manifest }) => engineToken(manifest.name) === engineToken(name));

  function obey(control: Control): void {
    switch (control.kind) {
      case "cancel":
        return cancel(control.scans);
      case "state":
        return order(control.state);
      case "test":
        return named(control.engine).forEach((engine) => void engine.start());
      case "refuse":
        return named(control.engine).forEach((engine) => engine.refuse(control.reason));
    }
  }

  bus.listen(controlSubject(agent), ({ data }) => {
    try {
      obey(parseMessage(Control, data));
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      log.warn({ err: error }, "a control message cannot be read");
    }
  });
}
