/** How often connections are pinged: so that no proxy takes a quiet one for dead, and a dead one is noticed. */
export const PING_MS = 12_000;

/** How long a client may take to agree to the end of its connection. */
export const CLOSE_MS = 1_000;
