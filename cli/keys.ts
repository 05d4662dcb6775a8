/** `npm run keys -- FOLDER`: makes the keys of NATS's operator mode in a folder, for a mesh that is not started by `npm run up`. */

import { resolve } from "node:path";
import { Command } from "commander";
import { makeKeys } from "../standalone/keys.js";

const program = new Command("keys")
  .description("Makes the keys and credentials of a mesh's NATS; what exists is kept.")
  .argument("<folder>", "where they are kept, readable by their owner only")
  .action(async (folder: string) => {
    const { operator, creds } = await makeKeys(resolve(folder));
    for (const file of [operator.seedFile, creds.system, ...Object.values(creds.gateway), ...Object.values(creds.agent)]) {
      process.stdout.write(`${file}\n`);
    }
  });

await program.parseAsync();
