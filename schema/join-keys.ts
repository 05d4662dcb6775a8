/** What `npm run keys` tells gateways of the join tokens that it makes: a file of its own for each reader. */

import { z } from "zod";
import { InternetClass } from "./classes.js";
import { userKey } from "./join-messages.js";
import { deriveJoinKeys } from "./join-token.js";

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

/** The file: no token can be made of it. */
export const JoinKeysFile = z.array(
  z.object({
    class: z.enum(InternetClass),
    id: hex(16),
    storedKey: hex(64),
    serverKey: hex(64),
    /** Public key of the user that agents of earlier versions share: it is revoked once all of them have joined. */
    sharedUser: userKey.optional(),
  }),
);

/** The file's text for the secrets of each class, and the public keys of the users that agents shared. */
export function formatJoinKeys(
  secrets: Readonly<Record<InternetClass, Buffer>>,
  sharedUsers: Readonly<Record<InternetClass, string>>,
): string {
  const entries: z.infer<typeof JoinKeysFile> = Object.values(InternetClass).map((internet) => {
    const { id, storedKey, serverKey } = deriveJoinKeys(secrets[internet]);
    const keys = { storedKey: storedKey.toString("hex"), serverKey: serverKey.toString("hex") };
    return { class: internet, id, ...keys, sharedUser: sharedUsers[internet] };
  });
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}
