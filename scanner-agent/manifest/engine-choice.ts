/** Which engines run on this host, and how: the host's settings take precedence over the manifests. */

import { z } from "zod";
import { ContainerLimits, ContainerRun } from "../../schema/container-run.js";
import { Manifest } from "../../schema/manifest.js";
import { ProcessLimits } from "../../schema/process-run.js";
import { suggestName } from "../../schema/suggestion.js";
import { duration } from "../../schema/settings.js";
import { engineToken } from "../../schema/subjects.js";
import type { LoadedManifest } from "./engine-loader.js";
import { parseYaml, type Mistakes, type YamlText } from "./manifest-yaml.js";

const SWITCHES: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ["on", true],
  [null, true],
  [false, false],
  ["off", false],
]);

/** The limits of both ways of running that have some. */
const Limits = z.strictObject({ ...ContainerLimits.shape, ...ProcessLimits.shape }).partial();
type Limits = { readonly [limit in keyof z.infer<typeof Limits>]?: number };

/** A host's setting for one engine: `on`, `off`, or fields that replace those of its manifest. */
const Choice = z.preprocess(
  (value) => (SWITCHES.has(value) ? { enabled: SWITCHES.get(value) } : value),
  z.strictObject({
    enabled: z.boolean().default(true),
    slots: Manifest.shape.slots,
    timeout: duration.optional(),
    /** How old its signatures may be here. */
    staleAfter: duration.optional(),
    /** The containers that it opens here, such as RAR with a library of its own. */
    opens: Manifest.shape.opens,
    /** Keys of its report here that say nothing. */
    ignore: Manifest.shape.ignore.removeDefault().optional(),
    /** The only way in which it may run here. */
    run: z.enum(["builtin", "process", "container"]).optional(),
    /** Another image of the same contract. */
    image: ContainerRun.shape.image.optional(),
    limits: Limits.optional(),
    /** Sets that its manifest does not have, or sources in place of those there; only a fetcher reads them. */
    updates: Manifest.shape.updates,
  }),
);
type Choice = z.infer<typeof Choice>;

const ChoiceFile = z.strictObject({ engines: z.record(z.string(), z.unknown()) });

/** Why an engine does not run on this host. */
export interface Off {
  /**
   * DEFAULT: nobody has turned it on. HOST: the host's settings leave it out. MISTAKE: what they say of it is wrong. MESH: the mesh has
   * turned it off.
   */
  readonly cause: "DEFAULT" | "HOST" | "MISTAKE" | "OTHER_CLASS" | "MESH";
  /** The same for people. */
  readonly reason: string;
}

/** An engine as this host has it. */
export interface ChosenEngine extends LoadedManifest {
  /** Why it does not run here; null if it does. */
  readonly off: Off | null;
}

/** A file of choices: its path and its text. */
export interface ChoiceText {
  readonly file: string;
  readonly text: string;
}

/** What {@link chooseEngines} found; each mistake is one line that names file, line and field. */
export interface Choices {
  readonly engines: readonly ChosenEngine[];
  readonly mistakes: readonly string[];
}

/**
 * Applies a host's engines file and the names in SCANMESH_ENGINES. An engine with a mistake in the file does not run; the others
 * do. A file that cannot be parsed leaves every engine off.
 */
export function chooseEngines(manifests: readonly LoadedManifest[], file?: ChoiceText, only: readonly string[] = []): Choices {
  const wanted = new Map(only.map((name) => [engineToken(name), name]));
  const names = manifests.map(({ manifest }) => manifest.name);
  const yaml = file === undefined ? undefined : readChoices(file);
  const broken = yaml !== undefined && "mistakes" in yaml ? yaml.mistakes : [];
  const said = yaml === undefined || "mistakes" in yaml ? undefined : yaml;
  const keys = new Map(said?.keys(["engines"]).map((key) => [engineToken(key), key]));
  const mistakes = [...broken];
  const engines = manifests.map((loaded): ChosenEngine => {
    const name = engineToken(loaded.manifest.name);
    const key = keys.get(name);
    keys.delete(name);
    if (broken.length > 0) return { ...loaded, off: offByMistake(broken) };
    const choice = said === undefined || key === undefined ? undefined : readChoice(said, key, loaded);
    if (choice !== undefined && "mistakes" in choice) {
      mistakes.push(...choice.mistakes);
      return { ...loaded, off: offByMistake(choice.mistakes) };
    }
    const off = only.length > 0 ? offByName(wanted.delete(name)) : offBy(loaded, choice, said, key);
    return { ...(choice === undefined ? loaded : withChoice(loaded, choice)), off };
  });
  for (const key of keys.values())
    mistakes.push(`${said?.place(["engines", key])}: engines.${key}: there is no engine of that name${suggestName(key, names)}`);
  for (const name of wanted.values()) mistakes.push(`SCANMESH_ENGINES: there is no engine ${name}${suggestName(name, names)}`);
  return { engines, mistakes };
}

