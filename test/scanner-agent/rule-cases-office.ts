import { assembled } from "./assembled.js";
import { builtOle, builtZip, vbaProject } from "./built-office.js";
import type { RuleCases } from "./rule-case.js";

const HARMLESS = 'Sub Total()\r\n  ActiveCell.Value = "sum"\r\nEnd Sub\r\n';
const GREETS = 'Sub AutoOpen()\r\n  MsgBox "Welcome"\r\nEnd Sub\r\n';
const STARTS = assembled('Sub AutoOpen()\r\n  CreateObject("WScr¦ipt.Shell").Run "calc"\r\nEnd Sub\r\n').toString();
const ON_OPEN = assembled('Private Sub Document_Open()\r\n  x = She¦ll("calc", 0)\r\nEnd Sub\r\n').toString();

const CONTENT_TYPES = { name: "[Content_Types].xml", data: Buffer.from("<Types/>") };
const BODY = { name: "word/document.xml", data: Buffer.from("<w:document/>") };
const openXml = (source: string, stored: boolean) =>
  builtZip([CONTENT_TYPES, BODY, { name: "word/vbaProject.bin", data: vbaProject(source), stored }]);

/** The macro's text pushed along byte by byte, so that the flag bytes of its compression break it at each place in turn. */
const shifted = (source: string) =>
  Object.fromEntries(
    Array.from({ length: 9 }, (_, by) => [`its text moved by ${by}`, vbaProject(`'${"x".repeat(by)}\r\n${source}`)]),
  );

/** An Excel 97 workbook: a sheet record with its state (0 visible, 2 very hidden) and type (1 macro sheet), and a name record. */
function workbook(state: number, type: number, builtInName: number): Buffer {
  const sheet = Buffer.from([0x85, 0, 14, 0, 0, 16, 0, 0, state, type, 6, 0, ...Buffer.from("Macro1")]);
  const name = Buffer.from([0x18, 0, 23, 0, 0x20, 0, 0, 1, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, builtInName, 0x3a, 0, 0, 0, 0, 0, 0]);
  return builtOle([{ name: "Workbook", data: Buffer.concat([sheet, name]) }]);
}

const archive = (...lines: string[]) => assembled(["MIME-Version: 1.0", "Content-Type: multipart/related", ...lines].join("\r\n"));

export const officeCases: RuleCases = {
  Office_OLE_Macros: {
    found: { "a document with a macro": vbaProject(HARMLESS) },
    passed: {
      "a document without": builtOle([{ name: "WordDocument", data: Buffer.from("Attribute VB_Name") }]),
      "the streams' names in another file": Buffer.from("_VBA_PROJECT", "utf16le"),
    },
  },
  Office_OpenXML_Macros: {
    found: { "a document with a project": openXml(HARMLESS, false) },
    passed: {
      "a document without": builtZip([CONTENT_TYPES, BODY]),
      "an archive that is no document": builtZip([{ name: "word/vbaProject.bin", data: vbaProject(HARMLESS) }]),
    },
  },
  Office_Macro_Starts_Itself: {
    found: {
      ...shifted(GREETS),
      "a document event": vbaProject(ON_OPEN),
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
    found: { ...shifted(STARTS), "by an event": vbaProject(ON_OPEN), "a stored project in the newer format": openXml(STARTS, true) },
    passed: { "a greeting": vbaProject(GREETS), "only when called": vbaProject(STARTS.replace("AutoOpen", "Button1_Click")) },
  },
  Office_Hidden_Excel4_Macros: {
    found: { "hidden, and run on opening": workbook(1, 1, 1), "very hidden": workbook(2, 1, 1) },
    passed: { visible: workbook(0, 1, 1), "a hidden worksheet": workbook(2, 0, 1), "not run on opening": workbook(2, 1, 6) },
  },
  Office_Macros_In_Web_Archive: {
    found: { "a macro container": archive("Content-Location: file:///C:/1/edit¦data.mso", "", "QWN0aX¦ZlTWltZQAAAfAEAAAA") },
    passed: {
      "a saved page": archive("Content-Location: file:///C:/1/image001.png", "", "iVBORw0KGgo="),
      "the container named only": archive("Content-Location: file:///C:/1/edit¦data.mso", "", "AAAA"),
    },
  },
};
