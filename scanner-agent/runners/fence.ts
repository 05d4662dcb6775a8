/** How a program is kept from the rest of the host. The container runner has a fence of its own kind: the container. */
export interface Fence {
  /** Shown in the engine list and at start, e.g. `isolation: none`. */
  readonly description: string;
  /** The command line that runs `argv` inside the fence. */
  wrap(argv: readonly string[]): readonly string[];
}

/** No fence: the program runs as the agent does, in a process group, folder and environment of its own. */
export const noFence: Fence = { description: "isolation: none", wrap: (argv) => argv };
