import type { Runner } from "../../contract.js";
import { CLAMAV_DB } from "./mounts.js";
import { createExecRunner } from "./exec.js";
import { describeRelaxations, relaxationName } from "./profile.js";
import type { ContainerEngine } from "./recipe.js";
import { createServiceRunner } from "./service.js";

/** Creates the runner of an engine that is a container image. Logs what its manifest relaxes of the hardened profile. */
export function createContainerRunner(engine: ContainerEngine): Runner {
  const { run, log } = engine;
  for (const relaxation of describeRelaxations(run.relax)) log.warn(`Its containers are less isolated: ${relaxation}`);
  const description = `container (${[run.mode, ...run.relax.map((one) => `relaxed: ${relaxationName(one)}`)].join(", ")})`;
  const runner = run.mode === "exec" ? createExecRunner(engine, description) : createServiceRunner(engine, description);
  const updatedBy = run.mounts.some(({ from }) => from === CLAMAV_DB) ? "HOST" : "IMAGE";
  return { ...runner, setup: { updatedBy, limits: run.limits } };
}
