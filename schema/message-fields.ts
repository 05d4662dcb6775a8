/** What the fields of messages have in common. */

import { z } from "zod";
import { storableText } from "./storable.js";

/** A text that is refused if it is longer. */
export const textWithin = (max: number) => z.string().max(max);
/** A text for people: cut if it is too long, with characters that Postgres does not take replaced. */
export const told = (longest: number) => z.string().transform((value) => storableText(value, longest));
/** A text that counts as left out if it cannot be stored. */
export const fingerprintText = z
  .string()
  .regex(/^[!-~]{1,200}$/)
  .optional()
  .catch(undefined);
/** A list of them; those beyond the limit are left out. */
export const toldList = ({ count, length }: { readonly count: number; readonly length: number }) =>
  z
    .array(told(length))
    .transform((list) => list.slice(0, count))
    .default([]);
/** A scan's id. */
export const scanId = z.number().int().positive();
/** Within the years and the time zones that Postgres knows. */
export const instant = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value).toISOString())
  .refine((value) => /^(?!0000)\d{4}-/.test(value), "is in no year from 1 to 9999");
/** A date that cannot be read counts as unknown, and the rest of its message is kept. */
export const toldInstant = instant.nullable().catch(null);
/** The version of a message. */
export const v = z.literal(1);
/** An engine's name: letters, digits and `-`, unique without case. */
export const engineName = z.string().regex(/^[A-Za-z0-9-]{1,32}$/, "needs 1 to 32 letters, digits or '-'");

/** An agent's id: one subject token and KV key. */
export const agentId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "needs 1 to 64 letters, digits, '_' or '-'");
