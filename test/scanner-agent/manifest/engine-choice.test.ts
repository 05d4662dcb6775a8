import { describe, expect, test } from "vitest";
import { chooseEngines } from "../../../scanner-agent/manifest/engine-choice.js";
import { readManifest, type LoadedManifest } from "../../../scanner-agent/manifest/engine-loader.js";

function manifest(name: string, more = "", run = "builtin: { module: yara }"): LoadedManifest {
  const read = readManifest(
    `/engines/${name}.yaml`,
    `name: ${name}\n${more}type: METADATA\nspeed: FAST\ninternet: false\noutput: yara\nrun:\n  ${run}\n`,
  );
  if ("mistakes" in read) throw new Error(read.mistakes.join());
  return read;
}

const CONTAINER = 'container: { image: malice/boxed, mode: exec, command: [scan, "{file}"], limits: { memory: 2GiB, pids: 64 } }';
const SCANNER = readManifest(
  "/engines/Scanner.yaml",
  "name: Scanner\ntype: AV\nspeed: FAST\ninternet: false\noutput: malice\nignore: [host]\nopens: { formats: { zip: all } }\nrun:\n  process: { command: [x] }\n",
);
const MANIFESTS = [manifest("Plain"), manifest("Costly", "enabled: false\n"), manifest("Boxed", "slots: 2\n", CONTAINER)];

const chosen = (text?: string, only?: string[]) =>
  chooseEngines(MANIFESTS, text === undefined ? undefined : { file: "/etc/engines.yaml", text }, only);
const offs = ({ engines }: ReturnType<typeof chosen>) =>
  Object.fromEntries(engines.map(({ manifest, off }) => [manifest.name, off && off.reason]));
const boxed = (text: string) => chosen(text).engines[2]?.manifest;

describe("the engines of a host", () => {
  test("are those that are on, where it says nothing", () => {
    expect(chosen()).toMatchObject({ mistakes: [] });
    expect(offs(chosen())).toEqual({ Plain: null, Costly: "off by default", Boxed: null });
    expect(offs(chosen("engines: {}\n"))).toEqual(offs(chosen()));
  });

  test("are turned on and off by name, in any case", () => {
    expect(offs(chosen("engines:\n  costly: on\n  PLAIN: off\n  Boxed: { enabled: false }\n"))).toEqual({
      Plain: "off by /etc/engines.yaml:3",
      Costly: null,
      Boxed: "off by /etc/engines.yaml:4",
    });
    expect(offs(chosen("engines:\n  Costly: { slots: 1 }\n")).Costly).toBeNull();
    expect(offs(chosen("engines:\n  Costly:\n  Plain: false\n"))).toMatchObject({
      Costly: null,
      Plain: "off by /etc/engines.yaml:3",
    });
  });

  test("have the slots, times, images and limits that it names, and their manifest's otherwise", () => {
    expect(
      boxed("engines:\n  Boxed: { slots: 5, timeout: 3m, image: registry:5000/boxed, limits: { memory: 512MiB } }\n"),
    ).toMatchObject({
      slots: 5,
      timeout: 180_000,
      run: { container: { image: "registry:5000/boxed", limits: { memory: 512 * 1024 ** 2, pids: 64, cpus: 1 } } },
    });
    expect(boxed("engines:\n  Boxed: on\n")).toEqual(MANIFESTS[2]?.manifest);
  });

  test("have what they open, what they may ignore and the age of signatures that it names", () => {
    const scanner = (text: string) => {
      if ("mistakes" in SCANNER) throw new Error(SCANNER.mistakes.join());
      return chooseEngines([SCANNER], { file: "/etc/engines.yaml", text: `engines:\n  Scanner:\n${text}` });
    };
    const own = "    staleAfter: 48h\n    ignore: [hostname, node]\n    opens:\n      formats: { rar: [rar5], zip: [deflate] }\n";
    expect(scanner(own).engines[0]?.manifest).toMatchObject({
      staleAfter: 48 * 3_600_000,
      ignore: ["hostname", "node"],
      opens: { formats: { rar: ["rar5"], zip: ["deflate"] }, limits: {} },
    });
    expect(scanner("    slots: 1\n").engines[0]?.manifest).toMatchObject({
      staleAfter: 7 * 24 * 3_600_000,
      ignore: ["host"],
      opens: { formats: { zip: "all" } },
    });
    for (const [text, mistake] of [
      ["    opens: [zip]\n", "/etc/engines.yaml:3: engines.Scanner.opens: needs fields of its own"],
      ["    opens:\n      format: { zip: all }\n", "/etc/engines.yaml:3: engines.Scanner.opens.formats: is missing"],
      [
        "    opens:\n      formats:\n        zap: all\n",
        "/etc/engines.yaml:5: engines.Scanner.opens.formats.zap: there is no field zap; did you mean zip?",
      ],
      [
        "    opens:\n      formats:\n        zip: [Deflate]\n",
        "/etc/engines.yaml:5: engines.Scanner.opens.formats.zip.0: needs a method such as deflate, in lower case",
      ],
      [
        "    opens:\n      formats:\n        zip: every\n",
        "/etc/engines.yaml:5: engines.Scanner.opens.formats.zip: needs `all` or a list of methods such as deflate",
      ],
      [
        "    opens:\n      formats: {}\n      limits:\n        unpacked: lots\n",
        "/etc/engines.yaml:6: engines.Scanner.opens.limits.unpacked: needs a size such as 256KiB, 512MiB or 1GiB",
      ],
      ["    ignore: hostname\n", "/etc/engines.yaml:3: engines.Scanner.ignore: needs a list"],
      ["    staleAfter: a week\n", "/etc/engines.yaml:3: engines.Scanner.staleAfter: needs a duration such as"],
    ] as const)
      expect(scanner(text)).toMatchObject({
        mistakes: expect.arrayContaining([expect.stringContaining(mistake)]) as string[],
        engines: [{ off: { cause: "MISTAKE" } }],
      });
  });

  test("run in the one way that it names", () => {
    const both = [manifest("Both", "", `process: { command: [x] }\n  ${CONTAINER}`)];
    const { engines } = chooseEngines(both, { file: "f", text: "engines:\n  Both: { run: container }\n" });
    expect(engines[0]?.ways).toEqual(["container"]);
  });

  test("are exactly those of SCANMESH_ENGINES where that is set", () => {
    expect(offs(chosen(undefined, ["costly"]))).toEqual({
      Plain: "not among SCANMESH_ENGINES",
      Costly: null,
      Boxed: "not among SCANMESH_ENGINES",
    });
    expect(chosen(undefined, ["plain", "Nothing", "Boxt"]).mistakes).toEqual([
      "SCANMESH_ENGINES: there is no engine Nothing",
      "SCANMESH_ENGINES: there is no engine Boxt; did you mean Boxed?",
    ]);
  });
});

