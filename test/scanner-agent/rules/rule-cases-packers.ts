import { createHash } from "node:crypto";
import { builtPe, type PeSection } from "./built-pe.js";
import { eachMissing, MB, type RuleCases } from "./rule-case.js";

const UPX_MARK = Buffer.from("UPX!");

const named = (...names: string[]): PeSection[] => names.map((name) => ({ name, data: Buffer.alloc(16) }));
const startsWith = (code: string, sections: PeSection[] = named(".text")) =>
  builtPe({ sections, start: { code: Buffer.from(code, "hex") } });

const ELF = Buffer.concat([Buffer.from("7f454c46020101", "hex"), Buffer.alloc(300)]);
const UPX_STUB_32 = "60be006040008dbe00b0ffff5783cdffeb10";
const UPX_STUB_64 = "53565755488d3505f0ffff488dbe00a0ffff";

/** Bytes without any pattern, the same on every run. */
function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) => createHash("sha256").update(`${index}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

const mew = (sections: PeSection[], code = "e9509dffff") =>
  builtPe({ sections, start: { section: 1, code: Buffer.from(code, "hex") } });

/** Upack's header: the PE header begins inside the DOS header, and the freed fields hold a function's name. */
function upack(headerAt = 0x10): Buffer {
  const file = builtPe({ headerAt });
  file.write("LoadLibraryA", 0x2a, "latin1");
  return file;
}

const bySections = (...sections: string[]) => ({
  found: { "its section names": builtPe({ sections: named(".text", ...sections) }) },
  passed: {
    ...eachMissing(sections, (others) => builtPe({ sections: named(".text", ...others) })),
    "the names in a file that is no program": Buffer.from(sections.join("\0")),
  },
});

export const packerCases: RuleCases = {
  Packer_UPX_PE: {
    found: {
      "32 bit": builtPe({ sections: [{ name: "UPX0" }, { name: "UPX1", data: UPX_MARK }] }),
      "64 bit": builtPe({ bits: 64, sections: [{ name: "UPX0" }, { name: "UPX1", data: UPX_MARK }, { name: ".rsrc" }] }),
    },
    passed: {
      ...eachMissing(["UPX0", "UPX1"], (names) => builtPe({ sections: [...named(...names), { name: ".text", data: UPX_MARK }] })),
      "without UPX's mark": builtPe({ sections: named("UPX0", "UPX1") }),
      "the mark under other names": builtPe({ sections: [{ name: ".text", data: UPX_MARK }] }),
    },
  },
  Packer_UPX_ELF: {
    found: { "marked at both ends": Buffer.concat([ELF, UPX_MARK, Buffer.alloc(5000), UPX_MARK, Buffer.alloc(32)]) },
    passed: {
      "marked at the end alone": Buffer.concat([ELF, Buffer.alloc(5000), UPX_MARK]),
      "marked at the beginning alone": Buffer.concat([ELF, UPX_MARK, Buffer.alloc(5000)]),
      "marked, but not a program": Buffer.concat([UPX_MARK, Buffer.alloc(5000), UPX_MARK]),
    },
  },
  Packer_ASPack: bySections(".aspack", ".adata"),
  Packer_PECompact: {
    found: {
      "its name in the first section": builtPe({ sections: [{ name: ".text", data: Buffer.from("PECompact2\0") }] }),
      "its section names": builtPe({ sections: named("pec1", "pec2") }),
    },
    passed: {
      ...eachMissing(["pec1", "pec2"], (names) => builtPe({ sections: named(...names) })),
      "its name in a text": Buffer.from("PECompact2"),
    },
  },
  Packer_Petite: bySections(".petite"),
  Packer_MPRESS: bySections(".MPRESS1", ".MPRESS2"),
  Packer_WWPack32: bySections(".WWP32"),
  Protector_VMProtect: bySections(".vmp0", ".vmp1"),
  Protector_Themida: bySections(".themida"),
  Protector_Enigma: bySections(".enigma1", ".enigma2"),
  Packer_Unknown: {
    below: 32 * MB,
    found: { "noise where it starts": builtPe({ sections: [{ name: ".text", data: noise(8192) }] }) },
    passed: {
      "code where it starts, noise elsewhere": builtPe({
        sections: [
          { name: ".text", data: Buffer.alloc(8192, "code") },
          { name: ".data", data: noise(8192) },
        ],
      }),
      "noise before where it starts": builtPe({
        sections: [
          { name: ".data", data: noise(8192) },
          { name: ".text", data: Buffer.alloc(8192, "code") },
        ],
        start: { section: 1, code: Buffer.from([0xc3]) },
      }),
      "too little to tell": builtPe({ sections: [{ name: ".text", data: noise(3500) }] }),
      "noise, but imports of an ordinary program": builtPe({
        sections: [{ name: ".text", data: noise(8192) }],
        imports: { "kernel32.dll": Array.from({ length: 40 }, (_, index) => `Function${index}`) },
      }),
    },
  },
  Packer_UPX_Tampered: {
    found: { "the 32 bit start": startsWith(UPX_STUB_32), "the 64 bit start": startsWith(UPX_STUB_64) },
    passed: {
      "packed by UPX as it is": startsWith(UPX_STUB_32, [{ name: "UPX1", data: UPX_MARK }]),
      "the start somewhere else": startsWith(`90${UPX_STUB_32}`),
    },
  },
  Packer_MEW: {
    found: { "an empty section called MEW and a jump": mew([{ name: "MEW" }, ...named("\x02\xd2u")]) },
    passed: {
      "a full section called MEW": mew(named("MEW", ".data")),
      "an empty section of another name": mew([{ name: ".bss" }, ...named(".text")]),
      "a third section": mew([{ name: "MEW" }, ...named(".text", ".rsrc")]),
      "another start": mew([{ name: "MEW" }, ...named(".text")], "558bec"),
    },
  },
  Packer_Upack: {
    found: { "the folded header": upack() },
    passed: {
      "a folded header without the name": builtPe({ headerAt: 0x10 }),
      "the name before an ordinary header": upack(0x80),
      "the name elsewhere": builtPe({ carries: ["LoadLibraryA"] }),
    },
  },
  Packer_FSG: {
    found: {
      "version 1": startsWith("bbd0014000bf00104000be00604000"),
      "version 2": startsWith("8725a83c4100619455a4b680ff13"),
    },
    passed: { "the start somewhere else": startsWith("90bbd0014000bf00104000be00604000") },
  },
  Packer_NsPack: {
    found: {
      "with a dot": builtPe({ sections: named(".nsp0", ".nsp1") }),
      without: builtPe({ sections: named("nsp0", "nsp1", "nsp2") }),
    },
    passed: {
      ...eachMissing([".nsp0", ".nsp1"], (names) => builtPe({ sections: named(...names) })),
      ...eachMissing(["nsp0", "nsp1"], (names) => builtPe({ sections: named(...names) })),
    },
  },
  Packer_Yodas_Crypter: {
    found: { "its start": startsWith("558bec53565760e8000000005d81ed8c214000b9512d4000") },
    passed: { "the start of an ordinary function": startsWith("558bec535657e8000000005d") },
  },
  Packer_PESpin: {
    found: { "its start": startsWith("eb016860e8000000008b1c2483c312812be8b10600fe4b") },
    passed: { "a jump over a byte": startsWith("eb016890e80000000090") },
  },
};
