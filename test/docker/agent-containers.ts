/** What Docker has of an agent. */

import { docker } from "./base-image.js";

/** The ids of the containers of its engines, running or not. */
export async function containersOf(agent: string): Promise<string[]> {
  const rows = await list("ps", "--all", "--no-trunc", "--format", '{{.ID}} {{.Label "scanmesh.engine"}}', ...of(agent));
  return rows.map((row) => row.split(" ")).flatMap(([id = "", engine]) => (engine === "lease" ? [] : [id]));
}

/** The ids of everything: containers and networks. */
export async function belongingsOf(agent: string): Promise<string[]> {
  return [
    ...(await list("ps", "--all", "--no-trunc", "--quiet", ...of(agent))),
    ...(await list("network", "ls", "--no-trunc", "--quiet", ...of(agent))),
  ];
}

const of = (agent: string) => ["--filter", `label=scanmesh.agent=${agent}`];

async function list(...words: string[]): Promise<string[]> {
  return (await docker(...words)).split("\n").filter((line) => line !== "");
}
