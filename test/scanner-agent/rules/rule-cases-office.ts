import { assembled } from "./assembled.js";
import { builtOle, builtZip, vbaProject } from "./built-office.js";
import { eachMissing, MB, type RuleCases } from "./rule-case.js";
import { vbaCompressed } from "./vba-compressed.js";

const HARMLESS = 'Sub Total()\r\n  ActiveCell.Value = "sum"\r\nEnd Sub\r\n';
const GREETS = 'Sub AutoOpen()\r\n  MsgBox "Welcome"\r\nEnd Sub\r\n';
const STARTS = assembled('Sub AutoOpen()\r\n  CreateObject("WScr¦ipt.Shell").Run "calc"\r\nEnd Sub\r\n').toString();
const ON_OPEN = assembled('Private Sub Document_Open()\r\n  x = She¦ll("calc", 0)\r\nEnd Sub\r\n').toString();

const CONTENT_TYPES = { name: "[Content_Types].xml", data: Buffer.from("<Types/>") };
const BODY = { name: "word/document.xml", data: Buffer.from("<w:document/>") };
const openXml = (source: string, stored: boolean) =>
  builtZip([CONTENT_TYPES, BODY, { name: "word/vbaProject.bin", data: vbaProject(source), stored }]);

const MODULE = vbaCompressed(Buffer.from('Attribute VB_Name = "Notes"'));

/** The macro's text pushed along byte by byte, so that the flag bytes of its compression break it at each place in turn. */
const shifted = (what: string, source: string) =>
  Object.fromEntries(
    Array.from({ length: 9 }, (_, by) => [`${what}, moved by ${by}`, vbaProject(`'${"abcdefgh".slice(0, by)}\r\n${source}`)]),
  );

/** An Excel 97 workbook: a sheet record with its state (0 visible, 2 very hidden) and type (1 macro sheet), and a name record. */
function workbook(state: number, type: number, builtInName: number): Buffer {
  const sheet = Buffer.from([0x85, 0, 14, 0, 0, 16, 0, 0, state, type, 6, 0, ...Buffer.from("Macro1")]);
  const name = Buffer.from([0x18, 0, 23, 0, 0x20, 0, 0, 1, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, builtInName, 0x3a, 0, 0, 0, 0, 0, 0]);
  return builtOle([{ name: "Workbook", data: Buffer.concat([sheet, name]) }]);
}

const ARCHIVE = ["MIME-Version: 1.0", "Content-Location: file:///C:/1/edit¦data.mso", "QWN0aX¦ZlTWltZQAAAfAEAAAA"];
const lines = (parts: string[]) => assembled(parts.join("\r\n"));

export const officeCases: RuleCases = {
  Office_OLE_Macros: {
    found: { "a document with a macro": vbaProject(HARMLESS) },
    passed: {
      "a document that names the stream": builtOle([{ name: "_VBA_PROJECT", data: Buffer.from("Attribute VB_Name") }]),
      "a document with compressed source for another reason": builtOle([{ name: "Notes", data: MODULE }]),
      "a project in a file of another kind": vbaProject(HARMLESS).fill("PK\x05\x06", 0, 4, "latin1"),
      "a project behind half the signature": vbaProject(HARMLESS).fill(0, 4, 8),
    },
  },
  Office_OpenXML_Macros: {
    found: { "a document with a project": openXml(HARMLESS, false) },
    passed: {
      "a document without": builtZip([CONTENT_TYPES, BODY]),
      "an archive that is no document": builtZip([{ name: "word/vbaProject.bin", data: vbaProject(HARMLESS) }]),
      "a document behind other bytes": Buffer.concat([Buffer.from("%PDF"), openXml(HARMLESS, false)]),
    },
  },
  Office_Macro_Starts_Itself: {
    found: {
      ...shifted("a name of its own", GREETS),
      ...shifted("a document event", ON_OPEN),
      "a workbook event": vbaProject("Private Sub Workbook_Open()\r\nEnd Sub\r\n"),
      "on closing": vbaProject("Sub Auto_Open_()\r\nEnd Sub\r\nSub AutoClose()\r\nEnd Sub\r\n"),
      "a stored project in the newer format": openXml(GREETS, true),
    },
    passed: {
      "a macro that is called": vbaProject(HARMLESS),
      "the name in a document without macros": builtOle([{ name: "WordDocument", data: Buffer.from("AutoOpen") }]),
    },
  },
  Office_Macro_Starts_Program: {
    found: {
      ...shifted("through an object", STARTS),
      ...shifted("by the Shell function", ON_OPEN),
      "a stored project in the newer format": openXml(STARTS, true),
    },
    passed: { "a greeting": vbaProject(GREETS), "only when called": vbaProject(STARTS.replace("AutoOpen", "Button1_Click")) },
  },
  Office_Hidden_Excel4_Macros: {
    found: { "hidden, and run on opening": workbook(1, 1, 1), "very hidden": workbook(2, 1, 1) },
    passed: {
      visible: workbook(0, 1, 1),
      "a hidden worksheet": workbook(2, 0, 1),
      "not run on opening": workbook(2, 1, 6),
      "another kind of file": workbook(2, 1, 1).fill(0, 0, 4),
      "half the signature": workbook(2, 1, 1).fill(0, 4, 8),
    },
  },
  Office_Macros_In_Web_Archive: {
    below: 20 * MB,
    found: { "a macro container": lines(ARCHIVE) },
    passed: eachMissing(ARCHIVE, lines),
  },
};
