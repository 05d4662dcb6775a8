import type { Logger } from "pino";
import { Control, type AgentState } from "../../schema/control.js";
import { MalformedMessage, parseMessage } from "../../schema/messages.js";
import { controlSubject, engineToken } from "../../schema/subjects.js";
import type { Bus } from "../bus/bus.js";
import type { Engine } from "../engine/engine.js";

/** What control messages act on. */
export interface ControlTargets {
  readonly cancel: (scans: readonly number[]) => void;
  readonly order: (state: AgentState) => void;
  /** Another process was here before with the key of this instance. */
  readonly copy: (instance: string) => void;
  readonly engines: readonly Engine[];
  readonly log: Logger;
}

/** Obeys the control messages that gateways send to this agent. */
export function listenToControl(bus: Bus, agent: string, { cancel, order, copy, engines, log }: ControlTargets): void {
  const enginesNamed = (name: string) => engines.filter(({ manifest }) => engineToken(manifest.name) === engineToken(name));

  function apply(control: Control): void {
    switch (control.kind) {
      case "cancel":
        return cancel(control.scans);
      case "state":
        return order(control.state);
      case "copy":
        return copy(control.instance);
      case "test":
        return enginesNamed(control.engine).forEach((engine) => void engine.test());
      case "refuse":
        return enginesNamed(control.engine).forEach((engine) => engine.refuse(control.reason));
      default:
        control satisfies never;
    }
  }

  bus.listen(controlSubject(agent), ({ data }) => {
    try {
      apply(parseMessage(Control, data));
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      log.warn({ err: error }, "Ignored a control message that is malformed or not known here");
    }
  });
}
