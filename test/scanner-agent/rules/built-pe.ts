/** One section of a built program. */
export interface PeSection {
  name: string;
  data?: Uint8Array;
}

/** What a built program looks like; whatever is left out is ordinary. */
export interface PeShape {
  bits?: 32 | 64;
  dll?: boolean;
  /** Function names by DLL. */
  imports?: Record<string, string[]>;
  /** Before the import section; default: one `.text`. */
  sections?: PeSection[];
  /** Which section the program starts in, and the bytes it starts with. */
  start?: { section?: number; code: Uint8Array };
  /** Text that the program carries. */
  carries?: string[];
  /** Where the PE header begins: less than 64 folds it into the DOS header. */
  headerAt?: number;
}

const FILE_ALIGNMENT = 0x200;
const SECTION_ALIGNMENT = 0x1000;
const READ_WRITE_EXECUTE_CODE = 0xe0000020;

const aligned = (value: number, to: number) => Math.ceil(value / to) * to;

interface Placed {
  name: string;
  data: Buffer;
  address: number;
  offset: number;
}

/** A small Windows program that a parser accepts: headers, sections and an import table, no code that does anything. */
export function builtPe(shape: PeShape = {}): Buffer {
  const wide = shape.bits === 64;
  const headerAt = shape.headerAt ?? 0x80;
  const optionalSize = wide ? 240 : 224;
  const placed = place(contents(shape), wide, shape.imports ?? {});
  const start = placed[shape.start?.section ?? 0];
  if (start === undefined) throw new Error("a program needs the section it starts in");
  const last = placed.at(-1) ?? start;

  const header = Buffer.alloc(SECTION_ALIGNMENT / 2);
  header.write("MZ", 0);
  header.writeUInt32LE(headerAt, 0x3c);
  header.write("PE\0\0", headerAt, "latin1");
  header.writeUInt16LE(wide ? 0x8664 : 0x14c, headerAt + 4);
  header.writeUInt16LE(placed.length, headerAt + 6);
  header.writeUInt16LE(optionalSize, headerAt + 20);
  header.writeUInt16LE(0x0102 | (shape.dll === true ? 0x2000 : 0), headerAt + 22);

  const optional = headerAt + 24;
  header.writeUInt16LE(wide ? 0x20b : 0x10b, optional);
  header.writeUInt32LE(start.address, optional + 16);
  // Folded headers share the four bytes at 0x3C with this field, the base of code, which nobody needs.
  if (headerAt >= 0x40) header.writeUInt32LE(SECTION_ALIGNMENT, optional + 20);
  if (wide) header.writeBigUInt64LE(0x1_4000_0000n, optional + 24);
  else header.writeUInt32LE(0x40_0000, optional + 28);
  header.writeUInt32LE(SECTION_ALIGNMENT, optional + 32);
  header.writeUInt32LE(FILE_ALIGNMENT, optional + 36);
  header.writeUInt16LE(6, optional + 48);
  header.writeUInt32LE(last.address + SECTION_ALIGNMENT, optional + 56);
  header.writeUInt32LE(header.length, optional + 60);
  header.writeUInt16LE(3, optional + 68);
  header.writeUInt32LE(16, optional + (wide ? 108 : 92));
  if (shape.imports !== undefined) header.writeUInt32LE(last.address, optional + (wide ? 112 : 96) + 8);
  if (shape.imports !== undefined) header.writeUInt32LE(last.data.length, optional + (wide ? 112 : 96) + 12);

  for (const [index, section] of placed.entries()) {
    const at = optional + optionalSize + index * 40;
    header.write(section.name, at, 8, "latin1");
    header.writeUInt32LE(Math.max(section.data.length, SECTION_ALIGNMENT), at + 8);
    header.writeUInt32LE(section.address, at + 12);
    header.writeUInt32LE(aligned(section.data.length, FILE_ALIGNMENT), at + 16);
    header.writeUInt32LE(section.offset, at + 20);
    header.writeUInt32LE(READ_WRITE_EXECUTE_CODE, at + 36);
  }
  return Buffer.concat([header, ...placed.map(({ data }) => padded(data))]);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(aligned(data.length, FILE_ALIGNMENT) - data.length)]);
}

function contents(shape: PeShape): PeSection[] {
  const sections = (shape.sections ?? [{ name: ".text", data: Buffer.from([0xc3]) }]).map((section) => ({ ...section }));
  const start = sections[shape.start?.section ?? 0];
  if (start !== undefined && shape.start !== undefined) {
    start.data = Buffer.concat([shape.start.code, start.data ?? Buffer.alloc(0)]);
  }
  if (shape.carries !== undefined) sections.push({ name: ".rdata", data: Buffer.from(shape.carries.join("\0"), "latin1") });
  return sections;
}

function place(sections: PeSection[], wide: boolean, imports: Record<string, string[]>): Placed[] {
  const placed: Placed[] = [];
  let address = SECTION_ALIGNMENT;
  let offset = SECTION_ALIGNMENT / 2;
  const add = (name: string, data: Buffer) => {
    placed.push({ name, data, address, offset });
    address += aligned(Math.max(data.length, 1), SECTION_ALIGNMENT);
    offset += aligned(data.length, FILE_ALIGNMENT);
  };
  for (const { name, data } of sections) add(name, Buffer.from(data ?? []));
  if (Object.keys(imports).length > 0) add(".idata", importTable(imports, address, wide));
  return placed;
}

/** Descriptors first, then per DLL its name, its thunks and the names they point to. */
function importTable(imports: Record<string, string[]>, address: number, wide: boolean): Buffer {
  const thunkSize = wide ? 8 : 4;
  const dlls = Object.entries(imports);
  const descriptors = Buffer.alloc((dlls.length + 1) * 20);
  const parts: Buffer[] = [];
  let next = address + descriptors.length;
  const append = (part: Buffer) => {
    const at = next;
    parts.push(part);
    next += part.length;
    return at;
  };
  for (const [index, [dll, names]] of dlls.entries()) {
    const nameAt = append(Buffer.from(`${dll}\0`, "latin1"));
    const hints = names.map((name) => append(Buffer.from(`\0\0${name}\0`, "latin1")));
    const thunks = Buffer.alloc((names.length + 1) * thunkSize);
    for (const [entry, hint] of hints.entries()) thunks.writeUInt32LE(hint, entry * thunkSize);
    const thunksAt = append(thunks);
    descriptors.writeUInt32LE(thunksAt, index * 20);
    descriptors.writeUInt32LE(nameAt, index * 20 + 12);
    descriptors.writeUInt32LE(thunksAt, index * 20 + 16);
  }
  return Buffer.concat([descriptors, ...parts]);
}
