/** The command that adds ClamAV, with its signatures, to a mesh on one machine. Whoever names it does so in these words. */
export const ADD_CLAMAV = "npm run up -- --with-clamav";
