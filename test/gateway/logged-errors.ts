/** The lines of a gateway's log that tell of errors of its own. */
export function loggedErrors(log: string): string[] {
  return log.split("\n").filter((line) => /"level":[56]0/.test(line));
}
