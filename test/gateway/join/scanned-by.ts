import { until } from "../../stage/stage.js";
import { base64, shown, submit } from "../scan/submitting.js";

/** Waits until an agent has answered for a file; until its engines are known, the mesh accepts none. */
export async function untilScannedBy(url: string, agent: string): Promise<void> {
  await until(`${agent} scans a file`, async () => {
    const { scan } = await submit(url, { base64: base64(`scanned ${Math.random()}`) });
    if (!scan) return false;
    const { results } = await until("the scan is final", async () => {
      const found = await shown(url, scan.scanId);
      return found.endDate === null ? undefined : found;
    });
    return results.some((one) => one.state === "DONE" && one["agent"] === agent);
  });
}
