import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { beforeEach, expect, it } from "vitest";
import { openCaller } from "../../../gateway/caller.js";
import { receiveFile } from "../../../gateway/bundles/receive-file.js";
import { tidyBundles } from "../../../gateway/bundles/retain.js";
import { rollbackEngine } from "../../../gateway/updates/steer-updates.js";
import { BUNDLE_CHUNK_BYTES } from "../../../schema/bundle.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { listed, listing, openBundle, post, publish, putFile, sha256 } from "./sending.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_BUNDLES_MAX: "8MiB" }));
usePuppet(stage, "puppet", [engine("Av")]);

beforeEach(async () => {
  await sql`truncate bundles, bundle_uploads, engine_targets, engine_updates restart identity cascade`.execute(stage.db);
  const { files, parts } = await gateway.context.bundles.content("isolated");
  await gateway.context.bundles.remove("isolated", [...files.keys(), ...parts]);
});

const shown = async (options = "") => listed(gateway.url, options);
const remove = async (id: string) => {
  const mutation = `mutation ($id: ID!) { removeBundle(id: $id) {
    ... on RemoveBundleSuccess { bundle { removedAt } } ... on UserError { message code } } }`;
  return (await data<{ removeBundle: { bundle?: { removedAt: string }; message?: string } }>(gateway.url, mutation, { id }))
    .removeBundle;
};
const stored = async () => [...(await gateway.context.bundles.content("isolated")).files.keys()];
const engineId = async () =>
  (await stage.db.selectFrom("engines").select("id").where("name", "=", "Av").executeTakeFirstOrThrow()).id;

it("two bundles of a set are kept, and what is served; files go with the last bundle that has them", async () => {
  const same = "in all of them";
  for (const n of [1, 2]) await publish(gateway.url, { a: `${n}`, same });
  const target = { engine_id: await engineId(), agent: "puppet", set_name: "main", bundle_id: 1 };
  await stage.db.insertInto("engine_targets").values(target).execute();
  await publish(gateway.url, { a: "3", same });
  expect((await shown()).map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  expect(await remove("1")).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/^id: bundle 1 of Av main is served/) as string,
  });
  await stage.db.updateTable("engine_targets").set({ bundle_id: 3 }).execute();
  await tidyBundles(gateway.context);
  expect((await shown()).map(({ sequence }) => sequence)).toEqual([3, 2]);
  expect((await shown("(removed: true)")).map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  const kept = async () => new Set(await stored());
  const digests = (await shown()).map(({ digest }) => digest);
  expect(await kept()).toEqual(new Set([sha256("2"), sha256("3"), sha256(same), ...digests]));
  expect((await remove("2")).bundle?.removedAt).toEqual(expect.any(String));
  expect(await kept()).toEqual(new Set([sha256("3"), sha256(same), digests[0]]));
  expect(await remove("99")).toMatchObject({ code: "NOT_FOUND" });
});

it("files of a bundle that is never published go, once nobody can publish it any more", async () => {
  const to = await openBundle(gateway.url, "Av");
  await putFile(to, "orphan");
  const { config } = gateway.context;
  const later = { ...gateway.context, config: { ...config, orphanGraceMs: -60_000 } };
  await tidyBundles(later);
  expect(await stored()).toEqual([sha256("orphan")]);
  const other = await openBundle(gateway.url, "Av");
  await stage.db
    .updateTable("bundle_uploads")
    .set({ expires_at: new Date() })
    .where("token_hash", "=", sha256(to.slice(-32)))
    .execute();
  await tidyBundles(gateway.context);
  expect(await stored(), "another URL that is open holds nothing of it").toEqual([]);
  await putFile(other, "left out");
  await putFile(other, "published");
  await post(other, { files: listing({ a: "published" }) });
  expect(await stored(), "what is not in what was published goes with it").not.toContain(sha256("left out"));
  expect(await stored()).toContain(sha256("published"));
});

it("one URL takes no more than a bundle can have, each file counted once", async () => {
  const to = await openBundle(gateway.url, "Av");
  const most = gateway.context.config.bundlesMaxBytes;
  await putFile(to, "twice");
  await putFile(to, "twice");
  const uses = () => stage.db.selectFrom("bundle_upload_files").select(["sha256", "bytes"]).execute();
  expect(await uses()).toEqual([{ sha256: sha256("twice"), bytes: 5 }]);
  await stage.db.updateTable("bundle_upload_files").set({ bytes: most }).execute();
  expect((await putFile(to, "one more")).status).toBe(413);
  expect((await putFile(to, "twice")).status, "it is no more than before").toBe(201);
  expect((await putFile(await openBundle(gateway.url, "Av"), "one more")).status).toBe(201);
});

