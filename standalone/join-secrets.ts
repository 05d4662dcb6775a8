/** The secrets of the tokens by which the agents of this mesh join. They are made once, as all keys are. */

import { join } from "node:path";
import type { InternetClass } from "../schema/classes.js";
import { generateJoinSecret } from "../schema/join-token.js";
import { readOrCreateFile } from "./keys.js";

/** The secret of each class, from the folder of the keys. */
export async function readJoinSecrets(dir: string): Promise<Readonly<Record<InternetClass, Buffer>>> {
  const read = async (internet: InternetClass) => {
    const file = join(dir, `join-${internet}`);
    return Buffer.from(await readOrCreateFile(file, async () => generateJoinSecret().toString("base64url")), "base64url");
  };
  return { isolated: await read("isolated"), internet: await read("internet") };
}
