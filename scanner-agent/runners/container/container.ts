import type { Runner } from "../../contract.js";
import { createExecRunner } from "./exec.js";
import { describeRelaxations, nameOf } from "./profile.js";
import type { ContainerEngine } from "./recipe.js";
import { createServiceRunner } from "./service.js";

/** The runner of an engine that is a container image. What its manifest loosens of the profile is printed. */
export function createContainerRunner(engine: ContainerEngine): Runner {
  const { run, log } = engine;
  for (const loosening of describeRelaxations(run.relax)) log.warn({ relax: loosening }, "its containers are less fenced in");
  const description = `container (${[run.mode, ...run.relax.map((one) => `relaxed: ${nameOf(one)}`)].join(", ")})`;
  return run.mode === "exec" ? createExecRunner(engine, description) : createServiceRunner(engine, description);
}
