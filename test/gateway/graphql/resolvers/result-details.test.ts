/** The details of results are long, and read only for those who ask for them. */

import { beforeAll, expect, it } from "vitest";
import { engine } from "../../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../../stage/use-stage.js";
import { statementsOf } from "../../db/statements.js";
import { data } from "../../http/http-client.js";
import { submit } from "../../scan/submitting.js";
import { until } from "../../../stage/stage.js";

const DETAILS = { rules: ["one", "two"] };
const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta")]);
const scanIds: number[] = [];

beforeAll(async () => {
  for (const text of ["one", "two", "three"]) {
    const { scan } = await submit(gateway.url, { base64: Buffer.from(text).toString("base64") });
    for (const name of ["Alpha", "Beta"]) await agent.answer(name, { scan: scan.scanId, verdict: "CLEAN", details: DETAILS });
    scanIds.push(scan.scanId);
  }
  await until("all are final", async () => {
    const { scans } = await data<{ scans: { nodes: { endDate: string | null }[] } }>(
      gateway.url,
      "{ scans { nodes { endDate } } }",
    );
    return scans.nodes.every(({ endDate }) => endDate !== null);
  });
});

/** What a query reads of results, and its answer. */
async function readBy(query: string): Promise<{ statements: string[]; withDetails: number; answer: string }> {
  let answer: unknown;
  const statements = (await statementsOf(async () => (answer = await data(gateway.url, query)))).filter((text) =>
    /\bresults\b/.test(text),
  );
  const withDetails = statements.filter((text) => /"?results"?\."?details/.test(text)).length;
  return { statements, withDetails, answer: JSON.stringify(answer) };
}

const RESULTS = "proof { text } stale results { engine state verdict signature durationMs agent }";

it.each([
  ["a page of scans", () => `{ scans { nodes { scanId ${RESULTS} } } }`],
  ["one scan", () => `{ scan(id: ${scanIds[0]}) { ${RESULTS} } }`],
  ["the timeline of a sample", () => `{ samples { nodes { scans { nodes { ${RESULTS} } } } } }`],
])("%s reads all results in one statement, and none of their details", async (_what, query) => {
  const { statements, withDetails, answer } = await readBy(query());
  expect(statements).toHaveLength(1);
  expect(withDetails).toBe(0);
  expect(answer).toContain("both antivirus engines scanned");
});

it.each([
  ["a page of scans", () => `{ scans { nodes { scanId ${RESULTS} results { details } } } }`],
  ["one scan", () => `{ scan(id: ${scanIds[0]}) { ${RESULTS} ...More } } fragment More on Scan { results { details } }`],
])("%s reads them with the results if they are asked for", async (_what, query) => {
  const { statements, withDetails, answer } = await readBy(query());
  expect(statements).toHaveLength(1);
  expect(withDetails).toBe(1);
  expect(answer).toContain(JSON.stringify(DETAILS));
});

it("a mutation reads them for its answer only if they are asked for", async () => {
  for (const [fields, withDetails] of [
    ["engine", 0],
    ["engine details", 1],
  ] as const) {
    const query = `mutation { cancelScan(id: ${scanIds[1]}) { ... on CancelScanSuccess { scan { results { ${fields} } } } } }`;
    expect((await readBy(query)).withDetails).toBe(withDetails);
  }
});

it("one result that is found by its id has its details", async () => {
  const { scan } = await data<{ scan: { results: { id: string }[] } }>(
    gateway.url,
    `{ scan(id: ${scanIds[0]}) { results { id } } }`,
  );
  const query = `{ node(id: "${scan.results[0]?.id}") { ... on Result { engine details } } }`;
  expect(await data(gateway.url, query)).toEqual({ node: { engine: "Alpha", details: DETAILS } });
});
