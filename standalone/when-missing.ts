/** For `catch`: a file or folder that does not exist reads as `value`; every other failure stays one. */
export function whenMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code !== "ENOENT") throw error;
    return value;
  };
}
