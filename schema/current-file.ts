import { readFileSync } from "node:fs";

/** Reads a text file whenever it is asked for. While the file cannot be read, because it is being replaced, it is the text before. */
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
