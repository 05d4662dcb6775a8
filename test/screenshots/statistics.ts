/** The statistics of a week, as a mesh with work all day has them. */

import type { Database } from "../../gateway/db/database.js";
import { until } from "../stage/stage.js";

const HOUR_MS = 3_600_000;
const HOURS = 7 * 24;
const TYPES = ["application/pdf", "application/zip", "application/vnd.microsoft.portable-executable", "image/png", "text/plain"];
const SIGNATURES = [
  ["ClamAV", "Win.Trojan.Emotet-9952"],
  ["Comodo", "TrojWare.Win32.Emotet.AB"],
  ["YARA-X", "Packed_UPX"],
  ["DrWeb", "Trojan.EmotetENT.419"],
] as const;

/** Writes a number of scans for each hour of the last week: more by day than by night, and a wave of something on one day. */
export async function keepStatistics(db: Database): Promise<void> {
  const engines = await db.selectFrom("engines").select(["id", "name"]).where("name", "not in", ["Sandbox", "NSRL"]).execute();
  // What was counted of the history stands in the way of an hour's numbers.
  await until(
    "all scans are counted",
    async () => (await db.selectFrom("uncounted_scans").select("scan_id").execute()).length === 0,
  );
  for (const table of ["scans", "waits", "engines", "durations", "types", "signatures"] as const)
    await db.deleteFrom(`hourly_${table}`).execute();
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (let ago = HOURS; ago >= 0; ago--) {
    const hour = new Date(now - ago * HOUR_MS);
    const scans = Math.round(140 + 110 * Math.sin(((hour.getUTCHours() - 7) / 24) * 2 * Math.PI) + 17 * Math.sin(ago));
    const infected = Math.round(scans * (ago > 8 && ago < 14 ? 0.22 : 0.04));
    const [suspicious, inconclusive] = [Math.round(scans * 0.02), Math.round(scans * 0.05)];
    const clean = scans - infected - suspicious - inconclusive;
    await db
      .insertInto("hourly_scans")
      .values({ hour, infected, suspicious, inconclusive, clean, bytes: scans * 310_000 })
      .execute();
    await db
      .insertInto("hourly_waits")
      .values([
        { hour, bucket: 36, scans: Math.round(scans * 0.9) },
        { hour, bucket: 47, scans: Math.round(scans * 0.1) },
      ])
      .execute();
    await db
      .insertInto("hourly_engines")
      .values(
        engines.map(({ id }, i) => {
          const failed = i === 2 ? Math.round(scans * 0.06) : 0;
          const detections = Math.max(0, infected - i);
          const counted = {
            infected: detections,
            failed,
            clean: scans - detections - failed,
            timed: scans,
            timed_ms: scans * 200 * (i + 1),
          };
          return { hour, engine_id: id, ...counted, compared: scans, agreed: scans - Math.round(infected / (i + 3)) };
        }),
      )
      .execute();
    await db
      .insertInto("hourly_durations")
      .values(
        engines.flatMap(({ id }, i) => [
          { hour, engine_id: id, bucket: 18 + 3 * i, results: Math.round(scans * 0.8) },
          { hour, engine_id: id, bucket: 26 + 3 * i, results: Math.round(scans * 0.2) },
        ]),
      )
      .execute();
    await db
      .insertInto("hourly_types")
      .values(
        TYPES.map((mime, i) => ({ hour, mime, scans: Math.round(scans / (i + 2)), detected: Math.round(infected / (i + 2)) })),
      )
      .execute();
    const names = SIGNATURES.flatMap(([name, signature], i) => {
      const engine = engines.find((one) => one.name === name);
      const results = Math.round(infected / (i + 1));
      return engine === undefined || results === 0 ? [] : [{ hour, engine_id: engine.id, signature, results }];
    });
    if (names.length > 0) await db.insertInto("hourly_signatures").values(names).execute();
  }
}
