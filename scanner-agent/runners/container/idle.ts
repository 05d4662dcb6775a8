/**
 * The agent's own program in containers, as images of engines may have no shell and no program that waits. Without arguments it waits
 * forever; with arguments it prints those files, and its exit status is 1 if one cannot be read. It has three uses: it waits in an
 * engine's container, reads standard input in the lease's, and prints files in the probe's. It is an ELF file without any library,
 * written here instruction by instruction.
 */

const LOAD_ADDRESS = 0x400000;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;

interface Machine {
  /** The machine's number in an ELF header. */
  readonly id: number;
  readonly code: string;
}

const X86_64 = `
488d5c2410              lea rbx, [rsp+16]         the first argument
488b3b                  mov rdi, [rbx]          next:
4885ff                  test rdi, rdi
7445                    jz done
4883c308                add rbx, 8
31f6                    xor esi, esi              for reading
b802000000 0f05         open
85c0 782d               js fail
89c5                    mov ebp, eax
89ef                    mov edi, ebp            copy:
488db42400e0ffff        lea rsi, [rsp-8192]
ba00100000              mov edx, 4096
31c0 0f05               read
85c0 7814               js fail
74cc                    jz next
89c2                    mov edx, eax
bf01000000              mov edi, 1                standard output
b801000000 0f05         write
85c0 79d5               jns copy
bf01000000 eb09         mov edi, 1; jmp exit    fail:
48833c2401              cmp qword [rsp], 1      done: were there arguments?
7409                    je idle
31ff                    xor edi, edi
b83c000000 0f05         exit                    exit:
b822000000 0f05         pause                   idle:
ebf7                    jmp idle`;

const ARM64 = `
f3430091                add x19, sp, #16          the first argument
618640f8                ldr x1, [x19], #8       next:
c10200b4                cbz x1, done
600c8092 020080d2       mov x0, #-100; mov x2, #0
080780d2 010000d4       openat
e001f8b7                tbnz x0, #63, fail
f40300aa                mov x20, x0
e00314aa                mov x0, x20             copy:
e10b40d1                sub x1, sp, #8192
020082d2                mov x2, #4096
e80780d2 010000d4       read
0001f8b7                tbnz x0, #63, fail
40feffb4                cbz x0, next
e20300aa                mov x2, x0
200080d2                mov x0, #1                standard output
e10b40d1                sub x1, sp, #8192
080880d2 010000d4       write
80feffb6                tbz x0, #63, copy
200080d2 05000014       mov x0, #1; b exit      fail:
e10340f9 3f0400f1       ldr x1, [sp]; cmp x1, #1 done: were there arguments?
80000054                b.eq idle
000080d2                mov x0, #0
a80b80d2 010000d4       exit                    exit:
000080d2 010080d2       mov x0, #0; mov x1, #0  idle:
020080d2 030080d2       mov x2, #0; mov x3, #0
280980d2 010000d4       ppoll
faffff17                b idle`;

/** By what Docker and Podman call the host's architecture. */
const MACHINES: Readonly<Record<string, Machine>> = {
  x86_64: { id: 62, code: X86_64 },
  amd64: { id: 62, code: X86_64 },
  aarch64: { id: 183, code: ARM64 },
  arm64: { id: 183, code: ARM64 },
};

/** The program for a host's architecture, or undefined if there is none. */
export function idleProgram(architecture: string): Buffer | undefined {
  const machine = MACHINES[architecture];
  if (machine === undefined) return undefined;
  const code = assemble(machine.code);
  const size = ELF_HEADER + PROGRAM_HEADER + code.length;
  const file = Buffer.alloc(size);
  // 64 bits, little-endian, version 1.
  file.write("\x7fELF\x02\x01\x01", 0, "latin1");
  file.writeUInt16LE(2, 16); // An executable at a fixed address,
  file.writeUInt16LE(machine.id, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS + size - code.length), 24); // which begins with its code.
  file.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  file.writeUInt16LE(ELF_HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(1, 56);
  const header = file.subarray(ELF_HEADER);
  header.writeUInt32LE(1, 0); // One segment, loaded,
  header.writeUInt32LE(5, 4); // to be read and run, never written:
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 16);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 24);
  header.writeBigUInt64LE(BigInt(size), 32); // the whole file.
  header.writeBigUInt64LE(BigInt(size), 40);
  header.writeBigUInt64LE(0x1000n, 48);
  code.copy(file, size - code.length);
  return file;
}

/** The code of a listing: hexadecimal words at the beginning of each line, before two spaces. */
function assemble(listing: string): Buffer {
  const words = listing
    .trim()
    .split("\n")
    .map((line) => line.split("  ", 1)[0]?.replaceAll(" ", "") ?? "");
  return Buffer.from(words.join(""), "hex");
}
