import type { Logger } from "pino";
import { z } from "zod";
import type { EngineSettings } from "../../schema/agent-settings.js";
import { Control, type AgentState } from "../../schema/control.js";
import type { FetchOrder } from "../../schema/fetch-job.js";
import { MalformedMessage, parseMessage } from "../../schema/messages.js";
import type { RuleOrder } from "../../schema/rule-job.js";
import { controlSubject, engineToken } from "../../schema/subjects.js";
import { visibleText } from "../../schema/visible-text.js";
import type { Bus } from "../bus/bus.js";
import { createIgnoredParts } from "./ignored-parts.js";
import type { Engine } from "../engine/engine.js";

/** What control messages act on. */
export interface ControlTargets {
  readonly cancel: (scans: readonly number[]) => void;
  readonly order: (state: AgentState) => void;
  /** Another process ran before with this instance's key. */
  readonly copy: (instance: string) => void;
  readonly engines: () => readonly Engine[];
  readonly settings: (revision: number, engines: readonly EngineSettings[]) => void;
  readonly serve: (order: Extract<Control, { kind: "serve" }>) => void;
  /** Meant for the process that was started at that time. */
  readonly restart: (startedAt: string) => void;
  /** Undefined where nothing is fetched for the mesh. */
  readonly fetch?: ((jobs: readonly FetchOrder[]) => void) | undefined;
  /** Undefined where no engine has rules. */
  readonly rules?: ((jobs: readonly RuleOrder[]) => void) | undefined;
  readonly log: Logger;
}

/** Obeys the control messages that gateways send to this agent. */
export function listenToControl(bus: Bus, agent: string, targets: ControlTargets): void {
  const { cancel, order, copy, settings, serve, fetch, rules, restart, engines, log } = targets;
  const enginesNamed = (name: string) => engines().filter(({ manifest }) => engineToken(manifest.name) === engineToken(name));

  const collectIgnored = createIgnoredParts();

  function ignoreSignatures(control: Extract<Control, { kind: "ignore" }>): void {
    const signatures = collectIgnored(control);
    if (signatures === undefined) return;
    for (const engine of enginesNamed(control.engine))
      engine
        .ignore(signatures)
        .catch((error: unknown) =>
          log.warn({ err: error, engine: control.engine }, "Cannot leave out what is suppressed; retrying"),
        );
  }

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
      case "settings":
        return settings(control.revision, control.engines);
      case "restart":
        return restart(control.startedAt);
      case "ignore":
        return ignoreSignatures(control);
      case "serve":
        return serve(control);
      case "fetch":
        return fetch?.(control.jobs);
      case "rules":
        return rules?.(control.jobs);
      default:
        control satisfies never;
    }
  }

  bus.listen(controlSubject(agent), ({ data }) => {
    try {
      apply(parseMessage(Control, data));
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      log.warn({ err: error, ...nameControl(data) }, "Ignored a control message that is malformed or not known here");
    }
  });
}

const named = z
  .string()
  .transform((text) => visibleText(text.slice(0, 64)))
  .optional()
  .catch(undefined);
const Named = z.object({ kind: named, engine: named });

/** What a message says that it is, and of which engine, as far as that can be read. */
function nameControl(data: Uint8Array): z.infer<typeof Named> {
  try {
    return parseMessage(Named, data);
  } catch (error) {
    if (error instanceof MalformedMessage) return {};
    throw error;
  }
}
