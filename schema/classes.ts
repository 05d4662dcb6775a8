/**
 * The classes that decide where a scan runs: speeds, internet classes and plugin types.
 * The names are the truth; the numbers are MultiAV2's and appear only in the REST layer.
 */

/**
 * An engine's speed class, fastest first. A request carries the slowest class it allows, inclusive;
 * `ALL` means no cap and exists in requests only: no engine carries it.
 */
export const Speed = { ULTRA: "ULTRA", FAST: "FAST", MEDIUM: "MEDIUM", SLOW: "SLOW", ALL: "ALL" } as const;
/** One of the names of {@link Speed}. */
export type Speed = keyof typeof Speed;

/** The speeds an engine can have: every {@link Speed} but `ALL`, fastest first. */
export const EngineSpeed = { ULTRA: "ULTRA", FAST: "FAST", MEDIUM: "MEDIUM", SLOW: "SLOW" } as const;
/** One of the names of {@link EngineSpeed}. */
export type EngineSpeed = keyof typeof EngineSpeed;

/** All engine speeds, fastest first. */
export const ENGINE_SPEEDS = Object.keys(EngineSpeed) as readonly EngineSpeed[];

/** MultiAV2's number of each speed: ULTRA -1 … SLOW 2, ALL 3. */
export const SPEED_NUMBER: Readonly<Record<Speed, number>> = { ULTRA: -1, FAST: 0, MEDIUM: 1, SLOW: 2, ALL: 3 };

/** The speed with MultiAV2's number `value`, or undefined if there is none. */
export function speedOfNumber(value: number): Speed | undefined {
  return (Object.keys(SPEED_NUMBER) as Speed[]).find((speed) => SPEED_NUMBER[speed] === value);
}

/** Whether an engine of class `engine` may run when the slowest class allowed is `cap`. */
export function isWithinSpeed(engine: EngineSpeed, cap: Speed): boolean {
  return SPEED_NUMBER[engine] <= SPEED_NUMBER[cap];
}

/** Whether an engine can reach the internet while it scans. Each class has a NATS account of its own. */
export const InternetClass = { isolated: "isolated", internet: "internet" } as const;
/** One of the names of {@link InternetClass}. */
export type InternetClass = keyof typeof InternetClass;

/** Both internet classes, isolated first. */
export const INTERNET_CLASSES: readonly InternetClass[] = ["isolated", "internet"];

/** The class of an engine by its manifest's `internet` flag. */
export function internetClass(internet: boolean): InternetClass {
  return internet ? "internet" : "isolated";
}

/** The kind of an engine, by what it answers. Only AV engines take part in a scan's CLEAN verdict. */
export const PluginType = { AV: "AV", METADATA: "METADATA", INTEL: "INTEL", FILE_FORMATS: "FILE_FORMATS" } as const;
/** One of the names of {@link PluginType}. */
export type PluginType = keyof typeof PluginType;

/** MultiAV2's number of each plugin type: AV 1 … FILE_FORMATS 4. */
export const PLUGIN_TYPE_NUMBER: Readonly<Record<PluginType, number>> = { AV: 1, METADATA: 2, INTEL: 3, FILE_FORMATS: 4 };
