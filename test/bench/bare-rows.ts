/** `bare-rows.js <database's address>`: fastify that reads the same 50 scans by the same SQL and sends the same JSON, and nothing else. */

import { fastify } from "fastify";
import pg from "pg";
import { notifyParent } from "../../schema/lifecycle.js";

const PAGE = 50;
const SQL = `select scans.id as "scanId", scans.name, start_date as "startDate", end_date as "endDate", md5, sha1, sha256, size
  from scans join samples on samples.id = sample_id where scans.id > $1 order by scans.id limit ${PAGE}`;

interface Row {
  readonly scanId: string;
  readonly name: string;
  readonly startDate: Date;
  readonly endDate: Date;
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly size: string;
}

const pool = new pg.Pool({ connectionString: process.argv[2], max: 16 });
const rows = async (): Promise<Row[]> => (await pool.query<Row>({ name: "rows", text: SQL, values: [0] })).rows;
const asctime = (date: Date) => date.toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (.*) GMT$/, "$1 $3 $2 $5 $4");

const app = fastify();
app.post("/graphql", async () => ({
  data: {
    scans: {
      nodes: (await rows()).map(({ scanId, md5, sha1, sha256, size, ...scan }) => ({
        scanId: Number(scanId),
        ...scan,
        sample: { md5, sha1, sha256, size: Number(size) },
      })),
    },
  },
}));
app.get("/api/v1/sample", async () =>
  (await rows()).map(({ scanId, startDate, endDate, ...scan }) => ({
    id: Number(scanId),
    ...scan,
    start_date: asctime(startDate),
    end_date: asctime(endDate),
  })),
);
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => process.exit());
notifyParent({ kind: "listening", url: await app.listen({ host: "127.0.0.1", port: 0 }) });
