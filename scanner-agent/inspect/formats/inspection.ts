import type { Closed, ContainerFormat } from "../../../schema/closed.js";

/** Containers of one format and method in a sample, named by the first of them. */
export interface Packing {
  /** As {@link Closed.path}. */
  readonly path: string;
  readonly format: ContainerFormat;
  /** Every method it takes to unpack it, in lower case; empty where the format has one only. */
  readonly methods: readonly string[];
}

/** What was found out of a sample: facts, never a verdict. */
export interface Inspection {
  /** What nobody can look into. */
  readonly closed: readonly Closed[];
  /** What an engine must be able to open. */
  readonly packings: readonly Packing[];
  /** How deep containers are nested, and the number of files in them and of their bytes, as far as they were looked at. */
  readonly depth: number;
  readonly files: number;
  readonly unpacked: number;
  /** Some of it was not looked at, because it is deeper, or more, than that. */
  readonly isStopped: boolean;
}

/** How far an inspection goes. */
export interface InspectionLimits {
  /** How much is told. */
  readonly facts: number;
  readonly depth: number;
  readonly files: number;
  readonly unpacked: number;
}

/** The inspection of a sample in which there is nothing to look into. */
export const NOTHING: Inspection = { closed: [], packings: [], depth: 0, files: 0, unpacked: 0, isStopped: false };
