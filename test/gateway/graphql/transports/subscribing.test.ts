import { createClient as createSseClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { engine } from "../../../stage/puppet-agent.js";
import { until } from "../../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../../stage/use-stage.js";
import { ask, data } from "../../http/http-client.js";

const WATCH =
  "subscription Watch($id: SafeInt!) { scanUpdated(id: $id) { scanId revision verdict endDate results { engine state verdict } } }";

interface Update {
  readonly scanUpdated: {
    revision: number;
    verdict: string | null;
    endDate: string | null;
    results: { engine: string; state: string }[];
  };
}
interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}
type Result = {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: unknown }[];
};

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);

interface Submitted {
  readonly submitScan: { readonly scan: { readonly scanId: number } };
}

async function submit(): Promise<number> {
  const query = `mutation { submitScan(input: { base64: "bGl2ZQ==" }) { ... on SubmitScanSuccess { scan { scanId } } } }`;
  return (await data<Submitted>(gateway.url, query)).submitScan.scan.scanId;
}

async function isFinal(id: number): Promise<boolean> {
  return (await data<{ scan: { endDate: string | null } }>(gateway.url, `{ scan(id: ${id}) { endDate } }`)).scan.endDate !== null;
}

const socketUrl = () => `${gateway.url.replace("http", "ws")}/graphql`;

/** The two ways to subscribe, through the clients that people use. */
const TRANSPORTS = {
  WebSocket: () => {
    const client = createClient({ url: socketUrl(), webSocketImpl: WebSocket, retryAttempts: 0 });
    return {
      iterate: (operation: Operation) => client.iterate(operation) as AsyncIterableIterator<Result>,
      close: () => void client.dispose(),
    };
  },
  SSE: () => {
    const client = createSseClient({ url: `${gateway.url}/graphql/stream`, retryAttempts: 0 });
    return {
      iterate: (operation: Operation) => client.iterate(operation) as AsyncIterableIterator<Result>,
      close: () => client.dispose(),
    };
  },
};

/** Everything a transport says to an operation; a refusal counts as one result with errors. */
async function everything(operation: Operation, transport: keyof typeof TRANSPORTS): Promise<Result[]> {
  const { iterate, close } = TRANSPORTS[transport]();
  const results: Result[] = [];
  try {
    for await (const result of iterate(operation)) results.push(result);
  } catch (errors) {
    if (!Array.isArray(errors)) throw errors;
    results.push({ errors });
  } finally {
    close();
  }
  return results;
}

