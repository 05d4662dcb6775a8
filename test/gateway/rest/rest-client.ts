/** MultiAV2's REST as its clients speak it, and what a refusal must look like. */

import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { Stage } from "../../stage/stage.js";
import { ask, type Answer } from "../http/http-client.js";

export const hash = (name: string, text: string | Uint8Array) => createHash(name).update(text).digest("hex");

const GOOD = {
  allow_internet: "False",
  minspeed: 3,
  sample: Buffer.from("a sample").toString("base64"),
  sample_name: "sample.exe",
};

/** The body of an upload that is in order, but for the changes. */
export const json = (changes: object = {}) => JSON.stringify({ ...GOOD, ...changes });

export function without(key: keyof typeof GOOD): string {
  const { [key]: _, ...rest } = GOOD;
  return JSON.stringify(rest);
}

export function form(
  fields: Record<string, string>,
  file: { text: string; name?: string } | undefined,
  order: "file first" | "file last" = "file last",
): FormData {
  const data = new FormData();
  const add = () => file && data.append("file_upload", new Blob([file.text]), file.name ?? "sample.exe");
  if (order === "file first") add();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  if (order === "file last") add();
  return data;
}

/** How much a mesh has stored. */
export async function stored({ db }: Stage): Promise<{ scans: number; samples: number }> {
  const count = async (table: "scans" | "samples") => (await db.selectFrom(table).select("id").execute()).length;
  return { scans: await count("scans"), samples: await count("samples") };
}

export interface RestClient {
  get(path: string): Promise<Answer>;
  post(path: string, body: string | Uint8Array | FormData, headers?: Record<string, string>): Promise<Answer>;
  /** How a request is refused; it must leave nothing behind. */
  refusal(request: () => Promise<Answer>): Promise<{ status: number; error: unknown }>;
}

export function createRestClient(stage: Stage, url: string): RestClient {
  return {
    get: (path) => ask(`${url}${path}`),
    post: (path, body, headers = {}) => ask(`${url}${path}`, { method: "POST", body, headers }),
    async refusal(request) {
      const before = await stored(stage);
      const answer = await request();
      expect(await stored(stage)).toEqual(before);
      expect(answer.headers["content-type"]).toBe("application/json");
      const { error, ...rest } = answer.json();
      expect(rest).toEqual({});
      return { status: answer.status, error };
    },
  };
}