function readChoices({ file, text }: ChoiceText): YamlText | Mistakes {
  const yaml = parseYaml(file, text);
  if ("mistakes" in yaml) return yaml;
  const read = yaml.read([], ChoiceFile, "the file");
  return "mistakes" in read ? read : yaml;
}

/** A choice, with the limits that it names and those alone. */
type NamedChoice = Omit<Choice, "limits"> & { readonly limits: Limits };

function readChoice(yaml: YamlText, key: string, { manifest, ways }: LoadedManifest): NamedChoice | Mistakes {
  const path = ["engines", key];
  const read = yaml.read(path, Choice, key);
  if ("mistakes" in read) return read;
  const { value } = read;
  const mistake = (fields: string | readonly string[], what: string) => {
    const at = path.concat(fields);
    return { mistakes: [`${yaml.place(at)}: ${at.join(".")}: ${manifest.name} ${what}`] };
  };
  if (value.run !== undefined && !ways.includes(value.run)) return mistake("run", `cannot be run as ${value.run}`);
  if (value.ignore !== undefined && manifest.output !== "malice") return mistake("ignore", "prints no report with keys");
  for (const field of ["staleAfter", "opens"] as const)
    if (value[field] !== undefined && manifest.type !== "AV") return mistake(field, "is no antivirus engine");
  const { container } = manifest.run;
  const isProgram = manifest.run.process?.command !== undefined;
  if (container === undefined && value.image !== undefined) return mistake("image", "has no container");
  if (container === undefined && value.limits !== undefined && !isProgram) return mistake("limits", "has no container");
  const named = yaml.keys([...path, "limits"]);
  for (const limit of named) {
    if (container === undefined && !(limit in ProcessLimits.shape)) return mistake(["limits", limit], "has no container");
    if (!isProgram && !(limit in ContainerLimits.shape)) return mistake(["limits", limit], "is no program of this host");
  }
  return { ...value, limits: pick(value.limits, named) };
}

/** Those limits that are named; the others have their defaults here, and not those of the manifest. */
function pick(limits: z.infer<typeof Limits> | Limits | undefined, names: readonly string[]): Limits {
  const named = Object.entries(limits ?? {}).filter(([limit, value]) => value !== undefined && names.includes(limit));
  return Object.fromEntries(named) as Limits;
}

function offByMistake([first = ""]: readonly string[]): Off {
  return { cause: "MISTAKE", reason: first };
}

function offByName(named: boolean): Off | null {
  return named ? null : { cause: "HOST", reason: "not among SCANMESH_ENGINES" };
}

function offBy({ manifest }: LoadedManifest, choice: NamedChoice | undefined, yaml: YamlText | undefined, key = ""): Off | null {
  if (choice === undefined) return manifest.enabled ? null : { cause: "DEFAULT", reason: "off by default" };
  return choice.enabled ? null : { cause: "HOST", reason: `off by ${yaml?.place(["engines", key])}` };
}

function withChoice(loaded: LoadedManifest, choice: NamedChoice): LoadedManifest {
  const { slots, timeout, staleAfter, opens, ignore, run, image, limits, updates } = choice;
  const { manifest } = loaded;
  const { container, process: program } = manifest.run;
  const limitsOf = (shape: object) => pick(limits, Object.keys(shape));
  return {
    ...loaded,
    ways: run === undefined ? loaded.ways : [run],
    manifest: {
      ...manifest,
      slots: slots ?? manifest.slots,
      timeout: timeout ?? manifest.timeout,
      staleAfter: staleAfter ?? manifest.staleAfter,
      opens: opens ?? manifest.opens,
      ignore: ignore ?? manifest.ignore,
      updates: updates ? { ...manifest.updates, ...updates } : manifest.updates,
      run: {
        ...manifest.run,
        process: program && { ...program, limits: { ...program.limits, ...limitsOf(ProcessLimits.shape) } },
        container: container && {
          ...container,
          image: image ?? container.image,
          limits: { ...container.limits, ...limitsOf(ContainerLimits.shape) },
        },
      },
    },
  };
}
