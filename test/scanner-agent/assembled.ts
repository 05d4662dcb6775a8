/**
 * Text written with broken bars (¦) where it would otherwise be taken for malware, without them.
 * Nothing in a clone may be found by its owner's antivirus, or by these rules.
 */
export function assembled(text: string, encoding: BufferEncoding = "latin1"): Buffer {
  return Buffer.from(text.replaceAll("¦", ""), encoding);
}

/** The 68 bytes of the EICAR test file. */
export const EICAR = assembled("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EIC¦AR-STANDARD-ANTI¦VIRUS-TEST-FILE!$H¦+H*");
