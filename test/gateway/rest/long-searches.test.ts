/** Searches that take long: they wait here for a lock on the scans that the test holds. */

import { request as httpRequest } from "node:http";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { openDatabase } from "../../../gateway/db/database.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { waitingLists, whileLocked } from "../db/locked-scans.js";
import { ask, graphql } from "../http/http-client.js";

const stage = useStage();
const patient = prepared(() => stage.gateway({ SCANMESH_LIST_TIMEOUT: "5m" }));
const hasty = prepared(() => stage.gateway({ SCANMESH_LIST_TIMEOUT: "100ms" }));

const SEARCHES = ["/api/search?file_hash=%25a%25", "/export/csv?q=%25a%25", "/export/csv?l=1&p=1000"];
/** More than either pool of a gateway has connections. */
const MANY = 20;

const waiting = () => waitingLists(stage.db);

it.each(SEARCHES)(
  "%s leaves the connections of everything else alone, and ends in Postgres when its clients leave",
  async (path) => {
    await whileLocked(stage.db, async () => {
      const searches = Array.from({ length: MANY }, () => {
        const search = httpRequest(`${patient.url}${path}`, { agent: false }).on("error", () => {});
        search.end();
        return search;
      });
      await until("searches wait", waiting);
      expect((await ask(`${patient.url}/api/v1/scanner`)).status).toBe(200);
      await Promise.all(
        searches.map(async (search) => {
          const closed = new Promise((resolve) => search.once("close", resolve));
          search.destroy();
          await closed;
        }),
      );
      await until("nothing waits any more", async () => (await waiting()) === 0);
    });
  },
);

it.each(SEARCHES)("%s is refused after the time for lists", async (path) => {
  await whileLocked(stage.db, async () => {
    const answer = await ask(`${hasty.url}${path}`);
    expect(answer.status).toBe(504);
    expect(answer.json()).toEqual({ error: expect.stringContaining("took too long") });
  });
});

it("as many lists as one operation may ask for end as QUERY_TIMEOUT", async () => {
  const fields = Array.from({ length: 30 }, (_, i) => `f${i}: scans(first: 1, filter: { names: ["%a%"] }) { totalCount }`);
  await whileLocked(stage.db, async () => {
    const { errors } = await graphql(hasty.url, `{ ${fields.join(" ")} }`);
    expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(["QUERY_TIMEOUT"]));
  });
});

it("with every connection of a pool at work, a statement that waits for one does not say that the database is away", async () => {
  const refusals = [{ forLists: true }, {}].map(async (kind) => {
    const db = openDatabase(stage.databaseUrl, () => {}, { ...kind, max: 1, waitMs: 3_000 });
    try {
      return await db.connection().execute(async (only) => {
        await sql`select 1`.execute(only);
        return await sql`select 1`.execute(db).catch((error: unknown) => error);
      });
    } finally {
      await db.destroy();
    }
  });
  expect(await Promise.all(refusals)).toMatchObject([
    { code: "QUERY_TIMEOUT", message: expect.stringContaining("took too long") },
    { code: "UNAVAILABLE", message: "the database has too much to do" },
  ]);
});
