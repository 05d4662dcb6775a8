import { readFile } from "node:fs/promises";
import type { InternetClass } from "../../schema/classes.js";
import { JoinKeysFile } from "../../schema/join-keys.js";
import { OperatorError } from "../../schema/operator-error.js";
import type { Database } from "../db/database.js";
import { insertStandingToken } from "../db/join-tokens.js";

/** A user shared by agents of a class. */
export interface SharedUser {
  readonly class: InternetClass;
  readonly publicKey: string;
}

/**
 * Registers the tokens with which agents on the same machine join: any number of agents, at any time, without expiry. Returns the users
 * shared by agents of earlier versions.
 */
export async function registerJoinKeys(db: Database, file: string): Promise<SharedUser[]> {
  const entries = await readJoinKeys(file);
  for (const { class: internet, id, storedKey, serverKey } of entries) {
    const keys = { id, storedKey: Buffer.from(storedKey, "hex"), serverKey: Buffer.from(serverKey, "hex") };
    await insertStandingToken(db, { ...keys, class: internet, namePattern: null, ephemeral: true, uses: null, ttlSeconds: null });
  }
  return entries.flatMap(({ class: internet, sharedUser }) =>
    sharedUser === undefined ? [] : [{ class: internet, publicKey: sharedUser }],
  );
}

async function readJoinKeys(file: string) {
  try {
    return JoinKeysFile.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`SCANMESH_JOIN_KEYS: ${file} cannot be read (${reason}): npm run keys makes it.`, { cause: error });
  }
}
