/** The files that were dropped, with those of folders; each name has the folders that it stood in. */

export interface Dropped {
  readonly files: readonly File[];
  /** Paths of what cannot be read, such as a folder of somebody else's. */
  readonly unreadable: readonly string[];
}

export async function droppedFiles({ items, files }: DataTransfer): Promise<Dropped> {
  // The entries are gone once the event is over.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return { files: [...files], unreadable: [] };
  const found = await Promise.all(entries.map((entry) => filesIn(entry)));
  return { files: found.flatMap((one) => one.files), unreadable: found.flatMap((one) => one.unreadable) };
}

async function filesIn(entry: FileSystemEntry): Promise<Dropped> {
  const files: File[] = [];
  const unreadable: string[] = [];
  try {
    if (entry.isFile) files.push(await fileOf(entry as FileSystemFileEntry));
    else {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      // A reader gives a hundred at a time, and none at its end.
      for (let entries = await readSome(reader); entries.length > 0; entries = await readSome(reader)) {
        for (const inner of entries) {
          const found = await filesIn(inner);
          files.push(...found.files);
          unreadable.push(...found.unreadable);
        }
      }
    }
  } catch {
    // Whatever the browser calls the reason: the others go on.
    unreadable.push(entry.fullPath);
  }
  return { files, unreadable };
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  const path = entry.fullPath.replace(/^\//, "");
  return path === file.name ? file : new File([file], path, { type: file.type, lastModified: file.lastModified });
}
