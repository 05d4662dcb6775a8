/**
 * Text written with broken bars (¦) where it would otherwise be taken for malware, without them.
 * Nothing in a clone may be found by its owner's antivirus, or by these rules.
 */
export function assembled(text: string, encoding: BufferEncoding = "latin1"): Buffer {
  return Buffer.from(text.replaceAll("¦", ""), encoding);
}
