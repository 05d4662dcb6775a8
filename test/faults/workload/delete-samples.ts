import { query } from "./client.js";

const DELETE = `mutation Delete($sha256: String!) {
  deleteSample(sha256: $sha256) {
    __typename
    ... on UserError { message }
  }
}`;

interface Deleted {
  readonly deleteSample: { readonly __typename: string; readonly message?: string };
}

/** Deletes samples with all their scans. Throws if one that is there stays. */
export async function deleteSamples(gateway: string, samples: readonly string[]): Promise<void> {
  for (const sha256 of samples) {
    const { deleteSample: answer } = await query<Deleted>(gateway, DELETE, { sha256 });
    if (answer.__typename === "DeleteSampleSuccess" || answer.__typename === "UnknownSample") continue;
    throw new Error(`${sha256} was not deleted: ${answer.message}`);
  }
}
