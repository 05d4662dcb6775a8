/** Versions of rulesets: how they are sent, numbered, kept and enabled, and who may read them. */

import { expect, it, vi } from "vitest";
import { createLoaders } from "../../../gateway/graphql/loaders.js";
import { RULESET_LIMITS } from "../../../schema/rule-job.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { listed, listing, openBundle, post, publish, putFile } from "../bundles/sending.js";
import { statementsOf } from "../db/statements.js";
import { ask, data } from "../http/http-client.js";
import { keyWith, operation } from "../keys/keyed-client.js";
import { useRuleHosts } from "./rule-host.js";
import { act, create, enable, show } from "./ruleset-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const { host, ready } = useRuleHosts(stage, gateway);
const RULES = { "a.yar": "rule A { condition: true }" };
const OTHER_RULES = { "a.yar": "rule B { condition: true }" };

async function openRuleset(name: string): Promise<string> {
  const mutation = `mutation ($input: RulesetUploadInput!) { createRulesetUpload(input: $input) { ... on RulesetUploadSuccess { url } } }`;
  const { createRulesetUpload } = await data<{ createRulesetUpload: { url: string } }>(gateway.url, mutation, {
    input: { name },
  });
  return createRulesetUpload.url;
}

it("a number is used once, and a URL makes one version", async () => {
  const { url } = gateway;
  await host();
  const to = await openRuleset("own");
  // Gateways of earlier releases take what has 32 letters for the upload of a bundle, and know no other.
  expect(new URL(to).pathname).toMatch(/^\/bundles\/ruleset-[\w-]{32}$/);
  expect(new URL(await openBundle(url, "Yara", "sent")).pathname).toMatch(/^\/bundles\/[\w-]{32}$/);
  await putFile(to, RULES["a.yar"]);
  const sent = { files: listing(RULES) };
  const { id } = (await post(to, sent)).json<{ id: string }>();
  // The same again is the same version, although somebody else has sent a newer one.
  expect((await create(url, "own", OTHER_RULES)).version.number).toBe(2);
  expect((await post(to, sent)).json()).toMatchObject({ id, sequence: 1, known: true });
  const third = { "a.yar": "rule C { condition: true }" };
  await putFile(to, third["a.yar"]);
  expect((await post(to, { files: listing(third) })).json()).toMatchObject({
    error: expect.stringMatching(/something else was sent/) as string,
  });

  for (const version of [id, (await create(url, "own", OTHER_RULES)).version.id]) await act(url, "deleteRuleset", version);
  expect((await post(to, sent)).status).toBe(404);
  expect((await create(url, "own", RULES)).version.number).toBe(3);
});

it("what cannot be a file or a comment of a ruleset is refused with what is wrong with it", async () => {
  const { url } = gateway;
  await host();
  const to = await openRuleset("large");
  const large = Buffer.alloc(RULESET_LIMITS.size + 1);
  expect(await ask(`${to}/${"a".repeat(64)}`, { method: "PUT", body: large })).toMatchObject({ status: 413 });
  const refused = async (files: Readonly<Record<string, string>>, comment: string) =>
    (await create(url, "odd", files, { comment })).message;
  await expect(refused(RULES, "a\0b")).rejects.toThrow(/input\.comment holds NUL or half/);
  expect(await refused(RULES, "c".repeat(501))).toMatch(/500 characters/);
  await expect(refused({ "b.yar": "// \ud800" }, "")).rejects.toThrow(/input\.files\S+ holds NUL or half/);
});

it("a set has a ruleset or bundles that are sent, never both", async () => {
  const { url } = gateway;
  await host();
  expect((await publish(url, { "main.bin": "signatures" }, { engine: "Yara", set: "sent" })).status).toBe(200);
  expect(await create(url, "sent", RULES)).toMatchObject({ code: "BAD_INPUT", path: ["input", "name"] });
  await create(url, "mine", RULES);
  await expect(openBundle(url, "Yara", "mine")).rejects.toThrow(/has a ruleset mine/);
});

it("files that cannot be stored leave no upload behind", async () => {
  await host();
  await stage.db.deleteFrom("bundle_uploads").execute();
  const put = vi.spyOn(gateway.context.bundles, "put").mockRejectedValueOnce(new Error("away"));
  await expect(create(gateway.url, "own", RULES)).rejects.toThrow(/./);
  put.mockRestore();
  expect(await stage.db.selectFrom("bundle_uploads").selectAll().execute()).toEqual([]);
});

