/** The antivirus test file, in pieces: a file that holds it in one would itself be detected. */
export const EICAR = Buffer.from(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST", "-FILE!$H+H*"].join(""));

/** A clean file. */
export const CLEAN = Buffer.from("nothing to be found here\n");
