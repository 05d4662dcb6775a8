import { expect, it } from "vitest";
import { readScan } from "../../../gateway/db/scans.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";

const script = `[sh, -c, 'printf "stream: OK\\0"', shifty, "{file}"]`;
const manifest = (speed: string) => ({
  shifty: `name: Shifty\ntype: METADATA\nspeed: ${speed}\ninternet: false\noutput: clamd\nrun:\n  process: { command: ${script} }\n`,
});

const stage = useStage();
const gateway = prepared(() => stage.gateway());
async function submit(text: string): Promise<number> {
  const bytes = (async function* () {
    yield Buffer.from(text);
  })();
  const input = { name: "a", speed: "ALL", internet: false } as const;
  return (await submitScan(gateway.context, TESTER, { kind: "stream", bytes }, input)).scanId;
}
const report = (scanId: number) => readScan(stage.db, scanId);
const isFinal = async (scanId: number) => (await report(scanId))?.endDate;

it("an engine whose speed changed since yesterday takes no work until that is accepted; what was queued runs then", async () => {
  const yesterday = await stage.agentProcess({ id: "yesterday", engines: manifest("FAST") });
  await until("the engine is expected", async () => {
    const { engines } = await data<{ engines: { available: boolean }[] }>(gateway.url, "{ engines { available } }");
    return engines[0]?.available;
  });
  const first = await submit("yesterday");
  await until("it is final", () => isFinal(first));
  await yesterday.kill();

  await stage.agentProcess({ id: "today", engines: manifest("SLOW") });
  const shown = async () =>
    (
      await data<{ agents: { agent: string; engines: { healthy: boolean; reason: string }[] }[] }>(
        gateway.url,
        "{ agents { agent engines { healthy reason } } }",
      )
    ).agents.find(({ agent }) => agent === "today")?.engines[0];
  // Before, it may be shown with another reason: it is tested first.
  const reason = "differs from the mesh: speed is FAST there and SLOW here";
  const differs = await until("the difference is shown", async () => {
    const engine = await shown();
    return engine?.reason === reason ? engine : undefined;
  });
  expect(differs).toEqual({ healthy: false, reason });
  await until("the agent was told", () => gateway.context.fleet.staleRefusals().length === 0);
  const queued = await submit("today");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await report(queued))?.results).toMatchObject([{ engine: "Shifty", state: "QUEUED", agent: null }]);

  const accept = `mutation { acceptEngineChange(name: "Shifty") { ... on AcceptEngineChangeSuccess { engine { speed } } ... on UserError { message } } }`;
  expect(await data(gateway.url, accept)).toEqual({ acceptEngineChange: { engine: { speed: "SLOW" } } });
  await until("what was queued has run", () => isFinal(queued));
  expect((await report(queued))?.results).toMatchObject([{ state: "DONE", agent: "today", speed: "SLOW" }]);
  expect(await until("it is healthy", async () => ((await shown())?.healthy ? shown() : undefined))).toMatchObject({
    reason: null,
  });
});
