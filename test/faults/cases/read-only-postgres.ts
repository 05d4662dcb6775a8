import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { FaultCase } from "../case.js";

const LASTS_MS = 30_000;

export const readOnlyPostgres: FaultCase = {
  name: "read-only-postgres",
  about: "Postgres takes no writes for 30 s, as a standby does after a failover.",
  target: "postgres",
  async run({ mesh }) {
    const db = new pg.Client({ connectionString: mesh.databaseUrl, options: "-c default_transaction_read_only=off" });
    await db.connect();
    try {
      await db.query("alter system set default_transaction_read_only = on");
      await db.query("select pg_reload_conf()");
      await pause(LASTS_MS);
    } finally {
      await db.query("alter system reset default_transaction_read_only");
      await db.query("select pg_reload_conf()");
      await db.end();
    }
  },
};
