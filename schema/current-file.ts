import { readFileSync } from "node:fs";

/** Reads a text file at each call. While the file cannot be read, because it is being replaced, the previous text is returned. */
export function currentFile(file: string): () => string {
  let current = readFileSync(file, "utf8");
  return () => {
    try {
      current = readFileSync(file, "utf8") || current;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "EACCES") throw error;
    }
    return current;
  };
}
