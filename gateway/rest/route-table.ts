import type { Endpoint } from "./endpoint.js";
import { downloadSampleBytes } from "./download-sample.js";
import { exportCsv } from "./export-csv.js";
import { getSample } from "./get-sample.js";
import { listSamples } from "./list-samples.js";
import { listScanners } from "./list-scanners.js";
import { oldReport } from "./old-report.js";
import { oldSearch } from "./old-search.js";
import { uploadSample } from "./upload-sample.js";

/** A path's endpoints by verb. A path with GET also serves HEAD. */
export interface Verbs {
  readonly GET?: Endpoint;
  readonly POST?: Endpoint;
}

/** Every path of the REST API. */
export const ROUTES: Readonly<Record<string, Verbs>> = {
  "/api/v1/sample": { GET: listSamples, POST: uploadSample },
  "/api/v1/sample/:id": { GET: getSample },
  "/api/v1/scanner": { GET: listScanners },
  "/api/upload": { POST: uploadSample },
  "/api/report": { GET: oldReport, POST: oldReport },
  "/api/search": { GET: oldSearch, POST: oldSearch },
  "/export/csv": { GET: exportCsv },
  "/samples/:sha256": { GET: downloadSampleBytes },
};
