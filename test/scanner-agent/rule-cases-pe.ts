import { builtPe, type PeShape } from "./built-pe.js";
import type { RuleCases } from "./rule-case.js";

const INJECTS = ["OpenProcess", "VirtualAllocEx", "WriteProcessMemory", "CreateRemoteThread"];
const HOLLOWS = ["CreateProcessW", "WriteProcessMemory", "SetThreadContext", "ResumeThread"];
const UNMAP = { "ntdll.dll": ["NtUnmapViewOfSection"] };
const KEYS = ["SetWindowsHookExW", "GetKeyboardState", "ToUnicode", "GetForegroundWindow", "GetWindowTextW"];
const SAM = ["SamConnect", "SamEnumerateUsersInDomain", "SamQueryInformationUser"];
const LSASS_DUMP = { "dbghelp.dll": ["MiniDumpWriteDump"], "kernel32.dll": ["OpenProcess", "CreateFileW"] };
const UNPROTECT = { "crypt32.dll": ["CryptUnprotectData"] };
const BROWSERS = ["C:\\Users\\%s\\AppData\\Local\\Google\\Chrome\\User Data\\Default", "%APPDATA%\\Mozilla\\Firefox\\Profiles"];
const ANALYSTS = ["OLLYDBG", "x64dbg.exe", "SbieDll.dll", "vmtoolsd.exe"];
const DEBUGGER = { "kernel32.dll": ["IsDebuggerPresent"] };
const DOWNLOADS = { "urlmon.dll": ["URLDownloadToFileW"], "shell32.dll": ["ShellExecuteW"] };
const NO_BACKUPS = ["cmd.exe /c vssadmin.exe delete shadows /all /quiet", "bcdedit /set {default} recoveryenabled no"];

const utf16 = (text: string) => Buffer.from(text, "utf16le").toString("latin1");
const kernel = (names: string[], shape: PeShape = {}) => builtPe({ ...shape, imports: { "KERNEL32.dll": names, ...shape.imports } });
const grown = (file: Buffer, size: number) => Buffer.concat([file, Buffer.alloc(size)]);

export const peCases: RuleCases = {
  PE_Injects_Code: {
    found: {
      "by a remote thread": kernel(INJECTS),
      "64 bit": kernel(INJECTS, { bits: 64 }),
      "by native functions": builtPe({
        imports: { "ntdll.dll": ["NtOpenProcess", "NtAllocateVirtualMemory", "NtWriteVirtualMemory", "NtCreateThreadEx"] },
      }),
      "by a queued call": kernel([...INJECTS.slice(0, 3), "QueueUserAPC"]),
    },
    passed: {
      "without starting a thread": kernel(INJECTS.slice(0, 3)),
      "without a process to write into": kernel(INJECTS.slice(1)),
      "part of the system, with hundreds of native functions": kernel(INJECTS, {
        imports: { "ntdll.dll": Array.from({ length: 120 }, (_, index) => `NtFunction${index}`) },
      }),
      "a large program": grown(kernel(INJECTS), 6_000_000),
      "the names alone": Buffer.from(INJECTS.join("\0")),
    },
  },
  PE_Hollows_Process: {
    found: { "the whole technique": kernel(HOLLOWS, { imports: UNMAP }) },
    passed: { "without unmapping": kernel(HOLLOWS), "without resuming": kernel(HOLLOWS.slice(0, 3), { imports: UNMAP }) },
  },
  PE_Logs_Keys: {
    found: { "keys, windows and a connection": builtPe({ imports: { "user32.dll": KEYS, "ws2_32.dll": ["send"] } }) },
    passed: {
      "without a connection": builtPe({ imports: { "user32.dll": KEYS } }),
      "a game": builtPe({ imports: { "user32.dll": KEYS, "ws2_32.dll": ["send"], "d3d11.dll": ["D3D11CreateDevice"] } }),
      "without the window's title": builtPe({ imports: { "user32.dll": KEYS.slice(0, 4), "ws2_32.dll": ["send"] } }),
    },
  },
  PE_Dumps_Lsass: {
    found: {
      "by its name": builtPe({ imports: LSASS_DUMP, carries: ["LSASS.EXE"] }),
      "by its name in UTF-16": builtPe({ imports: LSASS_DUMP, carries: [utf16("lsass.exe")] }),
    },
    passed: { "a crash reporter": builtPe({ imports: LSASS_DUMP }), "a task list": builtPe({ carries: ["lsass.exe"] }) },
  },
  PE_Reads_Account_Database: {
    found: { "the private interface": builtPe({ imports: { "samlib.dll": SAM } }) },
    passed: { "one call of it": builtPe({ imports: { "samlib.dll": SAM.slice(0, 1) } }) },
  },
  PE_Steals_Browser_Passwords: {
    found: {
      "two browsers": builtPe({ imports: UNPROTECT, carries: [...BROWSERS, "Login Data"] }),
      "two browsers in UTF-16": builtPe({ imports: UNPROTECT, carries: [...BROWSERS, "logins.json"].map(utf16) }),
    },
    passed: {
      "one browser": builtPe({ imports: UNPROTECT, carries: [...BROWSERS.slice(0, 1), "Login Data"] }),
      "without decrypting": builtPe({ carries: [...BROWSERS, "Login Data"] }),
    },
  },
  PE_Checks_For_Debugger: {
    found: { "three ways": kernel(["IsDebuggerPresent", "CheckRemoteDebuggerPresent", "OutputDebugStringW"]) },
    passed: { "what every C runtime imports": kernel(["IsDebuggerPresent", "OutputDebugStringW"]) },
  },
  PE_Evades_Analysis: {
    found: { "tools and sandboxes": builtPe({ imports: DEBUGGER, carries: ANALYSTS }) },
    passed: {
      "tools alone": builtPe({ imports: DEBUGGER, carries: ANALYSTS.slice(0, 2) }),
      "without looking for a debugger": builtPe({ carries: ANALYSTS }),
    },
  },
  PE_Downloads_And_Runs: {
    found: { "a small program without a window": builtPe({ imports: DOWNLOADS }) },
    passed: {
      "with a window": builtPe({ imports: { ...DOWNLOADS, "user32.dll": ["CreateWindowExW"] } }),
      "a library": builtPe({ dll: true, imports: DOWNLOADS }),
      "without starting anything": builtPe({ imports: { "urlmon.dll": ["URLDownloadToFileW"] } }),
    },
  },
  PE_Deletes_Backups: {
    found: { "two commands": builtPe({ carries: NO_BACKUPS }), "in UTF-16": builtPe({ carries: NO_BACKUPS.map(utf16) }) },
    passed: { "one command": builtPe({ carries: NO_BACKUPS.slice(0, 1) }), "a manual": Buffer.from(NO_BACKUPS.join("\n")) },
  },
};
