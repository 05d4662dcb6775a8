/** The command that adds ClamAV, with its signatures, to a mesh on one machine. All texts that mention it use this constant. */
export const ADD_CLAMAV = "npm run up -- --with-clamav";
