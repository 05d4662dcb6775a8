// Starts the embedded servers in a folder, says so, and waits to be killed.
import { join } from "node:path";

const [program = "", dir = ""] = process.argv.slice(2);
const { makeKeys } = await import(join(program, "keys.js"));
const { startNats } = await import(join(program, "nats.js"));
const { startPostgres } = await import(join(program, "postgres.js"));
await startNats({ dir: join(dir, "nats"), keys: await makeKeys(join(dir, "keys")) });
await startPostgres({ dir: join(dir, "postgres") });
process.send?.("started");
