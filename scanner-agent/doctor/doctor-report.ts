import type { JoinError } from "../../schema/join-errors.js";
import type { EnginePresence } from "../../schema/presence.js";
import { sizeText } from "../../schema/settings.js";
import { visibleText } from "../../schema/visible-text.js";
import { textTable } from "../../schema/text-table.js";
import type { AgentConfig } from "../config.js";
import type { ChosenEngine } from "../manifest/engine-choice.js";

const DAY_MS = 86_400_000;
const SHOWN_DIGEST = "sha256:".length + 12;

/** How the inspector is. */
export interface InspectorFindings {
  readonly version: string;
  /** How its process is fenced in; null: it does not start. */
  readonly fence: string | null;
  /** Why not. */
  readonly reason: string | null;
}

/** What is reported. */
export interface Findings {
  /** The engines that are to run here. */
  readonly presences: readonly EnginePresence[];
  readonly inspector?: InspectorFindings;
  /** How much of samples is kept in memory, in bytes, and where the others are files. */
  readonly samples?: { readonly memory: AgentConfig["sampleMemory"]; readonly folder: string };
  /** What engines serve of the mesh's bundles, a line each. */
  readonly bundles?: readonly string[];
  /** What it fetches for the mesh, and what it lacks for that. */
  readonly fetching?: readonly string[];
  /** Why this host cannot run an agent, or is not let in by its mesh. */
  readonly problems?: readonly JoinError[];
  /** What to put right although the engines work. */
  readonly warnings?: readonly string[];
  /** The others. */
  readonly off: readonly ChosenEngine[];
  readonly mistakes: readonly string[];
  readonly enginesFile: string | undefined;
}

/** A table of the engines that are to run here, then what is wrong, then what is off and how it is turned on. */
export function readReport(
  {
    presences,
    inspector,
    samples,
    bundles = [],
    fetching = [],
    problems = [],
    warnings = [],
    off,
    mistakes,
    enginesFile,
  }: Findings,
  now = Date.now(),
): string {
  const rows = presences.map((presence) => [
    presence.name,
    presence.healthy ? "healthy" : "unhealthy",
    presence.runner,
    formatImage(presence),
    presence.versions.engine ?? "-",
    formatSignatures(presence, now),
  ]);
  const byDefault = off.filter((engine) => engine.off?.cause === "DEFAULT");
  const file = enginesFile ?? "a file that SCANMESH_ENGINES_FILE names";
  const unhealthy = presences.flatMap(({ name, healthy, reason }) => (healthy ? [] : [`${name}: ${reason}`]));
  const parts = [
    textTable([["Engine", "Health", "Runner", "Image", "Version", "Signatures"], ...rows]),
    section("Inspector of what is closed to engines:", inspector === undefined ? [] : [formatInspector(inspector)]),
    section("Samples:", samples === undefined ? [] : [formatSamples(samples)]),
    section("Bundles of the mesh:", bundles),
    section("Fetches for the mesh:", fetching),
    section(
      "This host:",
      problems.map(({ code, message }) => `${code}: ${message}`),
    ),
    section("Not healthy:", unhealthy),
    section("Warnings:", warnings),
    section("Mistakes; what they concern does not run:", mistakes),
    section(`Off by default; \`<name>: on\` under \`engines:\` in ${file} turns one on:`, byDefault.map(formatNeeds)),
    section(
      "Not run by this agent:",
      off
        .filter((engine) => engine.off?.cause === "HOST" || engine.off?.cause === "OTHER_CLASS")
        .map((engine) => `${engine.manifest.name}: ${engine.off?.reason}`),
    ),
  ];
  // Engines supply much of this text: control characters would be obeyed by the terminal.
  return visibleText(parts.filter((part) => part !== "").join("\n\n")).replaceAll("\r", "<U+000D>");
}

function formatInspector({ version, fence, reason }: InspectorFindings): string {
  const how = fence ?? `does not run: ${reason}. Where it is needed, CLEAN of an AV engine becomes UNSCANNED, not inspected`;
  return `${version}, ${how}`;
}

function formatSamples({ memory: { largest, total }, folder }: Required<Findings>["samples"]): string {
  const limits = `up to ${sizeText(largest)} each (SCANMESH_SAMPLE_IN_MEMORY) and ${sizeText(total)} together (SCANMESH_SAMPLES_MEMORY)`;
  return `in memory ${limits} for engines that need no file, else files in ${folder}`;
}

function formatImage({ image }: EnginePresence): string {
  if (image === null) return "-";
  return image.digest === null ? `id ${image.id.slice(0, SHOWN_DIGEST)}` : `digest ${image.digest.slice(0, SHOWN_DIGEST)}`;
}

function formatSignatures({ versions: { signatures, signatureDate } }: EnginePresence, now: number): string {
  if (signatureDate === null) return signatures ?? "-";
  const days = Math.max(0, Math.floor((now - Date.parse(signatureDate)) / DAY_MS));
  const age = days === 0 ? "of today" : `${days} ${days === 1 ? "day" : "days"} old`;
  return signatures === null ? age : `${signatures}, ${age}`;
}

function formatNeeds({ manifest: { name, needs } }: ChosenEngine): string {
  return needs.length === 0 ? name : `${name}: needs ${needs.join("; ")}`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${line}`)].join("\n");
}
