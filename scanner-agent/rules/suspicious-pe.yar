// What a Windows program is able to do, by what it imports. Single functions say little, so each rule asks for a whole
// technique, of an unsigned program of moderate size: most debuggers and security tools are signed or larger.

import "pe"

rule PE_Injects_Code
{
  meta:
    description = "Imports all it takes to write code into another process and start it there"
    author = "ScanMesh"
    category = "injection"
    verdict = "suspicious"

  condition:
    pe.is_pe and filesize < 5MB and not pe.is_signed and
    // Parts of the system itself (kernel32, wow64) import these too, among hundreds of others.
    pe.imports(pe.IMPORT_ANY, "ntdll.dll") < 100 and
    pe.imports(pe.IMPORT_ANY, /./, /^(OpenProcess|CreateProcess(AsUser)?[AW]|(Nt|Zw)OpenProcess)$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(VirtualAllocEx|(Nt|Zw)(AllocateVirtualMemory|MapViewOfSection))$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(WriteProcessMemory|(Nt|Zw)(WriteVirtualMemory|MapViewOfSection))$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(CreateRemoteThread(Ex)?|RtlCreateUserThread|(Nt|Zw)CreateThreadEx|QueueUserAPC)$/i) > 0
}

rule PE_Hollows_Process
{
  meta:
    description = "Imports all it takes to empty a new process and run other code under its name"
    author = "ScanMesh"
    category = "injection"
    verdict = "suspicious"

  condition:
    pe.is_pe and filesize < 5MB and not pe.is_signed and
    pe.imports(pe.IMPORT_ANY, /./, /^CreateProcess(AsUser|Internal)?[AW]$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(Nt|Zw)UnmapViewOfSection$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(WriteProcessMemory|(Nt|Zw)(WriteVirtualMemory|MapViewOfSection))$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(Wow64)?SetThreadContext$|^(Nt|Zw)SetContextThread$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(ResumeThread|(Nt|Zw)ResumeThread)$/i) > 0
}

rule PE_Logs_Keys
{
  meta:
    description = "Imports all it takes to record what is typed, into which window, and to send it away"
    author = "ScanMesh"
    category = "keylogger"
    verdict = "suspicious"

  condition:
    pe.is_pe and filesize < 2MB and not pe.is_signed and
    pe.imports(pe.IMPORT_ANY, /^user32/i, /^(SetWindowsHookEx[AW]|GetAsyncKeyState|RegisterRawInputDevices)$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^user32/i, /^(GetKeyboardState|GetKeyNameText[AW]|ToAscii(Ex)?|ToUnicode(Ex)?)$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^user32/i, /^GetForegroundWindow$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^user32/i, /^(Internal)?GetWindowText[AW]$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^(wininet|winhttp|ws2_32|wsock32|urlmon)/i, /./) > 0 and
    // Games and media players read keys as well, and draw.
    pe.imports(pe.IMPORT_ANY, /^(opengl32|d3d|ddraw|dxgi|dinput|gdiplus|comctl32)/i, /./) == 0
}

rule PE_Dumps_Lsass
{
  meta:
    description = "Imports all it takes to dump the memory of a process, and names the one that keeps the passwords"
    author = "ScanMesh"
    category = "credentials"
    verdict = "suspicious"

  strings:
    $lsass = "lsass.exe" ascii wide nocase

  condition:
    pe.is_pe and filesize < 5MB and not pe.is_signed and $lsass and
    pe.imports(pe.IMPORT_ANY, /^(dbghelp|dbgcore)/i, /^MiniDumpWriteDump$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^((Nt|Zw)?OpenProcess)$/i) > 0
}

rule PE_Reads_Account_Database
{
  meta:
    description = "Uses the private interface of the Windows account database that password dumpers use"
    author = "ScanMesh"
    category = "credentials"
    verdict = "suspicious"

  condition:
    pe.is_pe and filesize < 5MB and not pe.is_signed and
    pe.imports(pe.IMPORT_ANY, /^samlib/i, /^SamConnect$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^samlib/i, /^SamEnumerateUsersInDomain$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^samlib/i, /^SamQueryInformationUser$/i) > 0
}

