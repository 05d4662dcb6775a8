/** The FileInfo engine: hashes, entropy and type of a file, and the output of ssdeep and exiftool where they are installed. */

import { tmpdir } from "node:os";
import { z } from "zod";
import { serveWorker } from "./worker-server.js";
import { findTools, openExiftool, runTools } from "./fileinfo-tools.js";
import { measure } from "./fileinfo-measure.js";

const Data = z.object({ programPath: z.string(), version: z.string() });

serveWorker(async (data) => {
  const { programPath, version } = Data.parse(data);
  const tools = await findTools(programPath);
  const here = { programPath, folder: tmpdir() };
  const host = { ...here, exiftool: openExiftool(tools, here) };
  return {
    problems: [],
    versions: { engine: version, signatures: null, signatureDate: null },
    async scan({ path, bytes }) {
      const given = bytes ?? path;
      if (given === null) throw new Error("FileInfo needs the sample's bytes");
      const measured = await measure(given);
      const { mime, description, ssdeep, exiftool, missing } = await runTools(tools, given, host);
      const magic = { mime: measured.mime ?? mime ?? "application/octet-stream", description };
      const { md5, sha1, sha256, entropy, size } = measured;
      return { magic, ssdeep, trid: [], exiftool, missing, md5, sha1, sha256, entropy, size };
    },
  };
});
