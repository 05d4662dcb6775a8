import { Component, type ReactNode } from "react";
import { Problem } from "../parts/notice.tsx";
import { isMissingFile } from "./new-files.ts";

const FILES_GONE =
  "The file of this screen could not be loaded: the gateway is away, or its pages were built anew while it ran. " +
  "Load the page again; if that does not help, restart the gateway.";

/** Keeps a fault in one screen from taking the page away. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const isMissing = isMissingFile(error);
    return (
      <Problem error={isMissing ? undefined : error} what={isMissing ? FILES_GONE : "This screen could not be shown."}>
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </Problem>
    );
  }
}
