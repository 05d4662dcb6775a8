/** The rules of the house: where things stand and who may know whom. */

import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { files, houseOf, imports, isPage, list, product, textOf } from "./house/source.js";

/** A habit for files that hold one concept; no law for those that need a little more. */
const LINES = 300;
const VAGUE = /^(utils?|helpers?|common|shared|misc|core|lib)(\.|$)/;

/** A folder, or files that stand loose in a folder of folders, and what belongs there. */
type Room = readonly [place: string, purpose: string, loose?: RegExp];

/** Rooms with settings of their own, which the `config.ts` of the house puts together. */
const settingsOf = (house: string, ...rooms: readonly string[]): Room[] =>
  rooms.map((room) => [`${house}/${room}`, "the settings of the room", /^config\.ts$/]);

/**
 * The rooms of each house from the ground up. A file may import from its own room and from rooms on floors below it; rooms of one
 * floor do not know each other, and `schema` is below all.
 */
const HOUSES: Readonly<Record<string, readonly (readonly Room[])[]>> = {
  gateway: [
    settingsOf("gateway", "accounts", "bundles", "http", "join", "updates"),
    [["gateway", "what every room may use", /^(config|errors|caller|metrics|failpoint|recent-map|write-probe)\.ts$/]],
    [["gateway/batches", "how much is done at once: batches, windows, chunks"]],
    [["gateway/bus", "what speaks to NATS: connections, streams, the sample store"]],
    [["gateway/db", "SQL, named by table or verb"]],
    [["gateway/accounts", "agents' accounts on NATS: issued, changed, revoked"]],
    [
      ["gateway/fleet", "agents and engines as they announce themselves, and the catalogue"],
      ["gateway/keys", "API keys and their rates"],
      ["gateway/webhooks", "sending webhooks"],
    ],
    [
      ["gateway/dispatch", "publishing accepted requests"],
      ["gateway/watch", "subscriptions: what they read, and when they are told"],
    ],
    [["gateway/scan", "the verbs: a rule each, over the rooms below"]],
    [["gateway/join", "hosts that join: their tokens, and agents' keys"]],
    [["gateway/bundles", "versions of what engines need: sent, checked, published, removed"]],
    [["gateway/updates", "new versions of what engines need: who serves which, and how an update goes"]],
    [["gateway/rulesets", "rules of people: checked and tried on a host, then published and enabled"]],
    [["gateway/background", "what runs by itself: recording results, and the sweep"]],
    [["gateway/http", "what all HTTP routes share"]],
    [["gateway/graphql", "values that a request loads once", /^loaders\.ts$/]],
    [["gateway/graphql/context", "what each GraphQL operation carries"]],
    [
      ["gateway/graphql/inputs", "arguments made into what the verbs take"],
      ["gateway/graphql/limits", "what is refused before it runs"],
    ],
    [
      ["gateway/graphql/resolvers", "a class for each type of the schema"],
      ["gateway/graphql/transports", "HTTP, WebSocket and event streams"],
    ],
    [["gateway/graphql", "the schema made of the resolvers", /^schema\.ts$/]],
    [
      ["gateway/graphql", "the routes, and the published schema", /^(routes|emit)\.ts$/],
      ["gateway/rest", "/api/v1, an endpoint a file"],
      ["gateway/routes", "all other routes"],
    ],
    [["gateway", "the HTTP server", /^server\.ts$/]],
    [["gateway", "the gateway put together", /^gateway\.ts$/]],
    [["gateway", "the process", /^main\.ts$/]],
  ],
  "scanner-agent": [
    settingsOf("scanner-agent", "bundles", "fetcher", "runners/container"),
    [["scanner-agent", "what every room may use", /^(config|contract|within)\.ts$/]],
    [["scanner-agent/processes", "programs and processes of this host: found, watched, spoken to"]],
    [
      ["scanner-agent/bus", "what speaks to NATS"],
      ["scanner-agent/inspect/formats", "what files are and whether they are encrypted: pure functions"],
      ["scanner-agent/manifest", "engine manifests, read and chosen"],
      ["scanner-agent/parsers", "what engines print, made into results: pure functions"],
    ],
    [
      ["scanner-agent/bundles", "what the mesh gives to engines: fetched, kept, laid out"],
      ["scanner-agent/samples", "samples on this host"],
      [
        "scanner-agent/runners",
        "what several kinds of runner use",
        /^(gate|conversation|answer-socket|fill-command|fingerprint|share-looks|versions)\.ts$/,
      ],
    ],
    [
      ["scanner-agent/inspect/opener", "the inspector's process: 7-Zip, and what it says"],
      ["scanner-agent/runners/process", "local programs and the fence around them"],
    ],
    [
      ["scanner-agent/inspect", "what is closed to engines in a sample"],
      ["scanner-agent/runners/builtin", "engines in worker threads or processes of ours"],
      ["scanner-agent/runners/clamd", "ClamAV's daemon"],
    ],
    [["scanner-agent/runners/container", "engines in containers, clamd among them"]],
    [["scanner-agent/runners", "the choice among the kinds", /^(runners|taken-bundles)\.ts$/]],
    [["scanner-agent/engine", "an engine of this host: health, slots, self-test"]],
    [
      ["scanner-agent/fetcher", "fetching updates for the whole mesh"],
      ["scanner-agent/rulesets", "rulesets that are checked and tried before they are served"],
      ["scanner-agent/join", "joining a mesh, and staying in it"],
      ["scanner-agent/work", "requests taken, run and answered"],
    ],
    [
      ["scanner-agent", "the agent put together", /^agent\.ts$/],
      ["scanner-agent/doctor", "what this host can run, tried and told to people"],
    ],
    [["scanner-agent/joiner", "the agent's own container on a host, started, replaced and removed"]],
    [["scanner-agent", "the process", /^main\.ts$/]],
    [["scanner-agent", "the process of the image", /^container-main\.ts$/]],
  ],
};

