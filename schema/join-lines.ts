/** The lines that are run on a host so that it joins a mesh. */

/** How a host gets the agent that joins: a clone of this repository, the agent's image, or a script that brings it. */
export const JoinMethod = { CLONE: "CLONE", DOCKER: "DOCKER", SCRIPT: "SCRIPT" } as const;
/** One of the names of {@link JoinMethod}. */
export type JoinMethod = keyof typeof JoinMethod;

/** A line for a shell, which holds a token. */
export interface JoinLine {
  readonly method: JoinMethod;
  readonly text: string;
}

/** The lines by which hosts can join with a token's text. */
export function joinLines(token: string): readonly JoinLine[] {
  return [{ method: "CLONE", text: `npm run agent -- join ${token}` }];
}