it("who sends or publishes a file that is being removed waits until it is gone", async () => {
  const to = await openBundle(gateway.url, "Av");
  await putFile(to, "goes");
  await stage.db
    .insertInto("bundle_removals")
    .values({ internet: false, sha256: sha256("goes") })
    .execute();
  const sent = putFile(to, "goes");
  const published = post(to, { files: listing({ a: "goes" }) });
  let answers = 0;
  for (const answer of [sent, published]) void answer.then(() => (answers += 1));
  await until("both wait", async () => {
    const { rows } = await sql<{ held: boolean }>`select count(*) > 0 as held from bundle_upload_files`.execute(stage.db);
    return rows[0]?.held;
  });
  expect(answers).toBe(0);
  await stage.db.deleteFrom("bundle_removals").execute();
  expect([(await sent).status, (await published).status]).toEqual([201, 200]);
});

it("what a gateway that died was removing is removed, and bundles that are published at once each get a number", async () => {
  await putFile(await openBundle(gateway.url, "Av"), "left behind");
  const marked_at = new Date(Date.now() - 600_000);
  await stage.db
    .insertInto("bundle_removals")
    .values({ internet: false, sha256: sha256("left behind"), marked_at })
    .execute();
  await tidyBundles(gateway.context);
  expect(await stored()).toEqual([]);
  expect(await stage.db.selectFrom("bundle_removals").selectAll().execute()).toEqual([]);
  const answers = await Promise.all(["1", "2", "3"].map((a) => publish(gateway.url, { a })));
  expect(answers.map((answer) => answer.json<{ sequence: number }>().sequence).toSorted()).toEqual([1, 2, 3]);
});

it("what fails to arrive takes nothing away that came whole through another gateway meanwhile", async () => {
  const to = await openBundle(gateway.url, "Av");
  const bytes = randomBytes(2 * BUNDLE_CHUNK_BYTES);
  const file = { sha256: sha256(bytes), announced: bytes.length };
  const token = to.slice(-32);
  async function* cutOff() {
    yield bytes.subarray(0, 5);
    await putFile(to, bytes);
    throw new Error("cut off");
  }
  await expect(receiveFile(gateway.context, token, { ...file, bytes: cutOff() })).rejects.toThrow("cut off");
  expect(await stored()).toEqual([file.sha256]);
  expect((await post(to, { files: listing({ a: bytes }) })).status).toBe(200);
});

it("files of a removed bundle that are being sent again stay, and one that goes meanwhile is not called safe", async () => {
  const first = (await publish(gateway.url, { a: "again" })).json<{ id: string }>();
  await publish(gateway.url, { a: "newer" });
  const to = await openBundle(gateway.url, "Av");
  await remove(first.id);
  expect(await stored(), "it came after somebody began to send").toContain(sha256("again"));
  await tidyBundles(gateway.context);
  expect((await post(to, { files: listing({ a: "again" }) })).json()).toMatchObject({ sequence: 3 });

  const { bundles } = gateway.context;
  async function* removedMeanwhile() {
    yield Buffer.from("again");
    await bundles.remove("isolated", [sha256("again")]);
  }
  const sent = { sha256: sha256("again"), announced: 5, bytes: removedMeanwhile() };
  await expect(bundles.put("isolated", sent, 5)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

it("the bundle that was served before is kept, so that there is a way back", async () => {
  for (const n of [1, 2, 3]) {
    await publish(gateway.url, { a: `${n}` });
    if (n === 2) continue;
    // The second is never served.
    const [newest] = await shown();
    await stage.db
      .insertInto("engine_updates")
      .values({
        engine_id: await engineId(),
        set_name: "main",
        from_bundle: n === 1 ? null : 1,
        to_bundle: Number(newest?.id),
        cause: "ASKED",
        state: "DONE",
        skip_canary: true,
      })
      .execute();
  }
  await tidyBundles(gateway.context);
  expect((await shown()).map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  const caller = openCaller("127.0.0.1", "test");
  expect((await remove("1")).bundle?.removedAt, "a person may take it").toEqual(expect.any(String));
  const back = await rollbackEngine(gateway.context, caller, "Av", "main");
  expect(back, "what is gone is skipped").toMatchObject({ cause: "ROLLBACK", toBundle: null });
});
