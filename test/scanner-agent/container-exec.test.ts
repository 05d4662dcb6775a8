import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { baseImage, hasDocker } from "../docker/base-image.js";
import { startBusStage, type BusStage } from "./bus-stage.js";
import { containerAgent, engineManifest, healthy, scanner, type ContainerAgent } from "./container-stage.js";
import { CLEAN, EICAR } from "./eicar.js";

let stage: BusStage;
let image: string;
const agents: ContainerAgent[] = [];

beforeAll(async () => {
  [stage, image] = await Promise.all([startBusStage(), hasDocker ? baseImage() : ""]);
}, 300_000);
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));
afterAll(() => stage.stop());

async function agentWith(...manifests: Record<string, unknown>[]): Promise<ContainerAgent> {
  const agent = await containerAgent(stage, manifests);
  agents.push(agent);
  return agent;
}

const exec = (more: Record<string, unknown> = {}) => ({ image, mode: "exec", command: scanner(), ...more });

describe.skipIf(!hasDocker)("an engine in warm containers", () => {
  test("finds EICAR, and nothing in a clean file", async () => {
    const agent = await agentWith(engineManifest("Warm", exec()));
    const engine = await healthy(agent, "Warm");
    expect(engine).toMatchObject({ runner: "container (exec)", image: { id: expect.stringMatching(/^sha256:/) as string, digest: null } });
    expect(await agent.scan("Warm", EICAR)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Eicar", image: engine.image });
    expect(await agent.scan("Warm", CLEAN)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    await agent.stop();
    expect(await agent.containers()).toEqual([]);
  });
});
