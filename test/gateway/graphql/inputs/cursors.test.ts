import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data, graphql } from "../../http/http-client.js";
import { startHistory, type HistoryStage } from "../../db/history-stage.js";

let history: HistoryStage;

beforeAll(async () => {
  history = await startHistory(200);
});

afterAll(() => history.stage.stop());

interface Page {
  readonly scans: { readonly pageInfo: { readonly endCursor: string } };
}

const LIST = `query List($filter: ScanFilter, $order: ScanOrder!, $after: String) {
  scans(filter: $filter, order: $order, after: $after) { pageInfo { endCursor } } }`;
const old = new Date(Date.now() - 81 * 86_400_000).toISOString();

describe("a cursor", () => {
  const cursorFrom = async (filter: object, order: string) =>
    (await data<Page>(history.gateway.url, LIST, { filter, order })).scans.pageInfo.endCursor;
  const BY_TIME = { started: { since: old } };
  const SAMPLES = "query($after: String) { samples(after: $after) { nodes { id } } }";
  const OF_SAMPLE = "query($after: String) { samples(first: 1) { nodes { scans(after: $after) { nodes { scanId } } } } }";

  it.each([
    ["of the list of samples", SAMPLES, {}],
    ["of a sample's scans", OF_SAMPLE, {}],
    ["of the other order", LIST, { filter: {}, order: "OLDEST_FIRST" }],
    ["of the list by time", LIST, { filter: BY_TIME, order: "NEWEST_FIRST" }],
  ])("of the list of scans is none %s", async (_what, query, variables) => {
    const after = await cursorFrom({}, "NEWEST_FIRST");
    const { errors } = await graphql(history.gateway.url, query, { ...variables, after });
    expect(errors).toMatchObject([{ message: "after: is not a cursor of this list", extensions: { code: "BAD_INPUT" } }]);
  });

  it("of the list by time is none of the list by number", async () => {
    const after = await cursorFrom(BY_TIME, "NEWEST_FIRST");
    const { errors } = await graphql(history.gateway.url, LIST, { filter: {}, order: "NEWEST_FIRST", after });
    expect(errors?.[0]?.message).toBe("after: is not a cursor of this list");
  });
});
