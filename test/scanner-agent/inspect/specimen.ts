/** What a file of the corpus is, and what those who make them share. */

/** One file. */
export interface Specimen {
  readonly name: string;
  make(): Buffer | Promise<Buffer>;
  /** What is closed: state, format and path. */
  readonly closed: readonly string[];
  /** Formats and methods that an engine must open, where the specimen is about these. */
  readonly packings?: readonly string[];
}

export const TEXT = Buffer.from("harmless words, many times over\n".repeat(50));
export const OTHER = Buffer.from("other words\n".repeat(50));
export const PASSWORD = "-psecret";
export const file = { "a.txt": TEXT };
export const both = { "a.txt": TEXT, "b.txt": OTHER };

export const open = (name: string, make: Specimen["make"], ...packings: string[]): Specimen => ({
  name,
  make,
  closed: [],
  packings,
});
export const closed = (name: string, make: Specimen["make"], ...facts: string[]): Specimen => ({ name, make, closed: facts });
export const cut = async (whole: Buffer | Promise<Buffer>, share = 0.6) => {
  const bytes = await whole;
  return bytes.subarray(0, Math.floor(bytes.length * share));
};
/** Changes a byte of the content, so that its checksum does not fit any more. */
export const spoilt = async (whole: Buffer | Promise<Buffer>, at: (bytes: Buffer) => number) => {
  const bytes = Buffer.from(await whole);
  const place = at(bytes);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 0xff, place);
  return bytes;
};
export const behind = async (start: Buffer, archive: Buffer | Promise<Buffer>) => Buffer.concat([start, await archive]);
export const junk = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 7)) & 0xff));
