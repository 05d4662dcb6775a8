// Office documents with macros. VBA source is stored compressed, with a flag byte after every eight tokens, so a word of
// eight characters or less is broken at most once; each pattern below lists the ways in which its word can be broken.
// In the newer formats the whole project is usually compressed once more, and then only its presence is visible.

rule Office_OLE_Macros
{
  meta:
    description = "Office 97-2003 document, or a VBA project on its own, that contains macros"
    author = "ScanMesh"
    category = "macro"

  strings:
    $vba_stream = "_VBA_PROJECT" wide
    $module = { 00 41 74 74 72 69 62 75 74 00 65 20 56 42 5F }

  condition:
    uint32be(0) == 0xD0CF11E0 and uint32be(4) == 0xA1B11AE1 and $vba_stream and $module
}

rule Office_OpenXML_Macros
{
  meta:
    description = "Office document of the newer formats that contains a VBA project"
    author = "ScanMesh"
    category = "macro"

  strings:
    $content_types = "[Content_Types].xml"
    $vba_part = /(word|xl|ppt|visio)\/vbaProject\.bin/

  condition:
    uint32be(0) == 0x504B0304 and $content_types and $vba_part
}

rule Office_Macro_Starts_Itself
{
  meta:
    description = "Office document with a macro that runs when the document is opened or closed"
    author = "ScanMesh"
    category = "macro"

  strings:
    $trigger_1 = /autoopen|a.utoopen|au.toopen|aut.oopen|auto.open|autoo.pen|autoop.en|autoope.n/is
    $trigger_2 = /auto_ope|a.uto_ope|au.to_ope|aut.o_ope|auto._ope|auto_.ope|auto_o.pe|auto_op.e/is
    $trigger_3 = /autoexec|a.utoexec|au.toexec|aut.oexec|auto.exec|autoe.xec|autoex.ec|autoexe.c/is
    $trigger_4 = /autoclos|a.utoclos|au.toclos|aut.oclos|auto.clos|autoc.los|autocl.os|autoclo.s/is
    $trigger_5 = /ument_op|u.ment_op|um.ent_op|ume.nt_op|umen.t_op|ument._op|ument_.op|ument_o.p/is
    $trigger_6 = /rkbook_o|r.kbook_o|rk.book_o|rkb.ook_o|rkbo.ok_o|rkboo.k_o|rkbook._o|rkbook_.o/is
    // "Document" and "Workbook" are often not there: they are copies of the module's own name.
    $trigger_7 = /_open\(\)|_.open\(\)|_o.pen\(\)|_op.en\(\)|_ope.n\(\)|_open.\(\)|_open\(.\)/is
    $trigger_8 = /_close\(\)|_.close\(\)|_c.lose\(\)|_cl.ose\(\)|_clo.se\(\)|_clos.e\(\)|_close.\(\)|_close\(.\)/is

  condition:
    (Office_OLE_Macros or Office_OpenXML_Macros) and any of them
}

rule Office_Macro_Starts_Program
{
  meta:
    description = "Office document with a macro that runs by itself and can start programs, download, or write to memory"
    author = "ScanMesh"
    category = "macro"
    verdict = "suspicious"

  strings:
    $action_1 = /shell\(|s.hell\(|sh.ell\(|she.ll\(|shel.l\(|shell.\(/is
    $action_2 = /wscript\.|w.script\.|ws.cript\.|wsc.ript\.|wscr.ipt\.|wscri.pt\.|wscrip.t\.|wscript.\./is
    $action_3 = /powershe|p.owershe|po.wershe|pow.ershe|powe.rshe|power.she|powers.he|powersh.e/is
    $action_4 = /cmd \/c|c.md \/c|cm.d \/c|cmd. \/c|cmd .\/c|cmd \/.c/is
    $action_5 = /urldownl|u.rldownl|ur.ldownl|url.downl|urld.ownl|urldo.wnl|urldow.nl|urldown.l/is
    $action_6 = /adodb\.st|a.dodb\.st|ad.odb\.st|ado.db\.st|adod.b\.st|adodb.\.st|adodb\..st|adodb\.s.t/is
    $action_7 = /win32_pr|w.in32_pr|wi.n32_pr|win.32_pr|win3.2_pr|win32._pr|win32_.pr|win32_p.r/is
    $action_8 = /virtuala|v.irtuala|vi.rtuala|vir.tuala|virt.uala|virtu.ala|virtua.la|virtual.a/is

  condition:
    Office_Macro_Starts_Itself and any of them
}

rule Office_Hidden_Excel4_Macros
{
  meta:
    description = "Excel workbook whose hidden Excel 4.0 macro sheet runs when it is opened"
    author = "ScanMesh"
    category = "macro"
    verdict = "suspicious"

  strings:
    // BOUNDSHEET with a hidden state and the type of a macro sheet; NAME with the built-in name Auto_Open.
    $hidden_macro_sheet = { 85 00 ?? 00 ?? ?? ?? ?? (01 | 02) 01 }
    $auto_open = { 18 00 ?? 00 (20 | 21) 00 ?? 01 ?? ?? 00 00 ?? ?? 00 00 00 00 00 01 }

  condition:
    uint32be(0) == 0xD0CF11E0 and uint32be(4) == 0xA1B11AE1 and $hidden_macro_sheet and $auto_open
}

rule Office_Macros_In_Web_Archive
{
  meta:
    description = "Web archive with an embedded macro container, a way to slip Word macros past filters by file type"
    author = "ScanMesh"
    category = "macro"
    verdict = "suspicious"

  strings:
    $mime = "MIME-Version:" nocase
    $active_mime = "QWN0aXZlTWltZQ"
    $macro_part = /Content-Location:[^\r\n]{0,200}editdata\.mso/ nocase

  condition:
    filesize < 20MB and $mime in (0..4096) and $active_mime and $macro_part
}