it("the newest ten versions keep their files, and so does one with a job", async () => {
  const { url } = gateway;
  await host().then((one) => one.become({ state: "CORDONED" }));
  const ids: string[] = [];
  for (let n = 1; n <= 12; n++) {
    ids.push((await create(url, "many", { "a.yar": `rule R${n} { condition: true }` })).version.id);
    // The first one stays as it is: it waits for its check.
    if (n > 1) await act(url, "cancelRuleset", ids[n - 1] ?? "");
  }
  const rows = await stage.db.selectFrom("ruleset_versions").select("id").where("removed_at", "is not", null).execute();
  expect(rows.map(({ id }) => String(id))).toEqual([ids[1]]);
  expect(await act(url, "checkRuleset", ids[1] ?? "")).toMatchObject({ code: "BAD_INPUT" });
  expect((await show(url, ids[0] ?? ""))?.check).toMatchObject({ state: "WAITING" });
});

it("a version that cannot be enabled now leaves no bundle for the next update of all engines", async () => {
  const version = await ready(await host());
  const before = await listed(gateway.url, "(removed: true)");
  // No host here takes bundles.
  expect(await enable(gateway.url, version.id)).toMatchObject({ code: "BAD_INPUT" });
  expect(await listed(gateway.url, "(removed: true)")).toEqual(before);
});

it("each answer can say that a part of the mesh is away, and lists cost what they may hold", async () => {
  for (const name of ["CreateRulesetResult", "CreateRulesetUploadResult", "RulesetResult", "EnableRulesetResult"]) {
    const { type } = await data<{ type: { possibleTypes: { name: string }[] } }>(
      gateway.url,
      `{ type: __type(name: "${name}") { possibleTypes { name } } }`,
    );
    expect(type.possibleTypes.map((one) => one.name)).toContain("MeshUnavailable");
  }
  const all = await ask(`${gateway.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ rulesets { versions { files { path sha256 } mistakes { message } } } }" }),
  });
  expect(all.json()).toMatchObject({ errors: [{ message: expect.stringMatching(/cost/i) as string }] });
});

it("files and mistakes of many versions are read by a statement each", async () => {
  const one = await host();
  const ids = [await ready(one), await ready(one)].map(({ id }) => Number(id));
  const { rulesetFiles, mistakes } = createLoaders(gateway.context);
  let found: unknown;
  const sent = await statementsOf(
    async () => (found = await Promise.all([rulesetFiles.loadMany(ids), mistakes.loadMany([...ids, 999_999])])),
  );
  const files = [expect.objectContaining({ path: "a.yar" })];
  expect(found).toEqual([
    [files, files],
    [[], [], []],
  ]);
  for (const start of [/^select "version_id"/, /^select "id", "mistakes"/])
    expect(sent.filter((text) => start.test(text))).toHaveLength(1);
});

it("who may change but not read is told which version it is, and nothing that was found", async () => {
  const version = await ready(await host());
  const keyed = await stage.gateway({ SCANMESH_AUTH: "keys" });
  const writer = await keyWith(keyed, ["fleet:write"]);
  const check = (fields: string) =>
    operation(
      keyed,
      writer,
      `mutation { checkRuleset(id: "${version.id}") { ... on RulesetSuccess { version { ${fields} } } ... on UserError { message } } }`,
    );
  expect((await check("id name number state")).json()).toMatchObject({ data: { checkRuleset: { version: { id: version.id } } } });
  for (const fields of [
    "triedSamples { nodes { sha256 rules } }",
    "mistakes { message }",
    "texts { text }",
    "files { sha256 }",
    "tried { matched }",
  ])
    expect((await check(fields)).json()).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN", scope: "scan:read" } }] });
  const reader = await keyWith(keyed, ["scan:read"]);
  const query = `{ rulesetVersion(id: "${version.id}") { mistakes { message } texts { path text } triedSamples { nodes { sha256 } } } }`;
  expect((await operation(keyed, reader, query)).json()).toMatchObject({ data: { rulesetVersion: { mistakes: [] } } });
});
