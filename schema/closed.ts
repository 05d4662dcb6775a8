/** What is closed to engines in a sample, and what an engine opens. */

import { z } from "zod";
import { told } from "./message-fields.js";
import { size } from "./settings.js";

/** Formats of the containers that people send files in; others that hold something (programs, disk images) do not count. */
export const CONTAINER_FORMATS = [
  "7z",
  "ar",
  "arj",
  "bzip2",
  "cab",
  "chm",
  "compound",
  "cpio",
  "gzip",
  "lzh",
  "lzip",
  "lzma",
  "rar",
  "rpm",
  "tar",
  "wim",
  "xar",
  "xz",
  "z",
  "zip",
  "zstd",
] as const;
/** One of {@link CONTAINER_FORMATS}. */
export type ContainerFormat = (typeof CONTAINER_FORMATS)[number];

/** Most closed things that are told of one sample. */
export const MAX_CLOSED = 100;

/** Why something is closed to an engine. LIMIT: nested deeper, or larger once unpacked, than is looked at. */
export const ClosedState = {
  ENCRYPTED: "ENCRYPTED",
  DAMAGED: "DAMAGED",
  UNSUPPORTED: "UNSUPPORTED",
  LIMIT: "LIMIT",
} as const;
/** See the value of the same name. */
export type ClosedState = keyof typeof ClosedState;

/** Something in a sample that an engine cannot look into. */
export const Closed = z.object({
  /** The member, with the containers around it: `letters.zip/secret.docx`. Empty: the sample itself. */
  path: told(1024),
  /** Its format, or that of the container it is packed in: `zip`, `pdf`, `office`. */
  format: told(32),
  /** How it is packed or encrypted, where that is known. */
  method: told(200).nullable(),
  state: z.enum(ClosedState),
});
/** See the value of the same name. */
export type Closed = z.infer<typeof Closed>;

/** The containers that an engine opens. */
export const Opens = z.strictObject({
  /** Methods by format, as 7-Zip names them in lower case; `all`: every method of the format. */
  formats: z.partialRecord(
    z.enum(CONTAINER_FORMATS),
    z.union(
      [z.literal("all"), z.array(z.string().regex(/^[a-z0-9-]+$/, "needs a method such as deflate, in lower case")).min(1)],
      {
        error: "needs `all` or a list of methods such as deflate",
      },
    ),
  ),
  /** The limits beyond which it does not look. */
  limits: z
    .strictObject({
      /** Containers within each other. */
      depth: z.number().int().min(1).max(64).optional(),
      /** Files in all containers of a sample. */
      files: z.number().int().min(1).max(1_000_000).optional(),
      /** What all containers of a sample hold, unpacked. */
      unpacked: size.optional(),
    })
    .default({}),
});
/** See the value of the same name. */
export type Opens = z.infer<typeof Opens>;
