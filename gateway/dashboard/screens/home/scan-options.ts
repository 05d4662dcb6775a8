import type { SubmitScanInput } from "../../generated/submit.ts";

/** What a person chooses for scans. */
export type ScanOptions = Pick<SubmitScanInput, "speed" | "internet" | "engines">;
