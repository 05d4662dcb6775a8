import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const STAY_OPEN = `while read -r line; do
  case $line in
    -execute*) answer "$file"; echo "{ready\${line#-execute}}" ;;
    /*) file=$line ;;
  esac
done`;

/** Writes an exiftool that stays open and does with each file, its `$1`, what the script says. Returns its folder. */
export async function writeExiftool(folder: string, script: string): Promise<string> {
  const programs = join(folder, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "exiftool"), `#!/bin/bash\nanswer() {\n${script}\n}\n${STAY_OPEN}`);
  await chmod(join(programs, "exiftool"), 0o755);
  return programs;
}
