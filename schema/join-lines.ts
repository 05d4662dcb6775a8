/** The lines that are run on a host so that it joins a mesh. */

import { parseJoinToken } from "./join-token.js";

/** How a host gets the agent that joins: a clone of this repository, the agent's image, or a script that brings it. */
export const JoinMethod = { CLONE: "CLONE", DOCKER: "DOCKER", SCRIPT: "SCRIPT" } as const;
/** One of the names of {@link JoinMethod}. */
export type JoinMethod = keyof typeof JoinMethod;

/** A line for a shell, which holds a token. */
export interface JoinLine {
  readonly method: JoinMethod;
  readonly text: string;
}

/** What the lines depend on besides the token. */
export interface JoinLineParts {
  /** The agent's image, as hosts call it; without it there is no line for Docker. */
  readonly image?: string | undefined;
  /** The hash of the gateway's key, by which curl knows it; without it curl knows the authority of its certificate. */
  readonly pin?: string | undefined;
}

/** What an image may be called. */
export const IMAGE_NAME = /^[\w./:@-]{1,200}$/;

/** What curl is told where it does not know the authority. */
export function pinOptions(pin: string): string {
  return `-k --pinnedpubkey ${pin}`;
}

/** The lines by which hosts can join with a token's text. Throws UnreadableToken. */
export function joinLines(token: string, { image, pin }: JoinLineParts = {}): readonly JoinLine[] {
  const { gateway } = parseJoinToken(token);
  const curl = pin !== undefined && gateway.startsWith("https:") ? `curl -fsSL ${pinOptions(pin)}` : "curl -fsSL";
  const docker = "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock";
  return [
    { method: "CLONE", text: `npm run agent -- join ${token}` },
    ...(image === undefined ? [] : [{ method: "DOCKER", text: `${docker} ${image} join ${token}` } as const]),
    { method: "SCRIPT", text: `${curl} ${gateway}/join | sh -s ${token}` },
  ];
}
