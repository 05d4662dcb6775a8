/** 100,000 scans: the list, the search and the CSV go out a page at a time, and the gateway stays small and answers others meanwhile. */

import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peakMb, residentMb } from "../../stage/resident.js";
import { startStage, type Part, type Stage } from "../../stage/stage.js";
import { ask } from "../http/http-client.js";

const SCANS = 100_000;
const MOST_MB = 50;
const ENOUGH_ANSWERS = 10;
/** After that many, others ask less often: they would take most of the gateway's time. */
const PAUSE_MS = 25;

let stage: Stage;
let gateway: Part;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.gatewayProcess();
  await fill();
});

afterAll(() => stage.stop());

async function fill(): Promise<void> {
  const { db } = stage;
  await sql`
    insert into engines (name, type, speed, internet, input) values
      ('ClamAV', 'AV', 'ULTRA', false, 'file'), ('FileInfo', 'METADATA', 'ULTRA', false, 'file')`.execute(db);
  await sql`
    insert into samples (sha256, md5, sha1, size, mime)
    select lpad(to_hex(i), 64, '0'), lpad(to_hex(i), 32, '0'), lpad(to_hex(i), 40, '0'), i, 'text/plain'
    from generate_series(1, ${SCANS / 10}) i`.execute(db);
  await sql`
    insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, done, total, av_total, av_clean, skipped)
    select samples.id, 'file' || n || '.exe', 'ALL', false, now(), now(), 'CLEAN', 2, 2, 1, 1, '[]'
    from generate_series(1, 10) n, samples`.execute(db);
  await sql`
    insert into results (scan_id, engine_id, state, verdict, engine_version, details)
    select scans.id, engines.id, 'DONE', case when type = 'AV' then 'CLEAN'::verdict end, '1.4',
      case when type <> 'AV' then jsonb_build_object('magic', repeat('x', 200)) end
    from scans, engines`.execute(db);
  await sql`analyze`.execute(db);
}

/** What one request costs the gateway while it lasts; its body is looked at and let go of. */
async function costOf(path: string, look: (part: Buffer) => void): Promise<{ peak: number; answersMeanwhile: number }> {
  let [answersMeanwhile, over] = [0, false];
  const readBody = () =>
    new Promise<void>((resolve, reject) => {
      const outgoing = request(`${gateway.url}${path}`, { agent: false }, (incoming) => {
        expect(incoming.statusCode).toBe(200);
        incoming.on("data", look).once("end", resolve).once("error", reject);
      });
      outgoing.once("error", reject).end();
    });
  const askMeanwhile = async () => {
    while (!over) {
      expect((await ask(`${gateway.url}/api/v1/sample/7`)).status).toBe(200);
      answersMeanwhile += 1;
      if (answersMeanwhile > ENOUGH_ANSWERS) await pause(PAUSE_MS);
    }
  };
  const peak = await peakMb(gateway, async () => {
    await Promise.all([readBody().finally(() => (over = true)), askMeanwhile()]);
  });
  return { peak, answersMeanwhile };
}

it.each([
  ["/api/v1/sample", '"size":', SCANS],
  ["/export/csv", "\n", SCANS + 1],
  ["/api/search?file_hash=file3.exe,0000%25", '"report_id":', SCANS / 10],
])("GET %s is whole, in constant memory, and others are answered meanwhile", async (path, mark, count) => {
  // Idle is what a gateway takes that has answered before.
  for (let i = 0; i < 20; i += 1) await ask(`${gateway.url}/api/v1/sample?limit=1000`);
  await ask(`${gateway.url}/export/csv?l=1000`);
  const idleMb = residentMb(gateway);
  let [seen, tail] = [0, ""];
  const cost = await costOf(path, (part) => {
    const text = tail + part.toString("latin1");
    const found = text.split(mark);
    seen += found.length - 1;
    tail = (found.at(-1) ?? "").slice(-mark.length + 1 || text.length);
  });
  expect(seen).toBe(count);
  expect(cost.peak - idleMb).toBeLessThan(MOST_MB);
  expect(cost.answersMeanwhile).toBeGreaterThan(ENOUGH_ANSWERS);
});
