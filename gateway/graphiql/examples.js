/** The antivirus test file: harmless, and every scanner knows it. In parts, so that no scanner takes this file for it. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"].join("");

/** @param {unknown} value */
const json = (value) => JSON.stringify(value, null, 2);

/**
 * What GraphiQL opens with: a tab each.
 * @type {{ query: string, variables?: string }[]}
 */
export const EXAMPLES = [
  {
    query: `# Scans a file that comes along as base64, 128 KiB at most. Here it is EICAR, the antivirus test file.
# Where keys are asked for, write yours into the headers below: {"Authorization": "Bearer sm_…"}
mutation Submit {
  submitScan(input: { base64: "${btoa(EICAR)}", name: "eicar.com", speed: ALL }) {
    ... on SubmitScanSuccess {
      scan { scanId verdict total }
    }
    ... on UserError { code message path }
  }
}
`,
  },
  {
    query: `# The scan as it is, then each change, until it is final. Write the scanId of yours into the variables.
subscription Watch($id: SafeInt!) {
  scanUpdated(id: $id) {
    revision verdict done total detections endDate
    results { engine state verdict signature error durationMs }
    skipped { engine reason }
  }
}
`,
    variables: json({ id: 1 }),
  },
  {
    query: `# Every scan of the mesh as it is accepted and when it is final.
subscription Feed {
  scanFeed {
    cursor
    scans { scanId name verdict done total sample { sha256 mime size } }
  }
}
`,
  },
  {
    query: `# A page of scans; its endCursor is the after of the next.
query Scans($filter: ScanFilter, $first: Int!, $after: String) {
  scans(filter: $filter, first: $first, after: $after) {
    nodes {
      scanId name startDate verdict detections total
      sample { sha256 mime size }
      results { engine state verdict signature }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: json({ filter: { verdicts: ["INFECTED", "SUSPICIOUS"] }, first: 10 }),
  },
  {
    query: `# Which engines would take part in such a scan, how long it would wait for them, and why the others would not.
query Plan($input: PlanScanInput!) {
  planScan(input: $input) {
    acceptable estimatedWaitMs
    engines { engine { name type speed } agents slots estimatedWaitMs }
    skipped { engine reason }
  }
}
`,
    variables: json({ input: { speed: "FAST", internet: false } }),
  },
  {
    query: `# Engines, agents and queues.
query Fleet {
  engines { name type speed internet available enabled versions { engine signatures signatureDate } }
  agents { id host state class engines { name healthy reason slots } }
  queues { engine { name } waiting running redelivered dead estimatedWaitMs }
}
`,
  },
  {
    query: `# A place for a sample of any size: send its bytes to the url with one PUT, then submit the scan with the id as uploadId.
mutation Upload {
  createUpload { id url expiresAt }
}
`,
  },
];
