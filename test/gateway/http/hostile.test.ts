/**
 * 10,000 requests that are malformed or hostile, over HTTP, WebSocket and server-sent events: GraphQL, REST, uploads and bytes
 * that are no request. Every one comes from a seed and its number: HOSTILE_SEED=n sends another ten thousand.
 */

import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { createSchema } from "../../../gateway/graphql/schema.js";
import { usageOf } from "../../stage/process-usage.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "./http-client.js";
import { send, type Outcome } from "./hostile-clients.js";
import { hostileRequest } from "./hostile-requests.js";
import { loggedErrors } from "../logged-errors.js";

const SEED = Number(process.env["HOSTILE_SEED"] ?? 1);
const REQUESTS = 10_000;
const WARM_UP = 1_500;
const AT_ONCE = 12;
/** Bytes of memory in use that may be more than before: less than a kilobyte for each request. What is cached is bounded, and fills slowly. */
const GROWTH = 8_000_000;

const LEAKS =
  /\bat \S+ \(?(file:|\/)|\.(js|ts):\d+:\d+|node_modules|stacktrace|select "|insert into "|syntax error at or near|kysely|ECONNREFUSED|postgres:\/\//i;

const schema = createSchema();

const stage = useStage();
const gateway = prepared(() =>
  stage.gatewayProcess({ SCANMESH_BASE64_LIMIT: "64KiB", SCANMESH_UPLOAD_LIMIT: "1MiB" }, { probed: true }),
);
usePuppet(stage, "puppet", [engine("ClamAV"), engine("FileInfo", { type: "METADATA" })]);

/** What is wrong with how a request was answered. */
function fault({ status, text }: Outcome): string | undefined {
  if (status >= 500) return `answered ${status}`;
  if (text.includes('"code":"INTERNAL"')) return "answered INTERNAL";
  const [leak] = LEAKS.exec(text) ?? [];
  return leak === undefined ? undefined : `told ${JSON.stringify(leak)}`;
}

/** Sends the requests of a seed and returns those that were answered wrongly. */
async function storm(seed: number, count: number): Promise<string[]> {
  const wrong: string[] = [];
  let next = 0;
  const sender = async () => {
    while (next < count && wrong.length < 10) {
      const index = next++;
      const hostile = hostileRequest(schema, seed, index);
      try {
        const outcome = await send(gateway.url, hostile);
        if (gateway.process.exitCode !== null) throw new Error(`the gateway ended: ${gateway.log().slice(-2_000)}`);
        const what = fault(outcome);
        if (what !== undefined)
          wrong.push(`seed ${seed}, request ${index} ${what}: ${shown(hostile)} → ${outcome.text.slice(0, 300)}`);
      } catch (error) {
        wrong.push(`seed ${seed}, request ${index}: ${String(error)}: ${shown(hostile)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return wrong;
}

function shown(hostile: object): string {
  return JSON.stringify(hostile, (_, value: unknown) =>
    (value as { type?: string } | null)?.type === "Buffer"
      ? Buffer.from((value as { data: number[] }).data).toString("latin1")
      : value,
  ).slice(0, 1_500);
}

it("no hostile request brings a gateway down, is a fault of it, learns of its inside or stays in its memory", async () => {
  expect(await storm(SEED + 1, WARM_UP)).toEqual([]);
  const before = await usageOf(gateway, "memory");
  expect(await storm(SEED, REQUESTS)).toEqual([]);
  await until("memory is back", async () => {
    if ((await usageOf(gateway, "memory")) < before + GROWTH) return true;
    // To measure it costs the gateway three collections of its garbage.
    await pause(500);
    return false;
  });
  expect(gateway.process.exitCode).toBeNull();
  expect(loggedErrors(gateway.log())).toEqual([]);
  expect((await ask(`${gateway.url}/readyz`)).status).toBe(200);
  expect(await data(gateway.url, "{ engines { name } }")).toEqual({ engines: [{ name: "ClamAV" }, { name: "FileInfo" }] });
});
