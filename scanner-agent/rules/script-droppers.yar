// Scripts whose purpose is to bring something else in and start it.

rule Script_PowerShell_Encoded_Command
{
  meta:
    description = "PowerShell started with an encoded command"
    author = "ScanMesh"
    category = "script"

  strings:
    $call = /powershell(\.exe)?["']?\s[^\r\n]{0,200}[\/-]e(nc(odedcommand)?|c)?\s{1,4}["']?[A-Za-z0-9+\/]{60}/ ascii wide nocase

  condition:
    filesize < 10MB and $call
}

rule Script_PowerShell_Encoded_Download
{
  meta:
    description = "PowerShell command that was encoded to hide that it downloads or decodes code"
    author = "ScanMesh"
    category = "downloader"
    verdict = "suspicious"

  strings:
    $powershell = "powershell" ascii wide nocase
    $encoded_1 = "Net.WebClient" wide base64
    $encoded_2 = "DownloadString" wide base64
    $encoded_3 = "Invoke-WebRequest" wide base64
    $encoded_4 = "FromBase64String" wide base64
    $encoded_5 = "Invoke-Expression" wide base64

  condition:
    filesize < 10MB and $powershell and any of ($encoded_*)
}

rule Script_PowerShell_Hidden_Download
{
  meta:
    description = "PowerShell started with a hidden window to download something"
    author = "ScanMesh"
    category = "downloader"
    verdict = "suspicious"

  strings:
    $call = /powershell(\.exe)?["']? [^\r\n]{0,200}-w(in(dowstyle)?)? +(h(idden)?|1) [^\r\n]{0,400}https?:\/\// ascii wide nocase

  condition:
    filesize < 10MB and $call
}

rule Script_PowerShell_Disables_AMSI
{
  meta:
    description = "PowerShell that switches off the scanning of scripts"
    author = "ScanMesh"
    category = "script"
    verdict = "suspicious"

  strings:
    $class = /Management\.Automation\.[^a-z]{0,8}Amsi[^a-z]{0,8}Utils/ ascii wide nocase
    $field = /amsi[^a-z]{0,8}(Init[^a-z]{0,8}Failed|Context|Session)/ ascii wide nocase
    $write = /\.SetValue\s?\(/ ascii wide nocase

  condition:
    filesize < 2MB and all of them
}

rule Script_PowerShell_Loads_Inline_Program
{
  meta:
    description = "PowerShell that carries a Windows program as text and loads it into memory"
    author = "ScanMesh"
    category = "dropper"
    verdict = "suspicious"

  strings:
    $load = /Reflection\.Assembly\]::Load\s?\(/ ascii wide nocase
    $decode = "FromBase64String" ascii wide nocase
    $program = /TVqQAA[A-Za-z0-9+\/]{200}/ ascii wide

  condition:
    filesize < 20MB and uint16be(0) != 0x4D5A and all of them
}

rule Script_Windows_Host_Dropper
{
  meta:
    description = "Script for Windows Script Host that downloads a file, saves it and starts a program"
    author = "ScanMesh"
    category = "dropper"
    verdict = "suspicious"

  strings:
    $http = /\b(MSXML2\.(Server)?XMLHTTP|Microsoft\.XMLHTTP|WinHttp\.WinHttpRequest)\b/ ascii wide nocase
    $stream = /\bADODB\.Stream\b/ ascii wide nocase
    $save = /\.SaveToFile\b/ ascii wide nocase
    $shell = /\b(WScript\.Shell|Shell\.Application)\b/ ascii wide nocase
    $start = /\.(Run|Exec|ShellExecute)\b/ ascii wide nocase

  condition:
    filesize < 1MB and uint16be(0) != 0x4D5A and uint32be(0) != 0xD0CF11E0 and all of them
}

rule Script_Windows_Host_Obfuscated
{
  meta:
    description = "Script that builds the code it runs from character codes"
    author = "ScanMesh"
    category = "script"
    verdict = "suspicious"

  strings:
    $vbs_characters = /(chrw?\(\s?\d{1,3}\s?\)\s{0,4}&\s{0,4}){20}/ nocase
    $vbs_run = /\b(execute|executeglobal|eval)\b/ nocase
    $js_run = /\beval\(\s{0,4}String\.fromCharCode\((\s{0,4}\d{1,3}\s{0,4},){40}/ nocase

  condition:
    filesize < 2MB and uint16be(0) != 0x4D5A and (($vbs_characters and $vbs_run) or $js_run)
}

rule Script_HTML_Application_Dropper
{
  meta:
    description = "HTML application or page with a script that starts a Windows shell"
    author = "ScanMesh"
    category = "dropper"
    verdict = "suspicious"

  strings:
    $script = /<(script|hta:application)\b/ nocase
    $shell = /\b(CreateObject|ActiveXObject)\s?\(\s?["']WScript\.Shell["']\s?\)/ nocase
    $start = /\.(Run|Exec)[ \(]{1,3}["'][^\n]{0,60}(powershell|cmd(\.exe)? \/c|mshta|certutil|bitsadmin|rundll32|regsvr32)/ nocase

  condition:
    filesize < 1MB and all of them
}

rule Script_LOLBin_Download
{
  meta:
    description = "Batch command that downloads or unpacks a program with a tool that is part of Windows"
    author = "ScanMesh"
    category = "downloader"
    verdict = "suspicious"

  strings:
    $certutil_url = /\bcertutil(\.exe)? [^\r\n]{0,80}[\/-]urlcache [^\r\n]{0,80}https?:\/\/[^\s"]{4}/ nocase
    $certutil_decode = /\bcertutil(\.exe)? [^\r\n]{0,40}[\/-]decode(hex)? [^\r\n]{1,99}\.(exe|dll|scr|bat|vbs|js|hta)\b/ nocase
    $bitsadmin = /\bbitsadmin(\.exe)? [^\r\n]{0,99}\/(transfer|addfile) [^\r\n]{0,99}https?:\/\/[^\s"]{4}/ nocase

  condition:
    filesize < 1MB and uint16be(0) != 0x4D5A and any of them
}

rule Script_LOLBin_Runs_Script
{
  meta:
    description = "Command that makes a tool of Windows run a script from the net or from its command line"
    author = "ScanMesh"
    category = "script"
    verdict = "suspicious"

  strings:
    $mshta = /\bmshta(\.exe)?"? +["\']?(https?:\/\/\w|(vb|java)script:[^\r\n]{8})/ ascii wide nocase
    $regsvr32 = /\bregsvr32(\.exe)?\s[^\r\n]{0,60}\/i:https?:\/\/[^\r\n]{4,200}scrobj/ ascii wide nocase
    $rundll32 = /\brundll32(\.exe)?\s{1,4}["']?javascript:/ ascii wide nocase

  condition:
    filesize < 1MB and uint16be(0) != 0x4D5A and any of them
}
