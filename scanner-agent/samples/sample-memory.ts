/** How much of samples an agent keeps in memory, in bytes. */
export interface SampleMemoryLimits {
  /** The largest sample that is kept there. */
  readonly largest: number;
  /** All of them together. */
  readonly total: number;
}

/** The memory for samples that are not written to files. */
export interface SampleMemory {
  /** Reserves room for a sample; the returned function frees it. Undefined: the sample is too large, or others have the room. */
  take(size: number): (() => void) | undefined;
}

/** Nothing is taken yet. */
export function createSampleMemory({ largest, total }: SampleMemoryLimits): SampleMemory {
  let taken = 0;
  return {
    take(size) {
      if (size > largest || taken + size > total) return undefined;
      taken += size;
      return () => void (taken -= size);
    },
  };
}