describe("a mistake", () => {
  test.each([
    ["a wrong value", "engines:\n  Plain: on\n  Boxed:\n    slots: many\n", "/etc/engines.yaml:4: engines.Boxed.slots: "],
    [
      "a limit that is none",
      "engines:\n  Boxed:\n    limits:\n      memory: lots\n",
      "/etc/engines.yaml:4: engines.Boxed.limits.memory: ",
    ],
    ["a field that is not known", "engines:\n  Boxed: { slot: 1 }\n", "/etc/engines.yaml:2: engines.Boxed.slot: "],
    ["neither on nor off", "engines:\n  Boxed: maybe\n", "/etc/engines.yaml:2: engines.Boxed: "],
    [
      "a way that it has not",
      "engines:\n  Boxed:\n    run: process\n",
      "/etc/engines.yaml:3: engines.Boxed.run: Boxed cannot be run as process",
    ],
  ])("in an engine, %s, is named by file, line and field, and the others run", (_, text, begin) => {
    const choices = chosen(text);
    expect(choices.mistakes).toEqual([expect.stringContaining(begin)]);
    expect(choices.mistakes[0]?.startsWith(begin)).toBe(true);
    expect(offs(choices)).toEqual({ Plain: null, Costly: "off by default", Boxed: choices.mistakes[0] });
  });

  test.each([
    ["ignore: [a]", "ignore: Plain prints no report with keys"],
    ["staleAfter: 1h", "staleAfter: Plain is no antivirus engine"],
    ["opens: { formats: { zip: all } }", "opens: Plain is no antivirus engine"],
  ])("in an engine of which nothing would follow from it is %s", (field, mistake) => {
    expect(chosen(`engines:\n  Plain:\n    ${field}\n`).mistakes).toEqual([`/etc/engines.yaml:3: engines.Plain.${mistake}`]);
  });

  test("in an engine that has no container is that it is given limits", () => {
    expect(chosen("engines:\n  Plain: { limits: { pids: 16 } }\n").mistakes).toEqual([
      "/etc/engines.yaml:2: engines.Plain.limits: Plain has no container",
    ]);
  });

  const program = (text: string) => {
    const manifests = [manifest("Tool", "", "process: { command: [x], limits: { files: 2048, tmp: 1GiB } }"), ...MANIFESTS];
    return chooseEngines(manifests, { file: "f", text });
  };

  test("is no limit of a program of the host: it has those that are named, and its manifest's otherwise", () => {
    const { engines, mistakes } = program("engines:\n  Tool: { limits: { memory: 8GiB, fileSize: 2GiB, tmp: 2GiB } }\n");
    expect(mistakes).toEqual([]);
    const limits = {
      memory: 8 * 1024 ** 3,
      files: 2048,
      fileSize: 2 * 1024 ** 3,
      pids: 4096,
      tmp: 2 * 1024 ** 3,
      output: 8 * 1024 ** 2,
    };
    expect(engines[0]?.manifest.run.process?.limits).toEqual(limits);
  });

  test("is a limit of the other kind", () => {
    expect(program("engines:\n  Tool:\n    limits:\n      cpus: 2\n").mistakes).toEqual([
      "f:4: engines.Tool.limits.cpus: Tool has no container",
    ]);
    expect(program("engines:\n  Boxed:\n    limits:\n      fileSize: 2GiB\n").mistakes).toEqual([
      "f:4: engines.Boxed.limits.fileSize: Boxed is no program of this host",
    ]);
  });

  test("is an engine that nobody has", () => {
    const choices = chosen("engines:\n  Plain: on\n  Plian: on\n");
    expect(choices.mistakes).toEqual([
      "/etc/engines.yaml:3: engines.Plian: there is no engine of that name; did you mean Plain?",
    ]);
    expect(offs(choices).Plain).toBeNull();
  });

  test.each(["engines: [Plain]\n", "engine:\n  Plain: on\n", "engines:\n  Plain: [on\n", ""])(
    "that makes it no such file (%j) leaves nothing on",
    (text) => {
      const choices = chosen(text);
      expect(choices.mistakes.length).toBeGreaterThan(0);
      expect(choices.mistakes[0]).toMatch(/^\/etc\/engines\.yaml:\d+: /);
      expect(Object.values(offs(choices))).not.toContain(null);
    },
  );
});
