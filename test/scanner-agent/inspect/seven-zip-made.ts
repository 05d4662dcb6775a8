/** Containers that 7-Zip makes. */

import SevenZip from "7z-wasm";

/** Makes a container of these files. `type` and options are 7-Zip's own. */
export async function packed(
  files: Readonly<Record<string, Buffer>>,
  type: string,
  ...options: readonly string[]
): Promise<Buffer> {
  const said: string[] = [];
  const print = (line: string) => void said.push(line);
  const sevenZip = await SevenZip.default({ print, printErr: print });
  for (const [name, bytes] of Object.entries(files)) sevenZip.FS.writeFile(`/${name}`, bytes);
  const status = Number(
    sevenZip.callMain(["a", `-t${type}`, ...options, "/made", ...Object.keys(files).map((name) => `/${name}`)]),
  );
  // As if this were the program.
  process.exitCode = 0;
  if (status !== 0) throw new Error(`7-Zip cannot make it: ${said.join("\n")}`);
  const name = sevenZip.FS.readdir("/").find((one) => /^made(\.|$)/.test(one));
  if (name === undefined) throw new Error("7-Zip has made nothing");
  return Buffer.from(sevenZip.FS.readFile(`/${name}`));
}
