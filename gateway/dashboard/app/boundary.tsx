import { Component, type ReactNode } from "react";
import { Problem } from "../parts/notice.tsx";

/** Keeps a fault in one screen from taking the page away. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Problem error={error} what="This screen could not be shown.">
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </Problem>
    );
  }
}
