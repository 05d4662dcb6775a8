import { expect, it } from "vitest";
import { codeOf, product } from "./source.js";

/** Constants that have one name and one value by chance: each may change alone. */
const independent: Readonly<Record<string, string>> = {
  "gateway BATCH": "how many rows a loop takes at once",
  "scanner-agent PING_MS": "of NATS, and of Docker",
  "scanner-agent READ_BYTES": "of a file that is measured, and of one that is sent to clamd",
  "scanner-agent HEAD_BYTES": "of a container that is opened, and of a file that is described",
  "scanner-agent MAX_HEAP_MB": "of the process that opens containers, and of engines' workers",
};

it("a constant stands in one file of its house", () => {
  const places = new Map<string, Set<string>>();
  for (const file of product)
    for (const [, name = "", value = ""] of codeOf(file).matchAll(
      /^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: [^=]+)? = ([^;]+);/gm,
    )) {
      const constant = `${file.split("/", 1)[0]} ${name} = ${value.replace(/\s+/g, " ")}`;
      places.set(constant, (places.get(constant) ?? new Set()).add(file));
    }
  const repeated = [...places].filter(([, { size }]) => size > 1);
  const nameOf = (constant: string) => constant.split(" = ", 1)[0] ?? "";
  expect(
    repeated.filter(([constant]) => !(nameOf(constant) in independent)).map(([name, where]) => [name, ...where].join(" ")),
    "export it from the file that it belongs to, or say in `independent` why it is two",
  ).toEqual([]);
  const names = new Set(repeated.map(([constant]) => nameOf(constant)));
  expect(
    Object.keys(independent).filter((name) => !names.has(name)),
    "it stands once: take it off the list",
  ).toEqual([]);
});
