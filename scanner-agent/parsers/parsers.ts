import type { Manifest } from "../../schema/manifest.js";
import type { Parser } from "../contract.js";
import { parseClamd } from "./clamd.js";
import { parseFileInfo } from "./fileinfo.js";
import { parseMalice } from "./malice.js";
import { parseYara } from "./yara.js";

/** The parser of each output a manifest can name. */
export const PARSERS: Readonly<Record<Manifest["output"], Parser>> = {
  clamd: parseClamd,
  fileinfo: parseFileInfo,
  malice: parseMalice,
  yara: parseYara,
};
