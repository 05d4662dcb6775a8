/** What gateways are told of the tokens by which the agents of this mesh join. Their secrets are made once, as all keys are. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseCreds } from "@nats-io/jwt";
import type { InternetClass } from "../schema/classes.js";
import { formatJoinKeys } from "../schema/join-keys.js";
import { generateJoinSecret } from "../schema/join-token.js";
import { readOrCreateFile, type Keys } from "./keys.js";

/** The secret of each class, from the folder of the keys. */
export async function readJoinSecrets(dir: string): Promise<Readonly<Record<InternetClass, Buffer>>> {
  const read = async (internet: InternetClass) => {
    const file = join(dir, `join-${internet}`);
    return Buffer.from(await readOrCreateFile(file, async () => generateJoinSecret().toString("base64url")), "base64url");
  };
  return { isolated: await read("isolated"), internet: await read("internet") };
}

/** The text of the file by which gateways know these tokens, and the users that agents of earlier versions share. */
export async function joinKeysText({ dir, creds }: Keys): Promise<string> {
  const userOf = async (file: string) => (await parseCreds(await readFile(file))).uc.sub;
  const sharedUsers = { isolated: await userOf(creds.agent.isolated), internet: await userOf(creds.agent.internet) };
  return formatJoinKeys(await readJoinSecrets(dir), sharedUsers);
}
