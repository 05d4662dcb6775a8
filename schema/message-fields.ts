/** What the fields of messages have in common. */

import { z } from "zod";
import { storableText } from "./storable.js";

/** A text that is refused if it is longer. */
export const textWithin = (max: number) => z.string().max(max);
/** A text that says something to people: what is too long is cut, and what Postgres does not take is replaced. */
export const told = (longest: number) => z.string().transform((value) => storableText(value, longest));
/** One that cannot be stored counts as left out. */
export const fingerprintText = z
  .string()
  .regex(/^[!-~]{1,200}$/)
  .optional()
  .catch(undefined);
/** Several of them; those beyond the most are left out. */
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
/** A date that cannot be read is unknown: it costs nothing else of its message. */
export const toldInstant = instant.nullable().catch(null);