describe.each(Object.keys(TRANSPORTS) as (keyof typeof TRANSPORTS)[])("a subscription over %s", (transport) => {
  it("shows a snapshot, then each change, and ends when the scan is final", async () => {
    const id = await submit();
    const { iterate, close } = TRANSPORTS[transport]();
    const updates = iterate({ query: WATCH, variables: { id } });
    const next = async () => ((await updates.next()).value as { data: Update }).data.scanUpdated;
    expect(await next()).toMatchObject({ verdict: null, endDate: null, results: [{ engine: "Alpha", state: "QUEUED" }] });
    const { ack } = await agent.take("Alpha");
    await agent.answer("Alpha", { scan: id, state: "SCANNING" });
    expect(await next()).toMatchObject({ results: [{ state: "SCANNING" }] });
    await agent.answer("Alpha", { scan: id, verdict: "INFECTED", signature: "Test" });
    ack();
    const last = await next();
    expect(last).toMatchObject({ verdict: "INFECTED", results: [{ state: "DONE" }] });
    expect(last.endDate).not.toBeNull();
    expect((await updates.next()).done).toBe(true);
    close();
    await until("nobody watches any more", () => gateway.context.watchers.scans.count() === 0);
  });

  it("shows a scan that is final once, and ends", async () => {
    const { submitScan } = await data<Submitted>(
      gateway.url,
      `mutation { submitScan(input: { base64: "", engines: ["Alpha"], speed: ULTRA }) { ... on SubmitScanSuccess { scan { scanId } } } }`,
    );
    const { ack, request } = await agent.take("Alpha");
    await agent.answer("Alpha", { scan: request.scan, verdict: "CLEAN" });
    ack();
    await until("it is final", async () => await isFinal(submitScan.scan.scanId));
    const results = await everything({ query: WATCH, variables: { id: submitScan.scan.scanId } }, transport);
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ data: { scanUpdated: { verdict: "CLEAN" } } });
  });

  it("goes on after the end for what is found late, if it is asked to, until the scan is deleted", async () => {
    const id = await submit();
    const { ack } = await agent.take("Alpha");
    const { iterate, close } = TRANSPORTS[transport]();
    const late = WATCH.replace("scanUpdated(id: $id)", "scanUpdated(id: $id, untilFinal: false)");
    const updates = iterate({ query: late, variables: { id } });
    const next = async () => ((await updates.next()).value as { data: Update }).data.scanUpdated;
    expect(await next()).toMatchObject({ endDate: null });
    await data(gateway.url, `mutation { cancelScan(id: ${id}) { __typename } }`);
    const end = await next();
    expect(end).toMatchObject({ verdict: "INCONCLUSIVE", endDate: expect.any(String) as unknown });
    await agent.answer("Alpha", { scan: id, verdict: "INFECTED", signature: "Late" });
    ack();
    expect(await next()).toMatchObject({ verdict: "INFECTED", endDate: end.endDate, revision: end.revision + 1 });
    await data(gateway.url, `mutation { deleteScan(id: ${id}) { __typename } }`);
    expect((await updates.next()).done).toBe(true);
    close();
    await until("nobody watches any more", () => gateway.context.watchers.scans.count() === 0);
  });

  it("is refused for a scan that is not there", async () => {
    for (const [id, code] of [
      [999_999_999, "NOT_FOUND"],
      [0, "BAD_INPUT"],
    ] as const) {
      const results = await everything({ query: WATCH, variables: { id } }, transport);
      expect(results).toHaveLength(1);
      expect(results[0]?.errors?.[0]).toMatchObject({ extensions: { code } });
    }
  });

  it("stops watching when its client leaves while it waits", async () => {
    const id = await submit();
    const { iterate, close } = TRANSPORTS[transport]();
    const updates = iterate({ query: WATCH, variables: { id } });
    await updates.next();
    expect(gateway.context.watchers.scans.count()).toBe(1);
    close();
    await until("nobody watches any more", () => gateway.context.watchers.scans.count() === 0);
    const { ack } = await agent.take("Alpha");
    await agent.answer("Alpha", { scan: id, verdict: "CLEAN" });
    ack();
  });

  it.each([
    ["a syntax error", { query: "{" }, "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", { query: "{ nothing }" }, "GRAPHQL_VALIDATION_FAILED"],
    ["too deep a document", { query: `${"{a".repeat(100)}${"}".repeat(100)}` }, "LIMIT_EXCEEDED"],
    [
      "too costly an operation",
      {
        query: `{ ${"abc"
          .split("")
          .map((a) => `${a}: scans(first: 100) { nodes { results { ${FIELDS} } } }`)
          .join(" ")} }`,
      },
      "LIMIT_EXCEEDED",
    ],
    ["too many tokens", { query: `{ ${"engines { name } ".repeat(2_000)} }` }, "LIMIT_EXCEEDED"],
    ["wrong variables", { query: WATCH, variables: { id: "x" } }, "BAD_USER_INPUT"],
  ])("refuses %s as HTTP does", async (_what, operation: Operation, code) => {
    const [result] = await everything(operation, transport);
    expect(result?.errors?.[0]).toMatchObject({ extensions: { code } });
  });

  it("serves queries too", async () => {
    expect(await everything({ query: "{ engines { name } }" }, transport)).toEqual([{ data: { engines: [{ name: "Alpha" }] } }]);
  });
});

const FIELDS =
  "engine type speed internet state verdict signature error agent startedAt endedAt durationMs details truncated versions { engine signatures signatureDate }";

describe("an event stream", () => {
  it("is one that EventSource can read, by GET", async () => {
    const answer = await ask(`${gateway.url}/graphql/stream?query=${encodeURIComponent("{ engines { name } }")}`);
    expect(answer.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    expect(answer.text).toBe(`:\n\nevent: next\ndata: {"data":{"engines":[{"name":"Alpha"}]}}\n\nevent: complete\ndata:\n\n`);
  });

  it("changes nothing by GET", async () => {
    expect(
      (await ask(`${gateway.url}/graphql/stream?query=${encodeURIComponent("mutation { createUpload { id } }")}`)).status,
    ).toBe(400);
  });
});

describe("a gateway that stops", () => {
  it("ends the subscriptions that are open", async () => {
    const second = await stage.gateway();
    const id = await submit();
    const socket = createClient({
      url: `${second.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const sse = createSseClient({ url: `${second.url}/graphql/stream`, retryAttempts: 0 });
    const watches = [socket.iterate({ query: WATCH, variables: { id } }), sse.iterate({ query: WATCH, variables: { id } })];
    for (const watch of watches) await watch.next();
    const ends = watches.map((watch) =>
      watch.next().then(
        (item) => item.done ?? false,
        () => true,
      ),
    );
    await second.stop();
    expect(await Promise.all(ends)).toEqual([true, true]);
  });
});
