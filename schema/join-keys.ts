/** What `npm run keys` tells gateways of the join tokens that it makes: a file of its own for each reader. */

import { z } from "zod";
import { InternetClass } from "./classes.js";
import { deriveJoinKeys } from "./join-token.js";

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

/** The file: no token can be made of it. */
export const JoinKeysFile = z.array(
  z.object({ class: z.enum(InternetClass), id: hex(16), storedKey: hex(64), serverKey: hex(64) }),
);

/** The file's text for the secrets of each class. */
export function formatJoinKeys(secrets: Readonly<Record<InternetClass, Buffer>>): string {
  const entries: z.infer<typeof JoinKeysFile> = Object.values(InternetClass).map((internet) => {
    const { id, storedKey, serverKey } = deriveJoinKeys(secrets[internet]);
    return { class: internet, id, storedKey: storedKey.toString("hex"), serverKey: serverKey.toString("hex") };
  });
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}
