import { ADD_CLAMAV } from "../../../schema/add-clamav.ts";

/** How an antivirus engine joins the mesh, in the same words wherever one is missing. */
export function AddClamav() {
  return (
    <>
      To add ClamAV with its virus signatures, stop the mesh and start it with <code className="nowrap">{ADD_CLAMAV}</code>. (With
      Docker Compose, see <code>docs/run/compose.md</code>.)
    </>
  );
}
