import "reflect-metadata";
import { setFlagsFromString } from "node:v8";
import { pino, type Logger } from "pino";
import { collectGarbage } from "../schema/collect-garbage.js";
import { notifyParent } from "../schema/lifecycle.js";
import { surviveLostOutput } from "../schema/lost-output.js";
import { logDestination } from "../schema/log-destination.js";
import { ConfigError } from "../schema/settings.js";
import { readGatewayConfig, type GatewayConfig } from "./config.js";
import { openDatabase } from "./db/database.js";
import { migrate } from "./db/migrations.js";

/** After this time a shutdown is cut short. */
const SHUTDOWN_MS = 8_000;

// By default V8 lets the heap grow to three times the live data before it collects garbage, so one long list would cost 100 MB.
setFlagsFromString("--heap-growing-percent=50");

async function main(): Promise<void> {
  surviveLostOutput();
  const config = readGatewayConfig();
  const log = pino({ name: "gateway", level: config.logLevel }, logDestination());
  if (process.argv[2] === "migrate") return runMigrations(config, log);
  // Migrations do not need the gateway, whose libraries take a second to load.
  const { createGateway } = await import("./gateway.js");
  const gateway = await createGateway(config, log);
  const url = await gateway.start();
  collectGarbage();
  log.info({ url }, "the gateway is listening");
  notifyParent({ kind: "listening", url });

  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, "the gateway is stopping");
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    gateway.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "the gateway did not stop cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  process.on("disconnect", () => stop("the process that started it is gone"));
}

async function runMigrations(config: GatewayConfig, log: Logger): Promise<void> {
  const db = openDatabase(config.databaseUrl, (error) => log.warn({ reason: error.message }, "Postgres connection lost"));
  try {
    const applied = await migrate(db);
    log.info({ applied }, applied.length > 0 ? "migrations applied" : "the database is up to date");
  } finally {
    await db.destroy();
  }
  if (process.connected) process.disconnect();
}

/** One sentence for the person who started it. */
function sentence(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === "EADDRINUSE") return `PORT: ${port} on ${address} is taken by another program`;
  if (code === "EACCES" && port !== undefined) return `PORT: no permission to listen on ${port}`;
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  notifyParent({ kind: "failed", message: sentence(error) });
  process.stderr.write(`${sentence(error)}\n`);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
  setTimeout(() => process.exit(1), 1_000).unref();
});
