/** The system calls that a fenced program may not make, as a program for the kernel's filter (seccomp, classic BPF). */

/** The numbers of a system call on x86-64, i386 and arm64; null: that architecture has no such call. */
type Numbers = readonly [x64: number | null, ia32: number | null, arm64: number | null];

/**
 * Ways to other namespaces and processes, to the kernel's rarely used and often broken parts, and around the rules for sockets.
 */
const DENIED: Readonly<Record<string, Numbers>> = {
  mount: [165, 21, 40],
  umount: [166, 22, 39],
  umount2: [166, 52, 39],
  pivot_root: [155, 217, 41],
  setns: [308, 346, 268],
  ptrace: [101, 26, 117],
  process_vm_readv: [310, 347, 270],
  process_vm_writev: [311, 348, 271],
  pidfd_getfd: [438, 438, 438],
  kcmp: [312, 349, 272],
  keyctl: [250, 288, 219],
  add_key: [248, 286, 217],
  request_key: [249, 287, 218],
  bpf: [321, 357, 280],
  perf_event_open: [298, 336, 241],
  userfaultfd: [323, 374, 282],
  open_by_handle_at: [304, 342, 265],
  kexec_load: [246, 283, 104],
  kexec_file_load: [320, null, 294],
  init_module: [175, 128, 105],
  finit_module: [313, 350, 273],
  delete_module: [176, 129, 106],
  swapon: [167, 87, 224],
  swapoff: [168, 115, 225],
  reboot: [169, 88, 142],
  acct: [163, 51, 89],
  quotactl: [179, 131, 60],
  syslog: [103, 103, 116],
  iopl: [172, 110, null],
  ioperm: [173, 101, null],
  modify_ldt: [154, 123, null],
  io_uring_setup: [425, 425, 425],
  io_uring_enter: [426, 426, 426],
  io_uring_register: [427, 427, 427],
  open_tree: [428, 428, 428],
  move_mount: [429, 429, 429],
  fsopen: [430, 430, 430],
  fsconfig: [431, 431, 431],
  fsmount: [432, 432, 432],
  fspick: [433, 433, 433],
  mount_setattr: [442, 442, 442],
};
const UNSHARE: Numbers = [272, 310, 97];
const CLONE: Numbers = [56, 120, 220];
/** A filter cannot see its flags; the C library falls back to clone where clone3 is missing. */
const CLONE3: Numbers = [435, 435, 435];
const SOCKET: Numbers = [41, 359, 198];
/** Sockets of i386: a filter cannot see which kind is requested. */
const SOCKETCALL: Numbers = [null, 102, null];

const NEW_NAMESPACES = 0x7e02_0000;
const NEW_TIME = 0x80;
/** Unix, IPv4, IPv6 and netlink. Network namespaces do not confine others, such as the one to the host of a virtual machine. */
const SOCKET_FAMILIES = [1, 2, 10, 16];
const NEW_SOCKET = 1;

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const ARCHITECTURES = { x64: 0xc000_003e, ia32: 0x4000_0003, arm64: 0xc000_00b7 } as const;
/** From here on x86-64 counts the calls of its variant x32. */
const X32 = 0x4000_0000;

const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
const FIRST_ARGUMENT_AT = 16;

interface Instruction {
  readonly code: number;
  readonly ifTrue?: number;
  readonly ifFalse?: number;
  readonly value: number;
}

const load = (value: number): Instruction => ({ code: 0x20, value });
const equals = (value: number, ifTrue: number, ifFalse: number): Instruction => ({ code: 0x15, ifTrue, ifFalse, value });
const atLeast = (value: number, ifTrue: number, ifFalse: number): Instruction => ({ code: 0x35, ifTrue, ifFalse, value });
const hasAny = (value: number, ifTrue: number, ifFalse: number): Instruction => ({ code: 0x45, ifTrue, ifFalse, value });
const jump = (value: number): Instruction => ({ code: 0x05, value });
const ALLOW: Instruction = { code: 0x06, value: 0x7fff_0000 };
const refuse = (error: number): Instruction => ({ code: 0x06, value: 0x0005_0000 | error });

/** The filter's bytes for programs of an architecture, in Node's words; undefined where there is none. */
export function syscallFilter(architecture: string, internet: boolean): Buffer | undefined {
  if (architecture === "arm64") return assemble([load(ARCHITECTURE_AT), ...section("arm64", internet), refuse(EPERM)]);
  if (architecture !== "x64") return undefined;
  return assemble([load(ARCHITECTURE_AT), ...section("x64", internet), ...section("ia32", internet), refuse(EPERM)]);
}

/** What is refused to programs of one architecture; passed over by others. */
function section(architecture: keyof typeof ARCHITECTURES, internet: boolean): Instruction[] {
  const at = Object.keys(ARCHITECTURES).indexOf(architecture);
  const when = (numbers: Numbers, rules: readonly Instruction[]): Instruction[] => {
    const number = numbers[at];
    return number === null || number === undefined ? [] : [equals(number, 0, rules.length), ...rules];
  };
  const withoutFlags = (flags: number) => [load(FIRST_ARGUMENT_AT), hasAny(flags, 0, 1), refuse(EPERM), ALLOW];
  const families = SOCKET_FAMILIES.map((family, index) => equals(family, SOCKET_FAMILIES.length - index, 0));
  const rules = [
    load(NUMBER_AT),
    ...(architecture === "x64" ? [atLeast(X32, 0, 1), refuse(EPERM)] : []),
    ...Object.values(DENIED).flatMap((numbers) => when(numbers, [refuse(EPERM)])),
    ...when(CLONE3, [refuse(ENOSYS)]),
    ...when(CLONE, withoutFlags(NEW_NAMESPACES)),
    ...when(UNSHARE, withoutFlags(NEW_NAMESPACES | NEW_TIME)),
    ...when(SOCKET, [load(FIRST_ARGUMENT_AT), ...families, refuse(EAFNOSUPPORT), ALLOW]),
    ...(internet ? [] : when(SOCKETCALL, [load(FIRST_ARGUMENT_AT), equals(NEW_SOCKET, 0, 1), refuse(EAFNOSUPPORT), ALLOW])),
    ALLOW,
  ];
  return [equals(ARCHITECTURES[architecture], 1, 0), jump(rules.length), ...rules];
}

function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, ifTrue = 0, ifFalse = 0, value }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
