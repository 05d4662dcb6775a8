/** Signatures that were too old when an engine ran, wherever they are shown. */

import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";
import { base64, submit } from "./submitting.js";

const DAY_MS = 86_400_000;
const aged = (days: number) => ({
  engine: "1.0",
  signatures: "42",
  signatureDate: new Date(Date.now() - days * DAY_MS).toISOString(),
});
const UNDATED = { engine: "1.0", signatures: "42", signatureDate: null };
/** Each with whether its signatures are stale. */
const ENGINES = [
  [engine("Fresh", { versions: aged(6.9) }), false],
  [engine("Old", { versions: aged(7.1) }), true],
  [engine("Impatient", { versions: aged(2), staleAfterMs: DAY_MS }), true],
  [engine("Patient", { versions: aged(30), staleAfterMs: 31 * DAY_MS }), false],
  [engine("Undated", { versions: UNDATED, outdated: true }), false],
  [engine("Rules", { type: "METADATA", versions: aged(400) }), false],
] as const;
const EXPECTED = Object.fromEntries(ENGINES.map(([{ name }, stale]) => [name, stale]));

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(
  stage,
  "puppet",
  ENGINES.map(([one]) => one),
);

interface Named {
  readonly name: string;
  readonly stale: boolean;
}
const byName = (list: readonly Named[]) => Object.fromEntries(list.map(({ name, stale }) => [name, stale]));

it("are stale in the list of engines, on the agent and as a metric, by the age that each manifest allows", async () => {
  const { engines, agents } = await data<{ engines: Named[]; agents: { engines: Named[] }[] }>(
    gateway.url,
    "{ engines { name stale } agents { engines { name stale } } }",
  );
  expect(byName(engines)).toEqual(EXPECTED);
  expect(byName(agents[0]?.engines ?? [])).toEqual(EXPECTED);
  const { text } = await ask(`${gateway.url}/metrics`);
  const metric = [...text.matchAll(/^scanmesh_engine_stale\{engine="(\w+)",agent="puppet"\} (\d)$/gm)];
  expect(Object.fromEntries(metric.map(([, name, value]) => [name, value === "1"]))).toEqual(EXPECTED);
  const outdated = [...text.matchAll(/^scanmesh_engine_outdated\{engine="(\w+)",agent="puppet"\} 1$/gm)];
  expect(outdated.map(([, name]) => name)).toEqual(["Undated"]);
  const ages = [...text.matchAll(/^scanmesh_engine_signature_age_seconds\{engine="(\w+)",agent="puppet"\} (\d+)/gm)];
  expect(ages.map(([, name]) => name).toSorted()).toEqual(["Fresh", "Impatient", "Old", "Patient"]);
  expect(Number(ages.find(([, name]) => name === "Patient")?.[2])).toBeGreaterThan(29 * 86_400);
});

it("mark the results and the scan, which stays CLEAN, and go on marking them after an update", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("stale") });
  for (const [{ name, type, versions }] of ENGINES)
    await agent.answer(name, { scan: scan.scanId, verdict: type === "AV" ? "CLEAN" : null, versions });
  const query = `{ scan(id: ${scan.scanId}) { verdict endDate stale results { engine stale } } scans(first: 1) { nodes { stale } } }`;
  interface Shown {
    readonly verdict: string;
    readonly endDate: string | null;
    readonly stale: boolean;
    readonly results: { engine: string; stale: boolean }[];
  }
  const read = () => data<{ scan: Shown; scans: { nodes: { stale: boolean }[] } }>(gateway.url, query);
  const final = await until("it is final", async () => {
    const now = await read();
    return now.scan.endDate === null ? undefined : now;
  });
  expect(final.scan).toMatchObject({ verdict: "CLEAN", stale: true });
  expect(Object.fromEntries(final.scan.results.map((one) => [one.engine, one.stale]))).toEqual(EXPECTED);
  expect(final.scans.nodes).toEqual([{ stale: true }]);

  const { text } = await ask(`${gateway.url}/api/v1/sample/${scan.scanId}`);
  const report = JSON.parse(text) as { verdict: string; stale: boolean; result: { name: string; stale?: true }[] };
  expect(report).toMatchObject({ verdict: "clean", stale: true });
  expect(Object.fromEntries(report.result.map(({ name, stale = false }) => [name, stale]))).toEqual(EXPECTED);

  await agent.announce(ENGINES.map(() => ({ versions: aged(0) })));
  await until("the engine is up to date", async () => {
    const { engine: old } = await data<{ engine: Named }>(gateway.url, '{ engine(name: "Old") { name stale } }');
    return !old.stale;
  });
  expect((await read()).scan).toEqual(final.scan);
});

it("mark nothing while every engine is up to date, nor what has not ended", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("fresh") });
  await agent.answer("Fresh", { scan: scan.scanId, verdict: "CLEAN", versions: aged(6) });
  await agent.answer("Old", { scan: scan.scanId, state: "SCANNING", versions: aged(70) });
  await until("the engine has answered", async () => {
    const { scan: now } = await data<{ scan: { done: number } }>(gateway.url, `{ scan(id: ${scan.scanId}) { done } }`);
    return now.done === 1;
  });
  const { text } = await ask(`${gateway.url}/api/v1/sample/${scan.scanId}`);
  expect(JSON.parse(text)).toMatchObject({ stale: false });
  expect(text).not.toContain('"stale":true');
});
