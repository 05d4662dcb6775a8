import { builtPe, type PeShape } from "./built-pe.js";
import { eachMissing, KB, MB, type RuleCases } from "./rule-case.js";

const INJECTS = ["OpenProcess", "VirtualAllocEx", "WriteProcessMemory", "CreateRemoteThread"];
const HOLLOWS = ["CreateProcessW", "NtUnmapViewOfSection", "WriteProcessMemory", "SetThreadContext", "ResumeThread"];
const KEYS = ["SetWindowsHookExW", "ToUnicode", "GetForegroundWindow", "GetWindowTextW"];
const SAM = ["SamConnect", "SamEnumerateUsersInDomain", "SamQueryInformationUser"];
const DUMP = ["MiniDumpWriteDump", "OpenProcess"];
const UNPROTECT = { "crypt32.dll": ["CryptUnprotectData"] };
const BROWSERS = ["C:\\Users\\%s\\AppData\\Local\\Google\\Chrome\\User Data\\Default", "%APPDATA%\\Mozilla\\Firefox\\Profiles"];
const ANALYSIS = ["OLLYDBG", "x64dbg.exe", "SbieDll.dll", "vmtoolsd.exe"];
const WAYS = ["IsDebuggerPresent", "CheckRemoteDebuggerPresent", "OutputDebugStringW"];
const DEBUGGER = { "kernel32.dll": ["IsDebuggerPresent"] };
const DOWNLOADS = ["URLDownloadToFileW", "ShellExecuteW"];
const NO_BACKUPS = ["cmd.exe /c vssadmin.exe delete shadows /all /quiet", "bcdedit /set {default} recoveryenabled no"];

const utf16 = (text: string) => Buffer.from(text, "utf16le").toString("latin1");
const kernel = (names: string[], shape: PeShape = {}) =>
  builtPe({ ...shape, imports: { "KERNEL32.dll": names, ...shape.imports } });
const typist = (functions: string[], other: string) => builtPe({ imports: { "user32.dll": functions, [other]: ["send"] } });
/** The rule asks which library a function is from. */
const dumper = (functions: string[], carries: string[]) => builtPe({ imports: { "dbghelp.dll": functions }, carries });
const downloader = (functions: string[], shape: PeShape = {}) =>
  builtPe({ ...shape, imports: { "urlmon.dll": functions, ...shape.imports } });

export const peCases: RuleCases = {
  PE_Injects_Code: {
    below: 5 * MB,
    found: {
      "by a remote thread": kernel(INJECTS),
      "64 bit": kernel(INJECTS, { bits: 64 }),
      "by native functions": builtPe({
        imports: { "ntdll.dll": ["NtOpenProcess", "NtAllocateVirtualMemory", "NtWriteVirtualMemory", "NtCreateThreadEx"] },
      }),
      "by a queued call": kernel([...INJECTS.slice(0, 3), "QueueUserAPC"]),
    },
    passed: {
      ...eachMissing(INJECTS, (functions) => kernel(functions)),
      "part of the system, with hundreds of native functions": kernel(INJECTS, {
        imports: { "ntdll.dll": Array.from({ length: 120 }, (_, index) => `NtFunction${index}`) },
      }),
      "the names alone": Buffer.from(INJECTS.join("\0")),
    },
  },
  PE_Hollows_Process: {
    below: 5 * MB,
    found: { "the whole technique": kernel(HOLLOWS) },
    passed: eachMissing(HOLLOWS, (functions) => kernel(functions)),
  },
  PE_Logs_Keys: {
    below: 2 * MB,
    found: { "keys, windows and a connection": typist(KEYS, "ws2_32.dll") },
    passed: {
      ...eachMissing(KEYS, (functions) => typist(functions, "ws2_32.dll")),
      "without a connection": typist(KEYS, "kernel32.dll"),
      "a game": builtPe({ imports: { "user32.dll": KEYS, "ws2_32.dll": ["send"], "d3d11.dll": ["D3D11CreateDevice"] } }),
    },
  },
  PE_Dumps_Lsass: {
    below: 5 * MB,
    found: { "by its name": dumper(DUMP, ["LSASS.EXE"]), "by its name in UTF-16": dumper(DUMP, [utf16("lsass.exe")]) },
    passed: {
      ...eachMissing(DUMP, (functions) => dumper(functions, ["lsass.exe"])),
      "a crash reporter": dumper(DUMP, ["crash.dmp"]),
    },
  },
  PE_Reads_Account_Database: {
    below: 5 * MB,
    found: { "the private interface": builtPe({ imports: { "samlib.dll": SAM } }) },
    passed: {
      ...eachMissing(SAM, (functions) => builtPe({ imports: { "samlib.dll": functions } })),
      "functions of these names of another library": kernel(SAM),
    },
  },
  PE_Steals_Browser_Passwords: {
    below: 5 * MB,
    found: {
      "two browsers": builtPe({ imports: UNPROTECT, carries: [...BROWSERS, "Login Data"] }),
      "two browsers in UTF-16": builtPe({ imports: UNPROTECT, carries: [...BROWSERS, "logins.json"].map(utf16) }),
    },
    passed: {
      ...eachMissing([...BROWSERS, "Login Data"], (carries) => builtPe({ imports: UNPROTECT, carries })),
      "without decrypting": builtPe({ carries: [...BROWSERS, "Login Data"] }),
    },
  },
  PE_Checks_For_Debugger: {
    below: 20 * MB,
    found: { "three ways": kernel(WAYS) },
    passed: eachMissing(WAYS, (functions) => kernel(functions)),
  },
  PE_Evades_Analysis: {
    below: 5 * MB,
    found: { "tools and sandboxes": builtPe({ imports: DEBUGGER, carries: ANALYSIS }) },
    passed: {
      ...eachMissing(ANALYSIS, (carries) => builtPe({ imports: DEBUGGER, carries })),
      "without looking for a debugger": builtPe({ carries: ANALYSIS }),
    },
  },
  PE_Downloads_And_Runs: {
    below: 512 * KB,
    found: { "a small program without a window": downloader(DOWNLOADS) },
    passed: {
      ...eachMissing(DOWNLOADS, (functions) => downloader(functions)),
      "with a window": downloader(DOWNLOADS, { imports: { "user32.dll": ["CreateWindowExW"] } }),
      "a library": downloader(DOWNLOADS, { dll: true }),
    },
  },
  PE_Deletes_Backups: {
    below: 20 * MB,
    found: { "two commands": builtPe({ carries: NO_BACKUPS }), "in UTF-16": builtPe({ carries: NO_BACKUPS.map(utf16) }) },
    passed: { ...eachMissing(NO_BACKUPS, (carries) => builtPe({ carries })), "a manual": Buffer.from(NO_BACKUPS.join("\n")) },
  },
};
