/** What callers are told of themselves, with a key and without. */

import { expect, it } from "vitest";
import { ownVersion } from "../../../../schema/version.js";
import { SCOPES, type Scope } from "../../../../schema/scopes.js";
import { engine } from "../../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../../stage/use-stage.js";
import { data, type GraphQLAnswer } from "../../http/http-client.js";
import { errorOf, idOf, keyWith, operation } from "../../keys/keyed-client.js";

const QUERY = `{ viewer { authRequired keyId keyName scopes serverTime version limits {
  sampleBytes base64Bytes batchSamples pageLength deadlineSeconds subscriptions rate dailyScans scansToday } } }`;
const COMMON = { base64Bytes: 131_072, batchSamples: 100, pageLength: 100, deadlineSeconds: 86_400, subscriptions: 6_000 };

const stage = useStage();
const keyed = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys", SCANMESH_UPLOAD_LIMIT: "1MiB" }));
const open = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);

interface Viewer {
  readonly viewer: { readonly serverTime: string };
}

async function viewerOf(key: string): Promise<Viewer> {
  const answer = (await operation(keyed, key, QUERY)).json<GraphQLAnswer<Viewer>>();
  expect(answer.errors).toBeUndefined();
  return answer.data as Viewer;
}

it("a key is told its name, scopes and what is left of its quota", async () => {
  const key = await keyWith(keyed, ["scan:write", "scan:read"], { name: "night shift", rate: 50, dailyScans: 9 });
  const before = Date.now();
  const { viewer } = await viewerOf(key);
  expect(viewer).toEqual({
    authRequired: true,
    keyId: idOf(key),
    keyName: "night shift",
    scopes: ["SCAN_WRITE", "SCAN_READ"],
    serverTime: expect.any(String) as unknown,
    version: ownVersion(),
    limits: { ...COMMON, sampleBytes: 1_048_576, rate: 50, dailyScans: 9, scansToday: 0 },
  });
  expect(Date.parse(viewer.serverTime)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(viewer.serverTime)).toBeLessThanOrEqual(Date.now());
});

it.each<Scope>([...SCOPES])("a key with no more than %s may ask", async (scope) => {
  expect(await viewerOf(await keyWith(keyed, [scope]))).toMatchObject({
    viewer: { keyName: "test", limits: { dailyScans: null } },
  });
});

it("nobody is told anything without a key where one is asked for", async () => {
  const answer = await operation(keyed, undefined, QUERY);
  expect(answer.status).toBe(401);
  expect(errorOf(answer)).toMatchObject({ extensions: { code: "UNAUTHENTICATED" } });
});

it("a mesh that asks for no key lets everybody do everything", async () => {
  expect(await data(open.url, QUERY)).toMatchObject({
    viewer: {
      authRequired: false,
      keyId: null,
      keyName: null,
      scopes: ["SCAN_READ", "SCAN_WRITE", "SAMPLE_READ", "FLEET_WRITE", "ADMIN"],
      limits: { rate: null, dailyScans: null, scansToday: null },
    },
  });
});
