/** How many operations a client may hold open, through the clients that people use. */

import { createClient as createSseClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import { beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { LIMITS } from "../../../../gateway/graphql/limits/limits.js";
import { engine } from "../../../stage/puppet-agent.js";
import { until } from "../../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../../stage/use-stage.js";
import { data } from "../../http/http-client.js";

let scan: number;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_SUBSCRIPTIONS: "120" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

beforeAll(async () => {
  const query = `mutation { submitScan(input: { base64: "b3Blbg==" }) { ... on SubmitScanSuccess { scan { scanId } } } }`;
  scan = (await data<{ submitScan: { scan: { scanId: number } } }>(gateway.url, query)).submitScan.scan.scanId;
});

const watch = () => ({ query: `subscription { scanUpdated(id: ${scan}) { revision } }` });
const webSocket = () =>
  createClient({ url: `${gateway.url.replace("http", "ws")}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });

/** So many subscriptions, each of which has shown its first state. */
async function subscribe(client: Pick<ReturnType<typeof webSocket>, "iterate">, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => client.iterate(watch()).next()));
}

const refusal = (limit: string, asked: number, most: number) => ({
  value: { errors: [{ extensions: { code: "LIMIT_EXCEEDED", limit, asked: `${asked}`, most } }] },
});

describe("operations that are open", () => {
  it("are limited on each connection, and over all connections of one caller", async () => {
    const [first, second] = [webSocket(), webSocket()];
    const sse = createSseClient({ url: `${gateway.url}/graphql/stream`, retryAttempts: 0 });
    const most = LIMITS.operationsPerConnection;
    await subscribe(first, most);
    expect(await first.iterate(watch()).next()).toMatchObject(refusal("operationsPerConnection", most + 1, most));
    await subscribe(second, 120 - most);
    expect(await second.iterate(watch()).next()).toMatchObject(refusal("subscriptions", 121, 120));
    expect(await sse.iterate(watch()).next()).toMatchObject(refusal("subscriptions", 121, 120));
    expect(await second.iterate({ query: "{ engines { name } }" }).next()).toMatchObject({ value: { data: {} } });
    await first.dispose();
    await until("those of the first connection have left", async () => {
      const { value } = (await sse.iterate(watch()).next()) as { value: { data?: unknown } };
      return value.data;
    });
    await subscribe(second, most - (120 - most));
    await second.dispose();
    sse.dispose();
    await until("nobody watches any more", () => gateway.context.watchers.scans.count() === 0);
  });
});