rule PE_Steals_Browser_Passwords
{
  meta:
    description = "Decrypts data of the user's and names where several browsers keep their passwords"
    author = "ScanMesh"
    category = "credentials"
    verdict = "suspicious"

  strings:
    $chromium = "\\Google\\Chrome\\User Data" ascii wide nocase
    $edge = "\\Microsoft\\Edge\\User Data" ascii wide nocase
    $opera = "\\Opera Software\\Opera Stable" ascii wide nocase
    $firefox = "\\Mozilla\\Firefox\\Profiles" ascii wide nocase
    $chromium_store = "Login Data" ascii wide
    $firefox_store = "logins.json" ascii wide

  condition:
    pe.is_pe and filesize < 5MB and not pe.is_signed and
    2 of ($chromium, $edge, $opera, $firefox) and any of ($chromium_store, $firefox_store) and
    pe.imports(pe.IMPORT_ANY, /^crypt32/i, /^CryptUnprotectData$/i) > 0
}

rule PE_Checks_For_Debugger
{
  meta:
    description = "Imports several ways to notice a debugger"
    author = "ScanMesh"
    category = "anti-analysis"

  condition:
    pe.is_pe and filesize < 20MB and
    pe.imports(pe.IMPORT_ANY, /./, /^CheckRemoteDebuggerPresent$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^IsDebuggerPresent$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^((Nt|Zw)QueryInformationProcess|(Nt|Zw)SetInformationThread|OutputDebugString[AW])$/i) > 0
}

rule PE_Evades_Analysis
{
  meta:
    description = "Looks for debuggers and knows the names of several analysis tools and sandboxes"
    author = "ScanMesh"
    category = "anti-analysis"
    verdict = "suspicious"

  strings:
    $tool_1 = "ollydbg" ascii wide nocase
    $tool_2 = "x64dbg" ascii wide nocase
    $tool_3 = "wireshark" ascii wide nocase
    $tool_4 = "procmon" ascii wide nocase
    $tool_5 = "processhacker" ascii wide nocase
    $sandbox_1 = "SbieDll.dll" ascii wide nocase
    $sandbox_2 = "VBoxService.exe" ascii wide nocase
    $sandbox_3 = "vmtoolsd.exe" ascii wide nocase
    $sandbox_4 = "\\\\.\\VBoxGuest" ascii wide nocase
    $sandbox_5 = "cuckoomon" ascii wide nocase

  condition:
    pe.is_pe and filesize < 5MB and not pe.is_signed and
    2 of ($tool_*) and 2 of ($sandbox_*) and
    pe.imports(pe.IMPORT_ANY, /./, /^(IsDebuggerPresent|CheckRemoteDebuggerPresent|(Nt|Zw)QueryInformationProcess)$/i) > 0
}

rule PE_Downloads_And_Runs
{
  meta:
    description = "A small program that downloads a file and starts a program, and shows no window of its own"
    author = "ScanMesh"
    category = "downloader"
    verdict = "suspicious"

  condition:
    pe.is_pe and filesize < 512KB and not pe.is_signed and not pe.is_dll() and
    pe.imports(pe.IMPORT_ANY, /^urlmon/i, /^URLDownloadTo(Cache)?File[AW]$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /./, /^(WinExec|ShellExecute(Ex)?[AW]|CreateProcess[AW])$/i) > 0 and
    pe.imports(pe.IMPORT_ANY, /^user32/i, /^(CreateWindowEx|DialogBoxParam|CreateDialogParam)[AW]$/i) == 0
}

rule PE_Deletes_Backups
{
  meta:
    description = "Carries the commands that make a Windows machine unable to recover, as ransomware does"
    author = "ScanMesh"
    category = "ransomware"
    verdict = "suspicious"

  strings:
    $shadows_1 = /vssadmin(\.exe)?"? {1,4}delete {1,4}shadows/ ascii wide nocase
    $shadows_2 = /wmic(\.exe)?"? {1,4}shadowcopy {1,4}delete/ ascii wide nocase
    $catalog = /wbadmin(\.exe)?"? {1,4}delete {1,4}(catalog|systemstatebackup)/ ascii wide nocase
    $recovery = /bcdedit[^\r\n\x00]{1,40}recoveryenabled {1,4}no/ ascii wide nocase

  condition:
    pe.is_pe and filesize < 20MB and not pe.is_signed and 2 of them
}
