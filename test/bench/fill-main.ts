/** `npm run bench:fill`: a database with a long history, to look at and to measure lists with. */

import { parseArgs } from "node:util";
import { openDatabase } from "../../gateway/db/database.js";
import { migrate } from "../../gateway/db/migrations.js";
import { fill } from "./fill.js";
import { createProgress } from "./progress.js";

const MINUTE_MS = 60_000;
const USAGE = `npm run bench:fill -- --url postgres://… [--scans 1000000] [--seed 1]

  --url     an empty database, which is migrated first
  --scans   how many, with 20 results each: about 4 GB a million
  --seed    the same seed makes the same history`;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    scans: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});
const [scans, seed] = [Number(values.scans), Number(values.seed)];
if (values.url === undefined || !Number.isSafeInteger(scans) || scans < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const db = openDatabase(values.url, (error) => process.stderr.write(`${error.message}\n`));
  await migrate(db);
  await db.destroy();
  await fill(
    values.url,
    { scans, seed, newest: new Date(Date.now() - MINUTE_MS) },
    createProgress(process.stderr, new AbortController().signal),
  );
}