/** Which house may import from which. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  gateway: ["schema"],
  "scanner-agent": ["schema"],
  standalone: ["schema"],
  cli: ["schema", "standalone", "gateway", "scanner-agent"],
};

/** The floor and the room of a file; undefined where it stands loose. */
function placeOf(file: string): { floor: number; room: Room } | undefined {
  const floors = HOUSES[houseOf(file)] ?? [];
  for (const [floor, rooms] of floors.entries()) {
    const room = rooms.find(([folder, , loose]) => dirname(file) === folder && (loose?.test(basename(file)) ?? true));
    if (room) return { floor, room };
  }
  return undefined;
}

describe("size and names", () => {
  it(`files have ${LINES} lines at most`, () => {
    const long = files.map((file) => [file, textOf(file).split("\n").length - 1] as const).filter(([, lines]) => lines > LINES);
    expect(long, "split what holds two concepts").toEqual([]);
  });

  it("no file or folder has a name that says nothing", () => {
    expect(files.filter((file) => file.split("/").some((part) => VAGUE.test(part)))).toEqual([]);
  });
});

describe("every file has a room", () => {
  it.each(Object.keys(HOUSES))("no file stands loose in %s", (house) => {
    const rooms = (HOUSES[house] ?? []).flat().filter(([, , loose]) => !loose);
    const loose = product.filter(
      (file) => file.startsWith(`${house}/`) && file.endsWith(".ts") && !isPage(file) && !placeOf(file),
    );
    expect(
      loose,
      `Move it into the room it belongs to: ${rooms.map(([folder, purpose]) => `${folder} (${purpose})`).join("; ")}`,
    ).toEqual([]);
  });

  it.each(Object.keys(HOUSES))("test/%s has the rooms of the product", (house) => {
    const rooms = new Set((HOUSES[house] ?? []).flat().map(([folder]) => `test/${folder}`));
    const others = new Set(
      ["stage", "rules", "images", "graphiql", "dashboard", "engines"].map((folder) => `test/${house}/${folder}`),
    );
    const elsewhere = files.filter(
      (file) => file.startsWith(`test/${house}/`) && !rooms.has(dirname(file)) && !others.has(dirname(file)),
    );
    expect(elsewhere, "a test stands in the folder of test/ that mirrors the room it tests").toEqual([]);
  });
});

describe("who may know whom", () => {
  it("gateway and agent never import each other, and nobody imports the command line or the tests", () => {
    // The lists of settings are for everybody: they are data that documents and the standalone mesh read.
    const wrong = imports.filter(({ from, what }) => {
      const [house, neighbour] = [houseOf(from), houseOf(what)];
      const known = files.includes(what) && basename(what) !== "config.ts" && (neighbour in NEIGHBOURS || neighbour === "test");
      return known && house !== neighbour && !NEIGHBOURS[house]?.includes(neighbour);
    });
    expect(list(wrong)).toEqual([]);
  });

  it.each(Object.keys(HOUSES))("in %s imports go down, never up or sideways", (house) => {
    const wrong = imports.filter(({ from, what }) => {
      const [importer, imported] = [placeOf(from), placeOf(what)];
      if (houseOf(from) !== house || houseOf(what) !== house || !importer || !imported) return false;
      return imported.floor > importer.floor || (imported.floor === importer.floor && imported.room !== importer.room);
    });
    expect(list(wrong), "the floors are in HOUSES, from the ground up").toEqual([]);
  });

  it("imports go round nowhere", () => {
    const graph = new Map(
      product.map((file) => [
        file,
        imports.filter(({ from, what }) => from === file && product.includes(what)).map(({ what }) => what),
      ]),
    );
    const done = new Set<string>();
    const round: string[] = [];
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) round.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (path.includes(file) || done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of product) visit(file, []);
    expect(round).toEqual([]);
  });
});
